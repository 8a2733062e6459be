"""The report that a study was read with: a DICOM object beside its images."""

from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.data.dicom.files import DicomFile, dicom_files, read_header
from medsegr.data.dicom.header import text
from medsegr.data.dicom.report import read_dicom_report
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ReportError

if TYPE_CHECKING:
    from pydicom import Dataset

MAKER = "medsegr"
"""The manufacturer that our own objects state; what we wrote is no report that a study was read with."""

REPORTS = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("88.11", "88.22", "88.33", "88.34", "104.1"))
"""SOP classes of reports in words: Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR; a PDF in DICOM."""


def list_reports(path: Path) -> dict[str, DicomFile]:
    """StudyInstanceUID -> the study's newest report that is none of ours; by headers alone.

    Args:
        path: A folder, archive or DICOMDIR.

    Raises:
        ImageError: A file is damaged.
    """
    return {study: file for study, (_, file) in _newest(path).items()}


@archives_kept_open()
def _newest(path: Path) -> dict[str, tuple[str, DicomFile]]:
    """The same, with the moment of each."""
    found: dict[str, tuple[str, DicomFile]] = {}
    for file in dicom_files(path):
        header = read_header(file)
        if header is not None and text(header, "SOPClassUID") in REPORTS and text(header, "Manufacturer") != MAKER:
            study, dated = text(header, "StudyInstanceUID"), (_moment(header), file)
            found[study] = max(found.get(study, dated), dated)
    return found


def report_of(folder: Path) -> str | None:
    """The newest report of a folder that is none of ours, whatever study it names; None where there is none.

    Raises:
        ReportError: It is damaged, or holds no text.
        MissingExtraError: It is a PDF, and pypdf is not installed.
    """
    found = max(_newest(folder).values(), default=None)
    if found is None:
        return None
    try:
        return read_dicom_report(found[1])
    except ReportError as error:
        raise ReportError(f"The study's report cannot be used: {error}") from error


def _moment(header: "Dataset") -> str:
    """When a report was written; the study's own moment where it does not say."""
    kind = next((kind for kind in ("Content", "Series", "Study") if text(header, f"{kind}Date")), "Content")
    return text(header, f"{kind}Date") + text(header, f"{kind}Time")
