"""Which images with which reports: the work list of ``medsegr segment``."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsegr.cli.console import messages
from medsegr.data.file_names import image_stem, shown_name
from medsegr.data.given_name import may_be_report
from medsegr.data.image import IMAGE_SUFFIXES, existing_file
from medsegr.data.report_file import read_report
from medsegr.data.split import composed, read_table
from medsegr.errors import ConfigError, ImageError, ReportError

RESERVED = ("run.json",)
"""Names among the results that no case may take."""


@dataclass(frozen=True)
class Study:
    """One image to segment.

    Attributes:
        case: Name of its folder among the results.
        image: Path.
        report: Text, or None.
    """

    case: str
    image: Path
    report: str | None = None


def collect_studies(images: Sequence[Path], report: Path | None, text: str | None, table: Path | None) -> list[Study]:
    """Images and folders -> one study per image, with its report.

    Args:
        images: Files, and folders whose pictures and volumes are taken in order of name, hidden ones left out.
        report: A text file for all images.
        text: A report for all images.
        table: A CSV file with columns ``image`` and ``report``; see :func:`reports_of`.

    Raises:
        ConfigError: More than one source of reports.
        ImageError: A folder without images, or no file of that name.
        ReportError: The report or the table cannot be used.
    """
    if sum(source is not None for source in (report, text, table)) > 1:
        raise ConfigError("Give reports in one way only: --report FILE, --text TEXT, or --reports CSV.")
    paths = [path for given in images for path in _expand(given)]
    if table is not None:
        reports, strange = reports_of(paths, read_reports(table))
        if not any(reports):
            raise ReportError(f"No image is named in '{table}'; its column 'image' holds file names such as scan.png.")
        if strange:
            what = "1 row fits" if strange == 1 else f"{strange} rows fit"
            messages().print(f"Note: {what} no image that was given, in {table.name}.")
    else:
        reports = [read_report(report) if report is not None else text] * len(paths)
    return [Study(*each) for each in zip(case_names(paths), paths, reports, strict=True)]


def case_names(paths: Sequence[Path]) -> list[str]:
    """Folder names, unique: ``scan``, ``scan-2``."""
    taken = set(RESERVED)
    tries: Counter[str] = Counter()
    names = []
    for path in paths:
        stem = name = re.sub(r"[^\w.-]+", "_", image_stem(path.name)).strip(".") or "case"
        while name.lower() in taken:
            tries[stem.lower()] += 1
            name = f"{stem}-{tries[stem.lower()] + 1}"
        taken.add(name.lower())
        names.append(name)
    return names


def read_reports(path: Path) -> dict[str, str]:
    """A CSV file with columns ``image`` and ``report`` as a dict.

    Raises:
        ReportError: Unreadable, without these columns, or with an image named twice.
    """
    if may_be_report(path):
        raise ReportError("The table of reports that was given does not exist. To give a report's text, use --text.")
    rows, complaints = read_table(path, ("image", "report"))
    places = Counter(_parts(name) for name, _ in rows)
    twice = [name for name, _ in rows if places[_parts(name)] > 1]
    complaints += [f"{shown_name(twice[0])} is named more than once"] if twice else []
    if complaints or not rows:
        raise ReportError(f"'{path}' cannot be used: {complaints[0] if complaints else 'it has no rows'}.")
    return dict(rows)


def reports_of(paths: Sequence[Path], reports: Mapping[str, str]) -> tuple[list[str | None], int]:
    """The report of each image, or None; and how many rows fit no image.

    A row names an image by its file name, with or without its suffix, and with as many of the folders above it
    as tell it from others: ``scan.png``, ``scan``, ``patient_1/scan.png``. Of several rows that fit, the one
    with the most folders counts. Letters may be composed in the table otherwise than in the file's name.

    Args:
        paths: The images.
        reports: Name in the table -> report.

    Raises:
        ReportError: One row fits several images, or two rows one image, with and without its suffix.
    """
    rows = {_parts(name): text for name, text in reports.items()}
    users: defaultdict[tuple[str, ...], list[Path]] = defaultdict(list)
    fitting = [[name for name in _names(path) if name in rows] for path in paths]
    for path, fits in zip(paths, fitting, strict=True):
        for row in fits[:1]:
            users[row].append(path)
    for path, fits in zip(paths, fitting, strict=True):
        if len(fits) > 1 and len(fits[0]) == len(fits[1]) and fits[1] not in users:
            raise ReportError(f"Two rows of the reports fit {path}, with and without its suffix: keep one of them.")
    for several in users.values():
        if len({path.resolve() for path in several}) > 1:
            first, second = several[:2]
            raise ReportError(f"One row of the reports fits both {first} and {second}: name each with its folder, "
                              "for example patient_1/scan.png.")  # fmt: skip
    known = {row for fits in fitting for row in fits}
    return [rows[fits[0]] if fits else None for fits in fitting], len(rows.keys() - known)


def _parts(name: str) -> tuple[str, ...]:
    """What a row calls an image, as parts of a path: ``./scan.png`` is ``scan.png``."""
    return Path(composed(name)).parts


def _names(path: Path) -> list[tuple[str, ...]]:
    """What a row may call an image, as parts of a path: the longest first, each with and without its suffix."""
    *folders, name = _parts(str(path.absolute()))
    ends = [tuple(folders[start:]) for start in range(len(folders) + 1)]
    return [(*end, last) for end in ends for last in (name, image_stem(name))]


def _expand(given: Path) -> list[Path]:
    if may_be_report(given):
        existing_file(given)  # refuses it without a word of it, before a case is named after it
    try:
        if not given.is_dir():
            return [given]
        listed = sorted(path for path in given.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise ImageError(f"'{given}' cannot be read ({error.strerror}). Check permissions.") from error
    found = [path for path in listed if path.name.lower().endswith(IMAGE_SUFFIXES)]
    if not found:
        raise ImageError(f"Folder '{given}' holds no image. Expected files ending in {', '.join(IMAGE_SUFFIXES)}.")
    return found
