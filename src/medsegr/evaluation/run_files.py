"""The files of a measurement: results.json and per_case.csv, written and read. No report text is in them."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegr.errors import InputError
from medsegr.evaluation.answer import Answer

SCHEMA = "medsegr.results/3"
RESULTS_FILE, CASES_FILE, PAGE_FILE = "results.json", "per_case.csv", "results.html"
IDENTITY = (
    "data", "case", "patient", "suite", "look", "origin", "finding", "target", "presence", "role", "report",
)  # fmt: skip
MEASURED = (
    "dice", "iou", "nsd", "hd95", "unit", "penalty", "true_px", "predicted_px", "both_px", "frame_share", "size",
    "overlap_share", "overlap", "lesions_true", "lesions_found", "lesions_predicted", "lesions_false", "confused_px",
    "confused", "support", "transunet_rule_dice", "transunet_rule_hd95", "truth", "content", "alike_px",
    "image_true_px", "image_predicted_px", "image_both_px",
)  # fmt: skip
COLUMNS = (*IDENTITY, *MEASURED)
NUMBERS = ("dice", "iou", "nsd", "hd95", "true_px", "predicted_px", "both_px")
"""Columns that a comparison reckons with."""


def write_results(folder: Path, record: dict[str, Any], answers: Sequence[Answer]) -> None:
    """Write ``results.json`` and ``per_case.csv`` into a folder that exists.

    Args:
        folder: Use ``medsegr.data.outputs.staged_folder`` for all or nothing.
        record: How the figures came to be, and the figures.
        answers: One line each.
    """
    text = json.dumps({"schema": SCHEMA, **record}, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / RESULTS_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / CASES_FILE).write_text(per_case(answers), encoding="utf-8", newline="")


def per_case(answers: Sequence[Answer]) -> str:
    """One line per finding and way of asking, as CSV."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for a in answers:
        writer.writerow([*(getattr(a, column) for column in IDENTITY), *_measured(a)])
    return table.getvalue()


def _measured(a: Answer) -> list[Any]:
    o, s, n, (dice, far) = a.overlap, a.surface, a.lesions, a.transunet
    return [
        *(round(value, 6) for value in (o.dice, o.iou, s.nsd, s.hd95)), s.unit, s.penalty, o.true, o.predicted, o.both,
        round(a.frame_share, 6), a.size, "" if a.overlap_share is None else round(a.overlap_share, 6), a.hidden,
        n.true, n.found, n.predicted, n.false, a.confused_px,
        ";".join(f"{target}:{pixels}" for target, pixels in sorted(a.confused.items())),
        "" if a.support is None else round(a.support, 6), round(dice, 6), round(far, 6), a.truth, a.content,
        a.alike_px, a.image.true, a.image.predicted, a.image.both,
    ]  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A measurement as its files have it.

    Attributes:
        name: Of its folder.
        record: ``results.json``.
        rows: ``per_case.csv``, a dict of text per line.
    """

    name: str
    record: dict[str, Any]
    rows: tuple[dict[str, str], ...]


def read_run(folder: Path | str) -> Run:
    """Read what ``medsegr evaluate`` wrote.

    Raises:
        InputError: Not such a folder, damaged, or of another schema.
    """
    path = Path(folder)
    try:
        record = json.loads((path / RESULTS_FILE).read_text(encoding="utf-8"))
        text = (path / CASES_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as a run ({type(error).__name__}): expected a folder with {RESULTS_FILE} and "
            f"{CASES_FILE}, as 'medsegr evaluate --out' writes it."
        ) from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"{path / RESULTS_FILE} has the schema {schema!r}; expected {SCHEMA!r}. Run 'medsegr evaluate' again."
        )
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = tuple(reader)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    broken = [number for number, row in enumerate(rows, 2) if not _complete(row)]
    if missing or broken:
        what = f"the column '{missing[0]}' is missing" if missing else f"line {broken[0]} is incomplete"
        raise InputError(f"{path / CASES_FILE} is damaged: {what}. Run 'medsegr evaluate' again.")
    return Run(path.resolve().name, record, rows)


def _complete(row: dict[str, str]) -> bool:
    try:
        return None not in row and None not in row.values() and all(float(row[name]) >= 0 for name in NUMBERS)
    except (KeyError, ValueError):
        return False
