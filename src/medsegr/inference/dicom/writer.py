"""The DICOM files of a case: ``segmentation.dcm`` and ``report.dcm``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.data.dicom.quiet_libraries import highdicom
from medsegr.data.outputs import atomic_write
from medsegr.errors import MedsegrError, OutputError
from medsegr.inference.dicom.case import DicomCase

if TYPE_CHECKING:
    from pydicom import Dataset

SEGMENTATION, REPORT = "segmentation.dcm", "report.dcm"


@dataclass(frozen=True)
class DicomFiles:
    """What was written.

    Attributes:
        segmentation: Name of the file; None where no finding has a mask.
        report: Name of the structured report.
        segments: Finding's id -> number of its segment, from 1.
    """

    segmentation: str | None
    report: str
    segments: dict[str, int]


def write_dicom(folder: Path, case: DicomCase) -> DicomFiles:
    """Write the segmentation and the structured report of a case into an existing folder.

    Raises:
        MissingExtraError: highdicom is not installed.
        OutputError: The place is not writable, or no DICOM object can be made for such images.
    """
    highdicom("Writing DICOM results")
    from medsegr.inference.dicom.segmentation import segmentation
    from medsegr.inference.dicom.structured_report import structured_report

    with _in_our_words():
        segments = segmentation(case) if case.outlined else None
        report = structured_report(case, segments)
        if segments is not None:
            _save(folder / SEGMENTATION, segments)
        _save(folder / REPORT, report)
    numbers = {found.id: number for number, found in enumerate(case.outlined, 1)}
    return DicomFiles(None if segments is None else SEGMENTATION, REPORT, numbers)


def _save(path: Path, made: "Dataset") -> None:
    with atomic_write(path) as temporary:
        made.save_as(temporary)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Turn what highdicom and pydicom raise about odd headers into one error, without a word of the patient."""
    try:
        yield
    except (MedsegrError, OSError, MemoryError):
        raise
    except Exception as error:
        raise OutputError(
            f"No DICOM result can be made for this series ({type(error).__name__}): its headers lack something, or say "
            "it in a way that DICOM does not allow. Write NIfTI or PNG masks instead: --masks separate."
        ) from error
