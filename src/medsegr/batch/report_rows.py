"""Rows of a table of reports, matched with the images that they name."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from medsegr.data.file_names import image_stem, shown_name
from medsegr.data.given_name import may_be_report
from medsegr.data.split import composed, read_table
from medsegr.errors import ReportError


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
