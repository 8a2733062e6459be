"""The page of a comparison of two runs."""

from collections.abc import Mapping
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.html import drawing, heading, note, page, table, with_interval
from medsegr.evaluation.results_page import FIELD_WORDS, ORIGIN_WORDS

HEADER = ("", "findings", "patients", "first", "second", "difference", "Wilcoxon p", "Cohen's dz", "rank-biserial")

CAPTION = "Differences of Dice with 95 % intervals; right of 0 the second run is better."


def comparison_page(record: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        record: As in ``comparison.json``.
    """
    runs = [(which, record[which]["run"], (record[which]["model"] or {}).get("name"),
             (record[which]["model"] or {}).get("weights"), record[which]["time"])
            for which in ("first", "second")]  # fmt: skip
    parts = [
        table(("", "run", "model", "weights (SHA-256)", "time"), runs),
        note(
            f"{record['pairs']} pairs; only in the first run: {record['only_in_first']}, only in the second: "
            f"{record['only_in_second']}. Differences are second minus first; HD95 is better when it is smaller. "
            "All measures are of findings that the image shows, false alarms left out. "
            "Intervals resample patients; tests and effect sizes are of patients' mean differences."
        ),
    ]
    for origin, reports in record["origins"].items():
        parts.append(heading(ORIGIN_WORDS[origin]))
        for report, found in reports.items():
            measures = [comparison_row(name, f) for name, f in found["measures"].items() if f]
            parts += [heading(f"report: {report}", 3), table(HEADER, measures), _errors(found)]
            parts += _strata(f"{origin}{report}", found)
    return page("medsegr compare", parts)


def comparison_row(name: str, figures: Mapping[str, Any]) -> tuple[Any, ...]:
    """A line of the table, in the order of :data:`HEADER`."""
    return (
        name, figures["findings"], figures["patients"], figures["first"], figures["second"],
        with_interval(figures["difference"], figures["interval"]), f"{figures['wilcoxon_p']:.3g}",
        figures["cohens_dz"], figures["rank_biserial"],
    )  # fmt: skip


def _errors(found: Mapping[str, Any]) -> str:
    rows = [
        (name.replace("_", " "), found["errors"]["first"][name], found["errors"]["second"][name])
        for name in found["errors"]["first"]
    ]
    return table(("", "first", "second"), rows)


def _strata(name: str, found: Mapping[str, Any]) -> list[str]:
    parts = []
    for field, rows in found["strata"].items():
        known = {value: f for value, f in rows.items() if f}
        if known:
            svg = plots.as_svg(plots.differences(known), name + field)
            lines = [comparison_row(value, f) for value, f in known.items()]
            parts += [heading(FIELD_WORDS[field], 3), table(HEADER, lines), drawing(svg, CAPTION)]
    return parts
