"""The report card's section of docs/results.md."""

from collections.abc import Mapping
from typing import Any

from benchmarks.grid.groups import ALL
from benchmarks.grid.tables import label, title
from benchmarks.markdown import percent, points, table

WAYS = {
    "true": "its own report",
    "none": "none (the target's name alone)",
    "other": "another patient's report",
    "side": "side swapped",
    "texture": "texture swapped",
    "shape": "shape swapped",
    "negated": "negated",
}
SWAPPED = ("none", "other", "side", "texture", "shape")
"""Ways whose cost says something of the model; a denied finding is left empty by rule."""

Figures = Mapping[str, Any]


def card_section(record: Figures) -> str:
    """What each change of the report costs, per family of data, then per data set."""
    below = record["settings"]["a_mask_changes_below_dice"]
    parts = [
        f"## Report card of {record['model']['name']}, {record['split']} split",
        _lead(record),
        "Every described finding is asked again with one thing changed in what the report says. The cost is the Dice "
        "that is lost, in points, against the true report on the same findings: those that state what is changed. "
        f"A mask changes when its Dice against that of the true report is below {below}.",
    ]
    for family, origins in record["families"].items():
        for origin, groups in origins.items():
            parts += [f"### Report card: {title(family, origin)}", _ways_table(groups[ALL])]
            rest = {group: ways for group, ways in groups.items() if group != ALL}
            if len(rest) > 1:
                parts += ["What is lost, by data (findings in brackets):", _costs_table(rest)]
    return "\n\n".join(parts)


def _lead(record: Figures) -> str:
    """Where which part of the report is used for sure, made from the figures."""
    used: dict[str, list[str]] = {way: [] for way in SWAPPED}
    for family, origins in record["families"].items():
        for origin, groups in origins.items():
            for way, found in groups[ALL].items():
                interval = found["cost_interval"]
                if way in used and len(interval) == 2 and interval[0] > 0:
                    used[way].append(f"{title(family, origin)} {points(found['cost'], interval)}")
    told = [f"{WAYS[way]}: {'; '.join(where)}" for way, where in used.items() if where]
    if not told:
        return "No change of the report costs Dice for sure."
    missing = [WAYS[way] for way, where in used.items() if not where]
    rest = f" Nowhere for sure: {', '.join(missing)}." if missing else ""
    return f"What costs Dice for sure, and where, in points. {'. '.join(told)}.{rest}"


def _ways_table(ways: Figures) -> str:
    rows = [
        (
            WAYS[way],
            found["findings"],
            found["dice"],
            None if way == "true" else points(found["cost"], found["cost_interval"]),
            None if way == "true" else percent(found["changed"]),
            found["verdict"],
        )
        for way, found in ways.items()
    ]
    return table(("the model is told", "findings", "Dice", "lost, points", "masks that change", "verdict"), rows)


def _costs_table(groups: Figures) -> str:
    rows = [
        (label(group), ways.get("true", {}).get("dice"), *(_cost(ways.get(way)) for way in SWAPPED))
        for group, ways in groups.items()
    ]
    return table(("data", "Dice", *(WAYS[way] for way in SWAPPED)), rows)


def _cost(found: Figures | None) -> str | None:
    if found is None:
        return None
    return f"{points(found['cost'], found['cost_interval'])} ({found['findings']}), {percent(found['changed'])} change"
