"""A line in plain words for each way of asking: what the figures say of the model."""

from collections.abc import Mapping
from typing import Any

FEW = 10
"""Findings below which nothing is said of an aspect."""

CLEAR = 0.03
"""Loss of Dice from which on an aspect is called used; below it, the effect is small."""

SOME = 0.2
"""Share of masks from which on a change without a cost is worth a word."""

_WORDS = {
    "none": ("a description", "the report", "without it"),
    "other": (
        "a description that another patient's report could replace", "the right patient's report",
        "with another patient's",
    ),
    "side": ("a side", "the side", "with the other side"),
    "texture": ("a texture that could be swapped", "the texture", "with another texture"),
    "shape": ("a shape that could be swapped", "the shape", "with another shape"),
    "true": ("a place, texture or shape", "", ""),
    "negated": ("anything", "", ""),
}  # fmt: skip
"""Way of asking -> what a finding has to state for it, what is used, what there is instead."""


def verdict(way: str, figures: Mapping[str, Any]) -> str:
    """One line on what a way of asking shows."""
    count, (states, used, instead) = figures["findings"], _WORDS[way]
    if not count:
        return f"Not measured: no finding that the image shows states {states}."
    if way == "true":
        return f"Dice {100 * figures['dice']:.1f} with the true report."
    if way == "negated":
        return _negated(figures)
    facts = f"{_cost(instead, figures)}; {100 * figures['changed']:.0f} % of masks change."
    subject = used.capitalize()
    if count < FEW or len(figures["cost_interval"]) < 2:
        return f"Too few findings to tell ({count}): {facts}"
    low, high = figures["cost_interval"]
    if low > 0:
        word = "is used" if figures["cost"] >= CLEAR else "is used, with a small effect"
        return f"{subject} {word}: {facts}"
    if high < 0:
        return f"{subject} does harm: {facts}"
    if figures["changed"] >= SOME:
        return f"{subject} changes masks, for better as often as for worse: {facts}"
    return f"No use of {used} is seen: {facts}"


def _cost(instead: str, figures: Mapping[str, Any]) -> str:
    cost, interval = 100 * figures["cost"], figures["cost_interval"]
    between = f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if len(interval) == 2 else ""
    turn = f"falls by {cost:.1f}" if cost >= 0 else f"rises by {-cost:.1f}"
    return f"{instead} Dice {turn}{between} over {figures['findings']} findings"


def _negated(figures: Mapping[str, Any]) -> str:
    left = f"{100 * figures['changed']:.0f} % of masks change"
    if figures["dice"] == 0:
        return f"Denied findings are left empty, by rule and not by the model: {left}."
    return f"Denied findings are still outlined, with Dice {100 * figures['dice']:.1f}: {left}."
