"""Markdown tables, and figures as their cells."""

from collections.abc import Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; numbers with three digits."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def points(value: float | None, interval: Sequence[float | None] = ()) -> str | None:
    """A difference of Dice, 0..1, in points with its sign: ``+4.2 (+1.0 to +7.3)``."""
    if value is None:
        return None
    of_all = [round(100 * each, 1) + 0.0 for each in (value, *interval) if each is not None]  # + 0.0: no "-0.0"
    between = f" ({of_all[1]:+.1f} to {of_all[2]:+.1f})" if len(of_all) == 3 else ""
    return f"{of_all[0]:+.1f}{between}"


def percent(value: float | None, interval: Sequence[float | None] = (), digits: int = 0) -> str | None:
    """A share, 0..1: ``92 % (88 to 95)``."""
    if value is None:
        return None
    low_high = [100 * bound for bound in interval if bound is not None]
    between = f" ({low_high[0]:.{digits}f} to {low_high[1]:.{digits}f})" if len(low_high) == 2 else ""
    return f"{100 * value:.{digits}f} %{between}"
