"""The page of a report card."""

from collections.abc import Mapping
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.html import drawing, heading, note, page, table, with_interval
from medsegr.evaluation.report_card import IN_WORDS
from medsegr.evaluation.results_page import ORIGIN_WORDS, about

HEADER = ("the model is told", "findings", "Dice", "with the true report", "cost", "masks that change", "verdict")


def card_page(record: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        record: As in ``report_card.json``.
    """
    same = record["settings"]["a_mask_changes_below_dice"]
    parts = [
        about(record),
        note(
            "Each way is compared with the true report on the same findings: those that state what is swapped. A mask "
            f"changes when its Dice against the mask of the true report is below {same}."
        ),
    ]
    for origin, found in record["origins"].items():
        parts.append(heading(ORIGIN_WORDS[origin]))
        costs = {IN_WORDS[way]: f for way, f in found["ways"].items() if way != "true"}
        svg = plots.as_svg(plots.costs(costs), f"{origin}costs")
        parts += [
            _table(found["ways"]),
            drawing(svg, "What each way costs, with 95 % intervals; in brackets, findings."),
        ]
        for name, ways in found.get("data", {}).items():
            parts += [heading(name, 3), _table(ways)]
    return page(f"medsegr report-card: {record['model']['name']}", parts)


def _table(ways: Mapping[str, Any]) -> str:
    return table(HEADER, [card_row(way, f) for way, f in ways.items()], words=(6,))


def card_row(way: str, figures: Mapping[str, Any]) -> tuple[Any, ...]:
    """A way's line of the table, in the order of :data:`HEADER`."""
    changed = figures["changed"]
    return (
        IN_WORDS[way],  # type: ignore[index]
        figures["findings"],
        with_interval(figures["dice"], figures["interval"]),
        figures["dice_with_true_report"],
        with_interval(figures["cost"], figures["cost_interval"]) if way != "true" else None,
        None if changed is None or way == "true" else f"{100 * changed:.0f} %",
        figures["verdict"],
    )
