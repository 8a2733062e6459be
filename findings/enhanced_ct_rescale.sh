#!/usr/bin/env bash
# Frames of an enhanced CT may each have a rescale of their own: of two readers one applies none, one the first to all.
#
# Versions: pydicom 3.0.2, SimpleITK 2.5.7, highdicom 0.28.2.
# Seen: three frames that all store 1000, with intercepts -1024, 0 and 1500 in their functional groups. The Hounsfield
# units are -24, 1000 and 2500. pydicom's apply_rescale finds no slope at the top of the header and gives 1000, 1000,
# 1000; SimpleITK gives -24, -24, -24; neither warns. highdicom is right.
# So: read PixelValueTransformationSequence frame by frame (of the frame, else of the shared groups).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pydicom==3.0.2 SimpleITK==2.5.7 highdicom==0.28.2 "numpy<3"
"$folder/venv/bin/python" - "$folder/enhanced.dcm" <<'PY'
import sys

import highdicom as hd
import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_rescale
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

path = sys.argv[1]


def item(**fields):
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


made = Dataset()
made.file_meta = FileMetaDataset()
made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = (generate_uid() for _ in range(3))
made.PatientName = made.PatientID = ""
made.Modality, made.ImageType = "CT", ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
made.Rows, made.Columns, made.NumberOfFrames = 16, 20, 3
made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
made.PixelData = np.full((3, 16, 20), 1000, np.uint16).tobytes()
made.SharedFunctionalGroupsSequence = [item(
    PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    PixelMeasuresSequence=[item(PixelSpacing=[1, 1], SliceThickness=2.5)])]
made.PerFrameFunctionalGroupsSequence = [item(
    FrameContentSequence=[item(StackID="1", InStackPositionNumber=k + 1)],
    PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 2.5 * k])],
    PixelValueTransformationSequence=[item(RescaleSlope=1, RescaleIntercept=shift, RescaleType="HU")])
    for k, shift in enumerate((-1024, 0, 1500))]
made.save_as(path, enforce_file_format=True)

read = pydicom.dcmread(path)
frames = hd.imread(path).get_frames(apply_real_world_transform=False, apply_modality_transform=True)
seen = {
    "pydicom apply_rescale": [int(frame[0, 0]) for frame in apply_rescale(read.pixel_array, read)],
    "SimpleITK": [int(frame[0, 0]) for frame in sitk.GetArrayFromImage(sitk.ReadImage(path))],
    "highdicom": [int(frame[0, 0]) for frame in frames],
}
for name, values in seen.items():
    print(f"{name}: {values}")
assert seen["pydicom apply_rescale"] == [1000, 1000, 1000], "this has changed"
assert seen["SimpleITK"] == [-24, -24, -24] and seen["highdicom"] == [-24, 1000, 2500], "this has changed"
PY
