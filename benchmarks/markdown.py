"""Figures as cells of Markdown tables."""

from math import isnan
from typing import Any

from benchmarks.figures import Figure


def cell(value: Any) -> str:
    """A dash for nothing, three digits of a fraction."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def dice(found: Figure | None, digits: int = 3) -> str:
    """Dice, 0..1: ``0.712 (0.650 to 0.771)``; a dash without a figure."""
    return _told(found, digits, 1)


def points(found: Figure | None) -> str:
    """A difference of Dice, 0..1, in points with its sign: ``+4.2 (+1.0 to +7.3)``."""
    return _told(found, 1, 100, sign="+")


def percent(found: Figure | None, digits: int = 0) -> str:
    """A share, 0..1: ``92 % (88 to 95)``."""
    return _told(found, digits, 100, " %")


def _told(found: Figure | None, digits: int, times: float, unit: str = "", sign: str = "") -> str:
    """Figures have four digits before they are shown, as results files have them."""
    if found is None:
        return "-"
    value, low, high = (
        format(round(times * round(each, 4), digits) + 0.0, f"{sign}.{digits}f") for each in found[:3]
    )  # + 0.0: no "-0.0"
    return value + unit + ("" if isnan(found[1]) else f" ({low} to {high})")
