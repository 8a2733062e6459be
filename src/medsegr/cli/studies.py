"""Which images with which reports: the work list of ``medsegr segment``."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medsegr.data.dataset_folder import image_stem
from medsegr.data.image import IMAGE_SUFFIXES
from medsegr.data.report_file import read_report
from medsegr.data.split import read_table
from medsegr.errors import ConfigError, ImageError, ReportError


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
        images: Files, and folders whose pictures and volumes are taken in order of name.
        report: A text file for all images.
        text: A report for all images.
        table: A CSV file with columns ``image`` and ``report``.

    Raises:
        ConfigError: More than one source of reports.
        ImageError: A folder without images, or no file of that name.
        ReportError: The report or the table cannot be used.
    """
    if sum(source is not None for source in (report, text, table)) > 1:
        raise ConfigError("Give reports in one way only: --report FILE, --text TEXT, or --reports CSV.")
    paths = [path for given in images for path in _expand(given)]
    shared = read_report(report) if report is not None else text
    reports = read_reports(table) if table is not None else {}
    if table is not None and not any(_lookup(reports, path) for path in paths):
        raise ReportError(f"No image is named in '{table}'; its column 'image' holds file names such as scan.png.")
    return [
        Study(case, path, _lookup(reports, path) if table is not None else shared)
        for case, path in zip(case_names(paths), paths, strict=True)
    ]


def case_names(paths: Sequence[Path]) -> list[str]:
    """Folder names, unique: ``scan``, ``scan-2``."""
    seen: Counter[str] = Counter()
    names = []
    for path in paths:
        name = re.sub(r"[^\w.-]+", "_", image_stem(path.name)).strip(".") or "case"
        seen[name.lower()] += 1
        names.append(name if seen[name.lower()] == 1 else f"{name}-{seen[name.lower()]}")
    return names


def read_reports(path: Path) -> dict[str, str]:
    """A CSV file with columns ``image`` and ``report`` as a dict.

    Raises:
        ReportError: Unreadable, without these columns, or with an image named twice.
    """
    rows, complaints = read_table(path, ("image", "report"))
    twice = [name for name, count in Counter(name for name, _ in rows).items() if count > 1]
    complaints += [f"the image '{twice[0]}' is named more than once"] if twice else []
    if complaints or not rows:
        raise ReportError(f"'{path}' cannot be used: {complaints[0] if complaints else 'it has no rows'}.")
    return dict(rows)


def _lookup(reports: dict[str, str], path: Path) -> str | None:
    return reports.get(path.name, reports.get(image_stem(path.name)))


def _expand(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.iterdir() if path.is_file() and path.name.lower().endswith(IMAGE_SUFFIXES))
    if not found:
        raise ImageError(f"Folder '{given}' holds no image. Expected files ending in {', '.join(IMAGE_SUFFIXES)}.")
    return found
