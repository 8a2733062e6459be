"""What is dropped on the page: a phantom as DICOM with its report, and a small volume."""

from pathlib import Path

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
