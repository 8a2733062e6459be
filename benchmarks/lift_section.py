"""The section of docs/results.md on what lifts a small host."""

from collections.abc import Mapping
from typing import Any

from benchmarks.markdown import points, table

RECIPE = "recipe"

SAYS_NOTHING = 0.03
"""Dice between two runs of one recipe that chance alone may make on splits so small."""


def lift_section(record: Mapping[str, Any]) -> str:
    """Variants of the recipe, each less what it changes one thing of."""
    variants, sets = record["variants"], record["data"]
    sized = all("parameters" in found for found in variants.values())  # older files do not say
    rows = [
        (_label(variants, name), *([_millions(found["parameters"])] if sized else []), found["dice"],
         points(_gain(variants, name)), found["without_a_report"], found["small"],
         *(found["of_sets"][data] for data in sets))
        for name, found in variants.items()
    ]  # fmt: skip
    measured = ("Dice, mean of the sets", "gain, points", "without a report", "below 1 %", *sets)
    header = ("variant", *(["parameters"] if sized else []), *measured)
    return "\n\n".join(
        (
            f"## {_title(variants)}, from {_origin(record)} ({record['split']} splits)",
            f"The full model, {record['steps']} steps, each variant with one change, once. The splits are small: "
            f"differences below about {100 * SAYS_NOTHING:.0f} points say nothing. A variant is compared with the "
            "recipe, unless another one is named; one that is trained on a single set, on that set. What questions "
            "with no answer are asked for, that a model rejects what is not there, does not show in these figures.",
            _lead(variants),
            table(header, rows),
        )
    )


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.1f} million"


def _title(variants: Mapping[str, Any]) -> str:
    alone = any(found.get("only") for found in variants.values())
    return "One set alone, or all" if alone else "What lifts a small host"


def _origin(record: Mapping[str, Any]) -> str:
    """Whose weights all variants start from, but for those from scratch."""
    start = record.get("init", "a grid")  # older files do not say which
    return {None: "fresh weights", "tiny": "the built-in model"}.get(start, "weights of phantoms")


def _label(variants: Mapping[str, Any], name: str) -> str:
    beside = variants[name]["beside"]
    other = beside in variants and beside not in (RECIPE, name)
    return f"{variants[name]['what']} (beside: {variants[beside]['what']})" if other else variants[name]["what"]


def _gain(variants: Mapping[str, Any], name: str) -> float | None:
    base = variants.get(variants[name]["beside"])
    if name == RECIPE or base is None:
        return None
    only = variants[name].get("only")
    return variants[name]["of_sets"][only] - base["of_sets"][only] if only else variants[name]["dice"] - base["dice"]


def _lead(variants: Mapping[str, Any]) -> str:
    gains = {name: gain for name in variants if (gain := _gain(variants, name)) is not None}
    told = {
        "Better": [name for name, gain in gains.items() if gain >= SAYS_NOTHING],
        "Worse": [name for name, gain in gains.items() if gain <= -SAYS_NOTHING],
        "No clear difference": [name for name, gain in gains.items() if abs(gain) < SAYS_NOTHING],
    }
    return " ".join(
        f"{words}: {'; '.join(variants[name]['what'] for name in names)}." for words, names in told.items() if names
    )
