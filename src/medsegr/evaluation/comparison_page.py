"""The page of a comparison of two runs."""

from collections.abc import Mapping
from typing import Any

from medsegr.evaluation import plots
from medsegr.evaluation.html import page, with_interval

HEADER = ("", "findings", "patients", "first", "second", "difference", "Wilcoxon p", "Cohen's dz", "rank-biserial")


def comparison_page(record: Mapping[str, Any]) -> str:
    """The whole page."""
    drawn = {}
    for origin, reports in record["origins"].items():
        for report, found in reports.items():
            for field, rows in found["strata"].items():
                plot = plots.differences({value: f for value, f in rows.items() if f})
                drawn[origin, report, field] = plots.as_svg(plot, origin + report + field)
    return page("comparison", "medsegr compare", record=record, drawn=drawn, HEADER=HEADER, lines=comparison_rows)


def comparison_rows(found: Mapping[str, Mapping[str, Any] | None]) -> list[tuple[Any, ...]]:
    """Lines of the table, in the order of :data:`HEADER`, of what there are figures of."""
    return [
        (
            name, f["findings"], f["patients"], f["first"], f["second"], with_interval(f["difference"], f["interval"]),
            f"{f['wilcoxon_p']:.3g}", f["cohens_dz"], f["rank_biserial"],
        )
        for name, f in found.items()
        if f
    ]  # fmt: skip
