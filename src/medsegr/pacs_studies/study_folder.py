"""What a study from a PACS holds: its images, and the report that it was read with."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medsegr.batch.dicom_parts import dicom_parts
from medsegr.batch.work_list import WorkList
from medsegr.data.dicom.study_report import report_of
from medsegr.errors import PacsError
from medsegr.inference.dicom.writer import REPORT, SEGMENTATION


def work_of(folder: Path, report: str | None) -> WorkList:
    """Every image of a study's instances, with one report: the given one, or else the study's own.

    Raises:
        PacsError: The study has no instances.
        ReportError: Its report is damaged.
    """
    if not any(folder.iterdir()):
        raise PacsError("The study has no image that could be fetched. 'medsegr pacs find --series' lists what it has.")
    said = report_of(folder) if report is None else report
    own = report is None and said is not None
    parts = tuple(replace(part, report=said, own_report=own) for part in dicom_parts(folder))
    return WorkList(parts, len(parts))


def made_files(out: Path, cases: Sequence[str]) -> list[Path]:
    """The DICOM objects of cases, segmentations first: a report refers to its own."""
    return [path for name in (SEGMENTATION, REPORT) for case in cases if (path := out / case / name).exists()]
