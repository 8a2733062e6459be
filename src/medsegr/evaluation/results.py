"""Answers -> figures, and the files that hold them: results.json and per_case.csv."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medsegr.evaluation.evaluate import Answer
from medsegr.evaluation.metrics import bootstrap_interval, dice_over_set, mean

SCHEMA = "medsegr.results/1"
COLUMNS = (
    "data", "case", "suite", "look", "finding", "target", "presence", "role", "report",
    "dice", "true_px", "predicted_px", "support",
)  # fmt: skip


def figures(answers: Iterable[Answer]) -> dict[str, Any] | None:
    """Dice and errors of a set of answers; None of none.

    ``dice_per_image`` is the mean over findings that the image shows;
    ``false_alarms`` counts masks where nothing is to be found.
    """
    listed = list(answers)
    if not listed:
        return None
    shown = [a.overlap for a in listed if a.overlap.true]
    scores = [overlap.dice for overlap in shown]
    return {
        "findings": len(listed),
        "shown": len(shown),
        "dice_per_image": _rounded(mean(scores)),
        "interval": [_rounded(bound) for bound in bootstrap_interval(scores) or ()],
        "dice_over_set": _rounded(dice_over_set(shown)) if shown else None,
        "missed": sum(overlap.missed for overlap in shown),
        "false_alarms": sum(a.overlap.false_alarm for a in listed),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def grouped(answers: Sequence[Answer], field: str) -> dict[str, Any]:
    """The same figures for each value of a field."""
    values = sorted({getattr(answer, field) for answer in answers})
    return {value: figures(a for a in answers if getattr(a, field) == value) for value in values}


def support_figures(answers: Sequence[Answer], threshold: float) -> dict[str, Any]:
    """How well the support score tells what the image shows from what it does not.

    ``kept``: share of true findings at or above the threshold; ``rejected``:
    share of falsely described ones below it.
    """
    decided = [a for a in answers if a.support is not None and a.report == "true"]
    true = [a.support >= threshold for a in decided if a.overlap.true and a.role == "described"]  # type: ignore[operator]
    false = [a.support < threshold for a in decided if a.role == "false"]  # type: ignore[operator]
    return {
        "threshold": threshold,
        "true": len(true),
        "false": len(false),
        "kept": _rounded(mean(true)),
        "rejected": _rounded(mean(false)),
    }


def report_figures(answers: Sequence[Answer], threshold: float) -> dict[str, Any]:
    """All figures of a measurement, per report and then per data set, target, suite and look."""
    found: dict[str, Any] = {}
    for report in dict.fromkeys(answer.report for answer in answers):
        told = [answer for answer in answers if answer.report == report]
        fields = [f for f in ("data", "target", "suite", "look", "role") if len({getattr(a, f) for a in told}) > 1]
        found[report] = {"all": figures(told), **{field: grouped(told, field) for field in fields}}
    denied = [a for a in answers if a.role == "denied" and a.report == "true"]
    return {
        "reports": found,
        "support": support_figures(answers, threshold),
        "denied": {"findings": len(denied), "empty": sum(a.overlap.predicted == 0 for a in denied)},
    }


def write_results(folder: Path, record: dict[str, Any], answers: Sequence[Answer]) -> None:
    """Write ``results.json`` and ``per_case.csv`` into a folder that exists."""
    text = json.dumps({"schema": SCHEMA, **record}, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    (folder / "per_case.csv").write_text(per_case(answers), encoding="utf-8", newline="")


def per_case(answers: Sequence[Answer]) -> str:
    """One line per finding and way of asking, as CSV."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for a in answers:
        support = "" if a.support is None else round(a.support, 4)
        pixels = (round(a.overlap.dice, 4), a.overlap.true, a.overlap.predicted, support)
        writer.writerow([getattr(a, column) for column in COLUMNS[:9]] + list(pixels))
    return table.getvalue()
