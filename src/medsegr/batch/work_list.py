"""The work list of a run: studies from pictures, folders, archives and tables, made while it is walked through."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medsegr.batch.archive import is_archive, members
from medsegr.batch.dicom_parts import STACK, Part, dicom_parts, holds_dicom
from medsegr.batch.report_rows import read_reports, reports_of
from medsegr.batch.study import CaseNames, Study
from medsegr.batch.study_table import Row, count_rows, is_table, read_rows
from medsegr.data.dicom.study_report import only_documents, study_reports
from medsegr.data.given_name import LONGEST, may_be_report
from medsegr.data.image import IMAGE_SUFFIXES, existing_file
from medsegr.data.itk_image import ITK_SUFFIXES
from medsegr.data.report_file import read_report
from medsegr.errors import ConfigError, ImageError, ReportError

TAKEN = (*IMAGE_SUFFIXES, *ITK_SUFFIXES, ".hdr")
"""Suffixes of the pictures and volumes that are taken from folders."""


@dataclass(frozen=True)
class WorkList:
    """Studies in their order; every walk gives the same.

    Attributes:
        parts: Pictures and tables of studies.
        count: How many studies.
        notes: On the reports, for the user; without a word of them.
        nameless: Cases are numbered, for names of files may name patients.
    """

    parts: tuple[Part, ...]
    count: int
    notes: tuple[str, ...] = ()
    nameless: bool = False

    def __len__(self) -> int:
        return self.count

    @property
    def asks_nothing(self) -> bool:
        """Whether no study has a report, as far as can be told before tables are read."""
        return all(part.report is None and not is_table(part.path) for part in self.parts)

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
        for part in self.parts:
            if _is_table(part):
                yield from (_study_of(row, part.path, part.report) for row in read_rows(part.path))
            else:
                study = Study("", part.path, part.report, part.member, own_report=part.own_report)
                yield replace(study, case=study.name)


def collect_studies(
    given: Sequence[Path], report: Path | None, text: str | None, table: Path | None, *, recursive: bool = False
) -> WorkList:
    """Pictures, folders, archives and tables -> one study each, with its report.

    Where none is given, DICOM images of a folder, zip archive or DICOMDIR have the report of their study that lies
    there; see :func:`medsegr.data.dicom.study_report.study_reports`.

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
    tables = [part.path for part in parts if _is_table(part)]
    count = len(parts) - len(tables) + sum(map(count_rows, tables))
    if report is not None or text is not None:
        said = read_report(report) if report is not None else text
        return WorkList(tuple(replace(part, report=said) for part in parts), count)
    if table is None:
        return _with_own_reports(given, parts, count)
    if tables:
        raise ConfigError(f"'{tables[0].name}' is a table of studies and may hold their reports; leave --reports out.")
    reports, unused = reports_of([_named(part) for part in parts], read_reports(table))
    if not any(reports):
        raise ReportError(f"No image is named in '{table}'; its column 'image' holds file names such as scan.png.")
    what = "1 row fits" if unused == 1 else f"{unused} rows fit"
    notes = (f"{what} no image that was given, in {table.name}.",) if unused else ()
    return WorkList(tuple(replace(part, report=said) for part, said in zip(parts, reports, strict=True)), count, notes)


def _with_own_reports(given: Sequence[Path], parts: Sequence[Part], count: int) -> WorkList:
    """The parts, those of DICOM studies with the reports that lie among what was given."""
    studies = {part.study_uid for part in parts} - {""}
    reports: dict[str, str] = {}
    notes = []
    for path in given if studies else ():
        try:
            found, unread = study_reports(path, studies)
        except ImageError as error:  # too many files
            notes.append(f"The studies' own reports were not looked for: {error}")
            continue
        reports |= found
        notes += [str(error) if isinstance(error, ImageError) else f"A study's own report was left out: {error}"
                  for error in unread]  # fmt: skip
    parts = [replace(part, report=reports[part.study_uid], own_report=True) if part.study_uid in reports else part
             for part in parts]  # fmt: skip
    own = sum(part.own_report for part in parts)
    told = (f"{own} of {count} images are read with the report that lies in their study.",) if own else ()
    return WorkList(tuple(parts), count, (*told, *notes))


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


def _is_table(part: Part) -> bool:
    return not part.member and is_table(part.path)


def _named(part: Part) -> Path:
    """What a row of a table of reports may call a part."""
    path, member = part.path, part.member
    return path.with_name(path.name + member) if member.startswith(STACK) else path / member


def _in_file(path: Path) -> list[Part]:
    """The pictures of an archive, or else the DICOM images of an archive or a DICOMDIR; any other file itself."""
    if is_archive(path) and path.is_file():
        packed = [Part(path, member) for member in members(path)]
        return packed or (dicom_parts(path) if path.name.lower().endswith(".zip") else [Part(path)])
    return dicom_parts(path) if path.name.upper() == "DICOMDIR" and path.is_file() else [Part(path)]


def _in_folder(folder: Path, recursive: bool) -> list[Part]:
    """Pictures of a folder, or where there are none its DICOM images; then those of the folders within it."""
    listed = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [Part(path) for path in listed if path.name.lower().endswith(TAKEN) and path.is_file()]
    if not found and holds_dicom(listed):
        return dicom_parts(folder)
    if recursive:
        inner = [path for path in listed if path.is_dir() and not os.path.islink(path)]  # noqa: PTH114
        found += [image for path in inner for image in _in_folder(path, recursive) if not _without_image(image)]
    return found


def _without_image(part: Part) -> bool:
    """Whether it is the folder of a study's reports, beside those of its images; one that is damaged is kept."""
    if part.member or part.study_uid or not part.path.is_dir():
        return False
    try:
        return only_documents(part.path)
    except ImageError:
        return False
