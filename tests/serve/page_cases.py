"""What is dropped on the page: a phantom as DICOM with its report, and a small volume."""

from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from medsegr.data.phantoms import PhantomStudy, generate_study
from tests.data.dicom.series_maker import AXIAL, dataset, write, write_series

STUDY_SIDE = 256

RADIOGRAPH = "1.2.840.10008.5.1.4.1.1.1"


def phantom() -> PhantomStudy:
    """A radiograph with two overlapping findings on the left, and others like them on the right."""
    return generate_study(7, 5, "xray", "overlap")


def write_study(folder: Path, study: PhantomStudy, suffix: str = ".dcm") -> tuple[Path, Path]:
    """The picture, as DICOM or PNG, and the report's text."""
    picture, report = folder / f"study{suffix}", folder / "report.txt"
    report.write_text(study.report, encoding="utf-8")
    if suffix == ".dcm":
        write(picture, dataset(study.image, RADIOGRAPH, Modality="CR"))
    else:
        Image.fromarray(study.image).save(picture)
    return picture, report


def write_volume(folder: Path) -> np.ndarray:
    """A CT of six slices as a DICOM series in ``folder/volume``, and its report; the values, slice by slice."""
    values = np.random.default_rng(0).integers(-1000, 1000, (6, 48, 64)).astype(np.int16)
    write_series(folder / "volume", values, AXIAL, StudyDescription="chest")
    (folder / "volume" / "report.txt").write_text("CT of the chest. Nodule in the left upper lobe.", encoding="utf-8")
    return values


SLICES, TALL, WIDE = 6, 48, 64
BLOCK = (slice(1, 3), slice(6, 18), slice(40, 56))
"""Slices, rows and columns of what is bright in the volume; nowhere is it in the middle."""

VOLUME_REPORT = "CT of the chest. Nodule in the left upper lobe. No effusion."


def lopsided_volume() -> np.ndarray:
    """(slices, rows, columns) in Hounsfield units, as displayed."""
    values = np.random.default_rng(1).integers(-950, -900, (SLICES, TALL, WIDE)).astype(np.int16)
    values[BLOCK] = 580
    return values


def write_nifti_volume(folder: Path) -> list[Path]:
    """The same as a NIfTI file and its report."""
    stored = lopsided_volume().transpose(2, 1, 0)[:, ::-1]  # columns to the left, rows from the back
    affine = np.array([[-0.7, 0, 0, 20], [0, 0.9, 0, -30], [0, 0, 2.5, -40], [0, 0, 0, 1]], float)
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(stored), affine), folder / "scan.nii.gz")
    return [folder / "scan.nii.gz", _report(folder)]


def write_study_of_two(folder: Path) -> list[Path]:
    """The same as a DICOM series, a smaller one of the same study, and the report."""
    large = lopsided_volume()
    made = write_series(folder / "large", large, AXIAL, SeriesDescription="thin")
    made += write_series(folder / "small", large[:3, :32, 24:], AXIAL, SeriesNumber=2, SeriesDescription="short")
    kept = []
    for number, path in enumerate(made):  # a browser drops one folder's files at a time
        kept.append(path.rename(folder / f"{number:02}.dcm"))
    return [*kept, _report(folder)]


def _report(folder: Path) -> Path:
    (folder / "report.txt").write_text(VOLUME_REPORT, encoding="utf-8")
    return folder / "report.txt"


def write_ct_study(folder: Path) -> list[Path]:
    """A generated CT as a volume, shown in three of six slices, a smaller series beside it, and its report."""
    study = generate_study(3, 1, "ct", "place")
    shown = (study.image.astype(np.int32) * 400 // 255 - 160).astype(np.int16)
    empty = np.where(shown > -160, 0, shown).astype(np.int16)
    volume = np.stack([empty, shown, shown, shown, empty, empty])
    made = write_series(folder / "ct", volume, AXIAL, SeriesDescription="portal venous", spacing=(1.4, 1.4))
    small = np.ascontiguousarray(volume[:3, ::2, ::2])
    made += write_series(folder / "preview", small, AXIAL, SeriesNumber=2, SeriesDescription="preview",
                         spacing=(2.8, 2.8))  # fmt: skip
    files = [path.rename(folder / f"ct{number:02}.dcm") for number, path in enumerate(made)]
    (folder / "ct.txt").write_text(f"CT of the abdomen. {study.report}", encoding="utf-8")
    return [*files, folder / "ct.txt"]
