#!/usr/bin/env bash
# highdicom cannot refer to a segmentation of its own making that has one segment, nor take back its own volume.
#
# Versions: highdicom 0.28.2, pydicom 3.0.2.
# Seen: with one segment, `Segmentation` writes its number once, into the shared functional groups (as DICOM allows);
# `ReferencedSegment.from_segmentation` and `ReferencedSegmentationFrame.from_segmentation` look for it frame by frame:
# AttributeError "no attribute 'SegmentIdentificationSequence'". With two segments both work. And the volume that
# `get_volume()` gives has the channel ReferencedSegmentNumber, where `Segmentation(pixel_array=volume)` takes
# SegmentNumber alone: ValueError.
# So: refer by hand, ReferencedSegment(sop_class_uid, sop_instance_uid, 1, ...); look for the number in both groups;
# make a new Volume with channels={"SegmentNumber": [...]} to write one that was read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2 "numpy<3"
"$folder/venv/bin/python" - <<'PY'
import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

STUDY, SERIES, SPACE = generate_uid(), generate_uid(), generate_uid()
EMPTY = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
         "StudyTime", "ReferringPhysicianName", "PositionReferenceIndicator")


def ct(k):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = STUDY, SERIES, SPACE
    for keyword in EMPTY:
        setattr(made, keyword, "")
    made.Modality, made.SeriesNumber, made.InstanceNumber = "CT", 1, k + 1
    made.Rows, made.Columns, made.PixelSpacing, made.SliceThickness = 8, 10, [1, 1], 2.5
    made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, 2.5 * k], [1, 0, 0, 0, 1, 0]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelData = 16, 16, 15, bytes(160)
    return made


SOURCE = [ct(k) for k in range(4)]


def segmentation(masks, count):
    told = [hd.seg.SegmentDescription(n, f"part {n}", codes.SCT.Tissue, codes.SCT.Liver, "MANUAL")
            for n in range(1, count + 1)]
    return hd.seg.Segmentation(SOURCE, masks, "BINARY", told, generate_uid(), 2, generate_uid(), 1, "m", "m", "1", "1")


masks = np.zeros((4, 8, 10, 2), np.uint8)
masks[1:3, 2:5, 2:5, 0] = masks[2:4, 3:6, 3:6, 1] = 1
two, one = segmentation(masks, 2), segmentation(masks[..., :1], 1)


def outcome(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "works"


found = {}
for name, made in (("two segments", two), ("one segment", one)):
    shared = "SegmentIdentificationSequence" in made.SharedFunctionalGroupsSequence[0]
    found[name] = (
        shared,
        outcome(lambda made=made: hd.sr.ReferencedSegment.from_segmentation(made, segment_number=1)),
        outcome(lambda made=made: hd.sr.ReferencedSegmentationFrame.from_segmentation(
            made, frame_number=[1, 2], segment_number=1)),
    )
    print(name, "- number in the shared groups:", *found[name], sep="\n  ")
read = two.get_volume()
back = outcome(lambda: segmentation(read.with_array(read.array.astype(np.uint8)), 2))
print("its own volume, written again:\n ", back)
assert found["two segments"] == (False, "works", "works"), "this has changed"
assert found["one segment"][0] and all(said.startswith("AttributeError") for said in found["one segment"][1:])
assert back.startswith("ValueError"), "this has changed"
PY
