"""The report that a study was read with: a DICOM object beside its images."""

from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.data.dicom.files import DicomFile, dicom_files, read_header
from medsegr.data.dicom.header import text
from medsegr.data.dicom.report import has_words, read_dicom_report
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ImageError, MedsegrError, MissingExtraError, ReportError

if TYPE_CHECKING:
    from pydicom import Dataset

MAKER = "medsegr"
"""The manufacturer that our own objects state; what we wrote is no report that a study was read with."""

PDF = "1.2.840.10008.5.1.4.1.1.104.1"
"""SOP class of a PDF in DICOM."""

STRUCTURED = "1.2.840.10008.5.1.4.1.1.88."
"""What the SOP classes of all structured reports begin with, those of doses and key images among them."""

REPORTS = (*(f"{STRUCTURED}{end}" for end in (11, 22, 33, 34)), PDF)
"""SOP classes of reports: Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR; a PDF in DICOM."""


def study_reports(path: Path, studies: Container[str]) -> tuple[dict[str, str], list[MedsegrError]]:
    """The reports of some studies, where they lie among their images.

    Of a study's reports those of ours are left out. Those with words go before those of codes and measurements alone,
    such as a viewer keeps; of several, the newest is taken.

    Args:
        path: A file, folder, archive or DICOMDIR.
        studies: StudyInstanceUIDs.

    Returns:
        StudyInstanceUID -> report; and why others cannot be read, an ImageError for files of which nobody knows what
        they are.

    Raises:
        ImageError: The archive or DICOMDIR is damaged.
    """
    reports: dict[str, str] = {}
    unread: list[MedsegrError] = []
    ranked, damaged = _ranked(path)
    if damaged:
        count = "1 file" if len(damaged) == 1 else f"{len(damaged)} files"
        unread.append(ImageError(f"{count} could not be read; a report may be among them."))
    for study, (*_, file) in ranked.items():
        if study in studies:
            try:
                reports[study] = read_dicom_report(file)
            except (ReportError, MissingExtraError) as error:
                unread.append(error)
    return reports, unread


@archives_kept_open()
def _ranked(path: Path) -> tuple[dict[str, tuple[bool, str, DicomFile]], list[ImageError]]:
    """StudyInstanceUID -> its report, behind whether it has words, and its moment; and what is wrong with files."""
    found: dict[str, tuple[bool, str, DicomFile]] = {}
    damaged: list[ImageError] = []
    for file in dicom_files(path):
        try:
            header = read_header(file)
            if header is not None and text(header, "SOPClassUID") in REPORTS and text(header, "Manufacturer") != MAKER:
                study = text(header, "StudyInstanceUID")
                if not study:
                    raise ImageError(f"{file.name} does not say of which study it is. Export it again.")
                worded = text(header, "SOPClassUID") == PDF or has_words(header)
                ranked = (worded, _moment(header), file)
                found[study] = max(found.get(study, ranked), ranked)
        except ImageError as error:
            damaged.append(error)
    return found, damaged


def only_documents(folder: Path) -> bool:
    """Whether a folder's DICOM files are structured reports and PDFs alone, as where each series has its own folder.

    Raises:
        ImageError: A file is damaged.
    """
    headers = [header for file in dicom_files(folder) if (header := read_header(file)) is not None]
    kinds = {text(header, "SOPClassUID") for header in headers}
    return bool(kinds) and all(kind == PDF or kind.startswith(STRUCTURED) for kind in kinds)


def report_of(folder: Path) -> str | None:
    """The report of a folder, of whatever study, chosen as :func:`study_reports` does; None where there is none.

    Raises:
        ImageError: A file is damaged.
        ReportError: The report is damaged or cut off, or holds no text.
        MissingExtraError: It is a PDF, and pypdf is not installed.
    """
    ranked, damaged = _ranked(folder)
    if damaged:
        raise damaged[0]
    found = max(ranked.values(), default=None)
    if found is None:
        return None
    try:
        return read_dicom_report(found[-1])
    except ReportError as error:
        raise ReportError(f"The study's report cannot be used: {error}") from error


def _moment(header: "Dataset") -> str:
    """When a report was written; the study's own moment where it does not say."""
    kind = next((kind for kind in ("Content", "Series", "Study") if text(header, f"{kind}Date")), "Content")
    return text(header, f"{kind}Date") + text(header, f"{kind}Time")
