#!/usr/bin/env bash
# SimpleITK's series reader holds a series of PET in the number type of its first slice, and rounds or wraps the others.
#
# Versions: SimpleITK 2.5.7, pydicom 3.0.2, numpy 2.3.5.
# Seen: PET has a RescaleSlope of its own in each slice. Where the first one's is a whole number (an empty slice gets
# slope 1), the volume is int16: values of a slice of slope 0.01, 0 to 40.95, come back cut to whole numbers, 12 % of
# them 10 % off or more, and those of a slice of slope 12 wrap round, 49,140 to -16,396. No error and no warning. Where
# the slice of slope 0.01 lies first, all values are right; and each file alone is right.
# So: ask all slices for their slopes before choosing a type, or set the reader's output type to float.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.3.5
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SLOPES = (1, 0.01, 12)
stored = np.arange(3 * 64 * 64, dtype=np.int16).reshape(3, 64, 64) % 4096
truth = stored * np.array(SLOPES)[:, None, None]
study, series, frame = (generate_uid() for _ in range(3))


def write(folder: Path, order: tuple[int, ...]) -> None:
    """The slices from the feet up, in this order."""
    folder.mkdir()
    for number, index in enumerate(order):
        pixels, slope = stored[index], SLOPES[index]
        meta = FileMetaDataset()
        meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, "1.2.840.10008.5.1.4.1.1.128"
        meta.MediaStorageSOPInstanceUID = generate_uid()
        made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = study, series, frame
        made.Modality, made.InstanceNumber, made.Units = "PT", number + 1, "BQML"
        made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, 3 * number], [1, 0, 0, 0, 1, 0]
        made.PixelSpacing, made.SliceThickness = [2, 2], 3
        made.Rows, made.Columns, made.SamplesPerPixel = 64, 64, 1
        made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 1
        made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
        made.RescaleSlope, made.RescaleIntercept = str(slope), "0"
        made.PixelData = pixels.tobytes()
        made.save_as(folder / f"{number}.dcm", enforce_file_format=True)


def read(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


for name, order, exact in (("whole slope first", (0, 1, 2), False), ("fraction first", (1, 0, 2), True)):
    folder = Path(sys.argv[1]) / name
    write(folder, order)
    image = read(folder)
    values = dict(zip(order, sitk.GetArrayFromImage(image), strict=True))
    ends = {SLOPES[index]: (float(values[index][-1, -1]), float(truth[index][-1, -1])) for index in order}
    print(f"{name}: {image.GetPixelIDTypeAsString()}; last pixel of each slope, read and true: {ends}")
    assert all(np.allclose(values[index], truth[index]) for index in order) is exact, "this has changed"
    if not exact:
        fine, steep = values[1], values[2]
        assert (fine == np.trunc(truth[1])).all() and steep.min() < 0, "this has changed"
        off = np.abs(fine - truth[1])[truth[1] > 0] / truth[1][truth[1] > 0]
        print(f"of the slice of slope 0.01 {(off >= 0.1).mean():.0%} are 10 % off or more")
    for number, index in enumerate(order):
        alone = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{number}.dcm")))
        assert np.allclose(alone[0], truth[index]), "this has changed"
PY
