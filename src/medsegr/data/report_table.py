"""The reports of a data set: which file holds them, and which of them were derived from masks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from medsegr.data.dataset_manifest import DatasetManifest
from medsegr.data.split import read_table

REPORTS_FILE = "reports.csv"
DERIVED_FILE = "reports_derived.csv"
ORIGIN_COLUMN = "origin"

ReportOrigin = Literal["real", "derived"]


def find_reports(folder: Path, manifest: DatasetManifest) -> Path | None:
    """The table that ``dataset.json`` names, else ``reports.csv``, else ``reports_derived.csv``, else None."""
    if manifest.reports is not None:
        return folder / manifest.reports
    return next((folder / name for name in (REPORTS_FILE, DERIVED_FILE) if (folder / name).exists()), None)


def report_origins(path: Path, known: Iterable[str] = ()) -> dict[str, ReportOrigin]:
    """Image -> whether its report is real or derived, by the column ``origin``.

    Without the column all reports are real, but those of ``reports_derived.csv``. Names of images are
    matched with ``known`` as ``read_table`` does.
    """
    rows, missing = read_table(path, ("image", ORIGIN_COLUMN), known)
    if not missing:
        return {image: "derived" if origin.strip() == "derived" else "real" for image, origin in rows}
    rows, _ = read_table(path, ("image", "report"), known)
    return {image: "derived" if path.name == DERIVED_FILE else "real" for image, _ in rows}


def holds_derived_only(path: Path) -> bool:
    """True for a table with a column ``origin`` that says "derived" in every row."""
    rows, complaints = read_table(path, ("image", ORIGIN_COLUMN))
    return not complaints and all(origin.strip() == "derived" for _, origin in rows)
