"""The page of a report card."""

from collections.abc import Mapping
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.html import page, with_interval
from medsegr.evaluation.report_card import IN_WORDS

HEADER = ("the model is told", "findings", "Dice", "with the true report", "cost", "masks that change", "verdict")


def card_page(record: Mapping[str, Any]) -> str:
    """The whole page."""
    drawn = {}
    for origin, found in record["origins"].items():
        costs = {IN_WORDS[way]: f for way, f in found["ways"].items() if way != "true"}
        drawn[origin] = plots.as_svg(plots.costs(costs), f"{origin}costs")
    title = f"medsegr report-card: {record['model']['name']}"
    return page("report_card", title, record=record, drawn=drawn, HEADER=HEADER, rows=card_rows)


def card_rows(ways: Mapping[str, Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Each way's line of the table, in the order of :data:`HEADER`."""
    return [
        (
            IN_WORDS[way],  # type: ignore[index]
            f["findings"],
            with_interval(f["dice"], f["interval"]),
            f["dice_with_true_report"],
            with_interval(f["cost"], f["cost_interval"]) if way != "true" else None,
            None if f["changed"] is None or way == "true" else f"{100 * f['changed']:.0f} %",
            f["verdict"],
        )
        for way, f in ways.items()
    ]
