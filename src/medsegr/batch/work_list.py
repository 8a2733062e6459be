"""The work list of a run: studies from pictures, folders, archives and tables, made while it is walked through."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medsegr.batch.archive import is_archive, members
from medsegr.batch.dicom_parts import STACK, dicom_parts, holds_dicom
from medsegr.batch.report_rows import read_reports, reports_of
from medsegr.batch.study import CaseNames, Study
from medsegr.batch.study_table import Row, count_rows, is_table, read_rows
from medsegr.data.given_name import LONGEST, may_be_report
from medsegr.data.image import IMAGE_SUFFIXES, existing_file
from medsegr.data.itk_image import ITK_SUFFIXES
from medsegr.data.report_file import read_report
from medsegr.errors import ConfigError, ImageError, ReportError

TAKEN = (*IMAGE_SUFFIXES, *ITK_SUFFIXES, ".hdr")
"""Suffixes of the pictures and volumes that are taken from folders."""

Part = tuple[Path, str]
"""A file or folder, with the member of an archive, or ``#`` and the number of a DICOM image, or nothing."""


@dataclass(frozen=True)
class WorkList:
    """Studies in their order; every walk gives the same.

    Attributes:
        parts: A picture, a folder of a study, a member of an archive (archive and name), or a table of studies.
        reports: The report of each part, or None; of tables, for rows without one.
        unused: How many rows of a table of reports fit no image.
        count: How many studies.
        nameless: Cases are numbered, for names of files may name patients.
    """

    parts: tuple[Part, ...]
    reports: tuple[str | None, ...]
    unused: int
    count: int
    nameless: bool = False

    def __len__(self) -> int:
        return self.count

    @property
    def asks_nothing(self) -> bool:
        """Whether no study has a report, as far as can be told before tables are read."""
        return all(report is None for report in self.reports) and not any(is_table(path) for path, _ in self.parts)

    @property
    def repeats(self) -> bool:
        """Whether a picture comes twice, for several reports."""
        seen = Counter((study.image, study.member, study.address) for study in self._studies() if not study.problem)
        return any(count > 1 for count in seen.values())

    def __iter__(self) -> Iterator[Study]:
        names = CaseNames()
        for number, study in enumerate(self._studies()):
            name = f"case-{number + 1:06d}" if self.nameless else study.case
            yield replace(study, case=names.next(name), number=number)

    def _studies(self) -> Iterator[Study]:
        for (path, member), report in zip(self.parts, self.reports, strict=True):
            if not member and is_table(path):
                yield from (_study_of(row, path, report) for row in read_rows(path))
            else:
                study = Study("", path, report, member)
                yield replace(study, case=study.name)


def collect_studies(
    given: Sequence[Path], report: Path | None, text: str | None, table: Path | None, *, recursive: bool = False
) -> WorkList:
    """Pictures, folders, archives and tables -> one study each, with its report.

    Args:
        given: Files; folders, whose pictures and volumes are taken in order of name, hidden ones left out; zip and
            tar archives of pictures; and tables of studies (see ``study_table.py``).
        report: A text file for all images.
        text: A report for all images.
        table: A CSV file with columns ``image`` and ``report``; see :func:`reports_of`.
        recursive: Also folders within folders.

    Raises:
        ConfigError: More than one source of reports.
        ImageError: A folder without images, or no file of that name.
        ReportError: The report or a table cannot be used.
    """
    if sum(source is not None for source in (report, text, table)) > 1:
        raise ConfigError("Give reports in one way only: --report FILE, --text TEXT, or --reports CSV.")
    parts = [part for path in given for part in _expand(path, recursive)]
    tables = [path for path, member in parts if not member and is_table(path)]
    count = len(parts) - len(tables) + sum(map(count_rows, tables))
    if table is None:
        said = read_report(report) if report is not None else text
        return WorkList(tuple(parts), (said,) * len(parts), 0, count)
    if tables:
        raise ConfigError(f"'{tables[0].name}' is a table of studies and may hold their reports; leave --reports out.")
    reports, unused = reports_of([_named(*part) for part in parts], read_reports(table))
    if not any(reports):
        raise ReportError(f"No image is named in '{table}'; its column 'image' holds file names such as scan.png.")
    return WorkList(tuple(parts), tuple(reports), unused, count)


def _study_of(row: Row, table: Path, report: str | None) -> Study:
    if row.problem:
        return Study(f"row-{row.number}", table, problem=row.problem)
    address = row.image if "://" in row.image else ""
    path = Path(row.image) if address else table.parent / row.image
    if may_be_report(path) and not (address and len(path.name) <= LONGEST):
        told = (
            f"Row {row.number} of {table.name} names no file that exists (it is not repeated, for it may be a report)."
        )
        return Study(f"row-{row.number}", table, problem=told)
    study = Study("", path, report if row.report is None else row.report, address=address)
    return replace(study, case=row.case or study.name, targets=row.targets, modality=row.modality)


def _expand(given: Path, recursive: bool) -> list[Part]:
    if may_be_report(given):
        existing_file(given)  # refuses it without a word of it, before a case is named after it
    try:
        if not given.is_dir():
            return _in_file(given)
        found = _in_folder(given, recursive)
    except OSError as error:
        raise ImageError(f"'{given}' cannot be read ({error.strerror}). Check permissions.") from error
    if not found:
        deeper = "" if recursive else " Folders within it are read with --recursive."
        raise ImageError(
            f"Folder '{given}' holds no image. Expected files ending in {', '.join(IMAGE_SUFFIXES)}.{deeper}"
        )
    return found


def _named(path: Path, member: str) -> Path:
    """What a row of a table of reports may call a part."""
    return path.with_name(path.name + member) if member.startswith(STACK) else path / member


def _in_file(path: Path) -> list[Part]:
    """The pictures of an archive, or else the DICOM images of an archive or a DICOMDIR; any other file itself."""
    if is_archive(path) and path.is_file():
        packed = [(path, member) for member in members(path)]
        return packed or (dicom_parts(path) if path.name.lower().endswith(".zip") else [(path, "")])
    return dicom_parts(path) if path.name.upper() == "DICOMDIR" and path.is_file() else [(path, "")]


def _in_folder(folder: Path, recursive: bool) -> list[Part]:
    """Pictures of a folder, or where there are none its DICOM images; then those of the folders within it."""
    listed = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [(path, "") for path in listed if path.name.lower().endswith(TAKEN) and path.is_file()]
    if not found and holds_dicom(listed):
        return dicom_parts(folder)
    if recursive:
        inner = [path for path in listed if path.is_dir() and not os.path.islink(path)]  # noqa: PTH114
        found += [image for path in inner for image in _in_folder(path, recursive)]
    return found
