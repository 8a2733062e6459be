"""DICOM files as scanners write them, small and lopsided, made with pydicom."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason='needs pip install "medsegr[dicom]"')

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset  # noqa: E402
from pydicom.uid import UID, ExplicitVRLittleEndian  # noqa: E402

ROOT = "1.2.826.0.1.3680043.8.498."
CT, MR, CR = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2", "4", "1"))
ENHANCED_CT, US_MULTI, SECONDARY = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2.1", "3.1", "7"))
AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)
PLANTED = "Zyxwvut^Quorra"


def uid(*parts: object) -> str:
    """A UID that is the same for the same parts."""
    return ROOT + ".".join(str(abs(int(part))) for part in parts)


def lopsided(shape: Sequence[int], top: int = 1000, seed: int = 0) -> np.ndarray:
    """(slices, rows, columns) noise, with one bright voxel that lies in no symmetric place."""
    volume = np.random.default_rng(seed).integers(0, top // 4, shape)
    volume[tuple(length // 5 for length in shape)] = top
    return volume


def dataset(pixels: np.ndarray, sop_class: str = CT, instance: int = 1, **values: Any) -> FileDataset:
    """One file: (H, W), (H, W, 3), or with frames first; what ``values`` says replaces what stands here."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    found.SOPClassUID, found.SOPInstanceUID = sop_class, uid(9, values.get("SeriesNumber", 1), instance)
    meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    found.PatientName, found.PatientID, found.PatientBirthDate = PLANTED, "ZQ-123456", "19110203"
    found.StudyInstanceUID, found.SeriesInstanceUID = uid(1), uid(2, values.get("SeriesNumber", 1))
    found.FrameOfReferenceUID = uid(3)
    found.Modality = {CT: "CT", MR: "MR", CR: "CR", ENHANCED_CT: "CT", US_MULTI: "US"}.get(sop_class, "OT")
    found.SeriesNumber, found.InstanceNumber = 1, instance
    colours = pixels.ndim > 2 and pixels.shape[-1] == 3
    found.Rows, found.Columns = pixels.shape[-3:-1] if colours else pixels.shape[-2:]
    found.SamplesPerPixel, found.PhotometricInterpretation = (3, "RGB") if colours else (1, "MONOCHROME2")
    if colours:
        found.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    found.BitsAllocated, found.BitsStored, found.HighBit = bits, bits, bits - 1
    found.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim - colours == 3:
        found.NumberOfFrames = pixels.shape[0]
    content = pixels.tobytes()
    found.PixelData = content + b"\0" * (len(content) % 2)
    found["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def item(**values: Any) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def functional_groups(origins: Sequence[Sequence[float]], directions: Sequence[float] = AXIAL,
                      step: tuple[float, float] = (0.8, 0.6), **shared: Any) -> dict[str, list[Dataset]]:  # fmt: skip
    """What an enhanced object says of frames with these origins (LPS mm), and what else it says of all."""
    said = {"PixelMeasuresSequence": [item(PixelSpacing=list(step))],
            "PlaneOrientationSequence": [item(ImageOrientationPatient=list(directions))], **shared}  # fmt: skip
    frames = [item(PlanePositionSequence=[item(ImagePositionPatient=[float(v) for v in place])]) for place in origins]
    return {"SharedFunctionalGroupsSequence": [item(**said)], "PerFrameFunctionalGroupsSequence": frames}


def write(path: Path, made: Dataset) -> Path:
    """Write a data set as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    volume: np.ndarray,
    directions: Sequence[float] = AXIAL,
    origin: Sequence[float] = (-30.0, 20.0, -50.0),
    step: Sequence[float] | None = None,
    spacing: tuple[float, float] = (0.8, 0.6),
    **values: Any,
) -> list[Path]:
    """One file for each slice of (slices, rows, columns), stored in an order that is not theirs in space.

    Args:
        folder: Made if missing.
        volume: In its own type.
        directions: ImageOrientationPatient.
        origin: LPS mm of the first voxel of the first slice.
        step: LPS mm from slice to slice; 2.5 mm along the normal by default.
        spacing: Down a column and along a row, mm.
        values: Of the header; ``first``: number of the first instance.
    """
    row, column = np.array(directions, float).reshape(2, 3)
    along = np.cross(row, column) * 2.5 if step is None else np.asarray(step, float)
    paths, begins = [], values.pop("first", 1)
    for index, pixels in enumerate(volume):
        place = np.asarray(origin, float) + index * along
        made = dataset(pixels, instance=begins + index, **{"PixelSpacing": list(spacing), **values})
        made.ImagePositionPatient = [f"{value:.6f}"[:16] for value in place]
        made.ImageOrientationPatient = [f"{value:.8f}"[:16] for value in (*row, *column)]
        series = values.get("SeriesNumber", 1)
        paths.append(write(folder / f"{(index * 7 + 3) % 97:02d}-{series}-{begins + index}.dcm", made))
    return paths


def stated_affine(directions: Sequence[float], origin: Sequence[float], step: Sequence[float],
                  spacing: tuple[float, float]) -> np.ndarray:  # fmt: skip
    """(4, 4), (column, row, slice) -> LPS mm, as DICOM PS3.3 C.7.6.2.1.1 says."""
    row, column = np.array(directions, float).reshape(2, 3)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = row * spacing[1], column * spacing[0]
    affine[:3, 2], affine[:3, 3] = step, origin
    return affine
