"""Several measurements of one thing as one figure with its spread, and how a figure grows."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

SHOWS = 0.01
"""Share of a stage's time below which its floor says nothing: what takes the time is not counted work."""


def spread(values: Sequence[float]) -> dict[str, float]:
    """``median`` of at least one measurement, with the quartiles ``low`` and ``high``."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    return {"median": middle, "low": low, "high": high}


def told_floor(figures: Mapping[str, Any]) -> float | None:
    """The floor of a stage in seconds; None where there is none, one too low to say anything, or the
    stage was not timed by itself.

    Args:
        figures: Of one stage: ``median`` and ``floor``.
    """
    floor = figures["floor"]
    return floor if floor and figures["median"] and floor >= SHOWS * figures["median"] else None


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The e of seconds ~ size ** e that fits best in logarithms: 0 flat, 1 in proportion.

    Args:
        sizes: At least two different ones, above 0.
        seconds: Of each, above 0.
    """
    x, y = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    return statistics.linear_regression(x, y).slope
