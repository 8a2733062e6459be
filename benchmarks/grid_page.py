"""Figures of the grid as Markdown tables."""

from collections.abc import Mapping
from typing import Any

from benchmarks.grid_arms import ARMS, BASELINES
from benchmarks.results_page import table
from medsegr.evaluation.html import with_interval

ORIGIN_WORDS = {
    "real": "Real reports",
    "derived": "Reports derived from the masks",
    "none": "Without reports: structures by name",
}


def grid_page(record: Mapping[str, Any]) -> str:
    """The tables of one grid, a section for each origin of the reports."""
    sections = [f"# Grid {record['grid']['name']}", _facts(record)]
    for origin, modes in record["origins"].items():
        told, groups = modes["true"], list(modes["true"])
        arms = list(told["all"])
        first = told["all"][arms[0]]
        sections += [
            f"## {ORIGIN_WORDS[origin]} ({first['findings']} findings, {first['patients']} patients or cases)",
            _overview(record, modes),
            "Dice per finding with its own report, per group (findings in brackets):",
            table(("group", *arms), [(f"{g} ({_count(told[g])})", *_dice(told[g], arms)) for g in groups]),
        ]
        for baseline in BASELINES:
            compared = [arm for arm in arms if f"to_{baseline}" in told["all"][arm]]
            if compared:
                rows = [(group, *_differences(told[group], compared, baseline)) for group in groups]
                sections += [f"The same, less `{baseline}` finding by finding:", table(("group", *compared), rows)]
    return "\n\n".join(sections) + "\n"


def _facts(record: Mapping[str, Any]) -> str:
    grid = record["grid"]
    sets = ", ".join(f"{d['name']} ({d['cases']} cases, {d['split']})" for d in record["data"])
    arms = "\n".join(f"- `{name}`: {ARMS[name].what}" for name in grid["arms"])
    return (
        f"`{record['command']}`, {record['date']}, {record['machine']}, {grid['steps']} steps of {grid['batch_size']}, "
        f"host `{grid['host']}`. Scored on: {sets}.\n\n{arms}\n\n"
        "Dice is per finding that the image shows, at the image's own size, 95 % bootstrap intervals over patients of "
        "each finding's mean over the seeds; the deviation is that of the seeds' means."
    )


def _overview(record: Mapping[str, Any], modes: Mapping[str, Any]) -> str:
    rows = []
    for arm, figures in modes["true"]["all"].items():
        others = [modes[mode]["all"].get(arm, {}).get("dice") for mode in ("none", "other")]
        differences = [_difference(figures, baseline) for baseline in BASELINES]
        rows.append(
            (
                arm, record["grid"]["arms"][arm]["parameters"], len(figures["of_seeds"]),
                with_interval(figures["dice"], figures["interval"]), figures["sd_of_seeds"], *others, *differences,
            )
        )  # fmt: skip
    header = (
        "arm", "parameters", "seeds", "Dice with its own report", "deviation over seeds", "without a report",
        "with another's", *(f"less `{baseline}`" for baseline in BASELINES),
    )  # fmt: skip
    return table(header, rows)


def _count(group: Mapping[str, Any]) -> int:
    return max(figures["findings"] for figures in group.values())


def _dice(group: Mapping[str, Any], arms: list[str]) -> list[str | None]:
    return [with_interval(group[arm]["dice"], group[arm]["interval"]) if arm in group else None for arm in arms]


def _differences(group: Mapping[str, Any], arms: list[str], baseline: str) -> list[str | None]:
    return [_difference(group[arm], baseline) if arm in group else None for arm in arms]


def _difference(figures: Mapping[str, Any], baseline: str) -> str | None:
    found = figures.get(f"to_{baseline}")
    return None if found is None else with_interval(found["difference"], found["interval"])
