"""The report that a study in a PACS was read with."""

from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.data.dicom.files import dicom_files, read_header
from medsegr.data.dicom.header import text
from medsegr.data.dicom.report import read_dicom_report
from medsegr.errors import ReportError
from medsegr.inference.dicom.case import MAKER

if TYPE_CHECKING:
    from pydicom import Dataset

REPORTS = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("88.11", "88.22", "88.33", "88.34", "104.1"))
"""SOP classes of reports in words: Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR; a PDF in DICOM."""


def report_of(folder: Path) -> str | None:
    """The report of a study: the newest that is none of ours; None where it has none.

    Raises:
        ReportError: It is damaged, or holds no text.
        MissingExtraError: It is a PDF, and pypdf is not installed.
    """
    found: list[tuple[str, Path]] = []
    for file in dicom_files(folder):
        header = read_header(file)
        if header is not None and text(header, "SOPClassUID") in REPORTS and text(header, "Manufacturer") != MAKER:
            found.append((_moment(header), file.path))
    if not found:
        return None
    try:
        return read_dicom_report(max(found)[1])
    except ReportError as error:
        raise ReportError(f"The study's report cannot be used: {error}") from error


def _moment(header: "Dataset") -> str:
    """When a report was written; the study's own moment where it does not say."""
    kind = next((kind for kind in ("Content", "Series", "Study") if text(header, f"{kind}Date")), "Content")
    return text(header, f"{kind}Date") + text(header, f"{kind}Time")
