"""What is dropped on the page: a phantom as DICOM with its report, and a small volume."""

from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from medsegr.data.phantoms import PhantomStudy, generate_study
from tests.data.dicom.series_maker import dataset, write

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
