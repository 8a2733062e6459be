"""The page of a measurement: tables, plots and pictures, per origin of the reports."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.html import FIELD_WORDS, page
from medsegr.evaluation.pictures import CasePicture
from medsegr.evaluation.questions import ASKED_ANYWAY
from medsegr.evaluation.results import FALSE_KINDS

REPORT_WORDS = {
    "true": "its own report",
    "none": "none (the name alone)",
    "other": "another patient's",
    "no-location": "its own less location",
    "no-texture": "its own less texture",
    "no-shape": "its own less shape",
}
MOST_CONFUSED = 40
"""Rows of the table of what is drawn in something else."""


def results_page(record: Mapping[str, Any], answers: Sequence[Answer], shown: Sequence[CasePicture]) -> str:
    """The whole page."""
    told = {origin: _told(tables) for origin, tables in record["origins"].items()}
    drawn = {
        origin: _plots(origin, told[origin], tables["support"]["reliability"], answers)
        for origin, tables in record["origins"].items()
    }
    return page(
        "results", f"medsegr evaluate: {record['model']['name']}", record=record, told=told, drawn=drawn, shown=shown,
        confusion={origin: _confusion(reports) for origin, reports in told.items()}, REPORT_WORDS=REPORT_WORDS,
        FALSE_KINDS=FALSE_KINDS, threshold_words=threshold_words,
    )  # fmt: skip


def _told(tables: Mapping[str, Any]) -> dict[str, Any]:
    """What the model is told, in words -> tables."""
    return {REPORT_WORDS[report]: found for report, found in tables["reports"].items() if found["all"]}


def _plots(
    origin: str, reports: Mapping[str, Any], reliability: Sequence[Mapping[str, float]], answers: Sequence[Answer]
) -> dict[str, str | None]:
    """SVG of every plot of which there is anything to draw."""
    scores: dict[str, list[float]] = {words: [] for words in reports}
    for a in answers:
        if a.origin == origin and a.overlap.true and a.role in ASKED_ANYWAY:
            scores[REPORT_WORDS[a.report]].append(a.overlap.dice)
    drawn = {"distribution": plots.distribution(scores) if any(scores.values()) else None}
    for field in ("size", "overlap"):
        bars = {words: found[field] for words, found in reports.items() if found[field]}
        drawn[field] = plots.strata(bars, FIELD_WORDS[field]) if bars else None
    drawn["calibration"] = plots.calibration(reliability) if reliability else None
    return {name: None if plot is None else plots.as_svg(plot, origin + name) for name, plot in drawn.items()}


def _confusion(reports: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """What was asked for first, what it was drawn in, and the share of its pixels; the largest shares first."""
    found: Mapping[str, Any] = next(iter(reports.values()), {"confusion": {}})["confusion"]
    rows = [
        (target, other if other != target else f"another {target}", share)
        for target, row in found.items()
        for other, share in row["in"].items()
        if share
    ]
    return sorted(rows, key=lambda row: -row[2])[:MOST_CONFUSED]


def threshold_words(of_data: Collection[float]) -> str:
    """The threshold of all data sets, or the lowest and the highest."""
    low, high = min(of_data), max(of_data)
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}, by modality"
