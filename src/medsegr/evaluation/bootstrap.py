"""How sure a figure is: intervals by resampling whole patients.

Findings of one patient resemble each other, so patients (cases where nobody knows the patients) are
drawn with replacement, each with all its findings.

Source: B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Stat. 7, 1979; percentile intervals.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

DRAWS = 1000
LEVEL = 0.95
_AT_ONCE = 1_000_000
"""Indices held in memory at once."""

Interval = tuple[float, float]


def bootstrap_interval(
    values: Sequence[float], draws: int = DRAWS, seed: int = 0, groups: Sequence[Hashable] | None = None
) -> Interval | None:
    """Percentile interval of a mean, which holds :data:`LEVEL` of the resampled means.

    Args:
        values: One per finding.
        groups: Whose finding each is; every value stands for itself by default.

    Returns:
        Low and high; None for fewer than two groups.
    """
    return ratio_interval(values, np.ones(len(values)), groups, draws, seed)


def ratio_interval(
    numerators: Sequence[float] | np.ndarray,
    denominators: Sequence[float] | np.ndarray,
    groups: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of ``sum(numerators) / sum(denominators)``: a Dice over the set, lesions found of lesions.

    Resamples whose denominators sum to 0 are left out.

    Returns:
        Low and high; None for fewer than two groups, or when no resample can be told.
    """
    places, count = numbered(groups, len(numerators))
    if count < 2:
        return None
    above = np.bincount(places, np.asarray(numerators, float), count)
    below = np.bincount(places, np.asarray(denominators, float), count)
    totals = [(above[drawn].sum(1), below[drawn].sum(1)) for drawn in _drawn(count, draws, seed)]
    top, bottom = (np.concatenate([pair[i] for pair in totals]) for i in (0, 1))
    return _percentiles(top[bottom > 0] / bottom[bottom > 0])


def statistic_interval(statistic: Callable[[np.ndarray], float | None], groups: Sequence[Hashable]) -> Interval | None:
    """Percentile interval of any figure.

    Args:
        statistic: Indices of findings, repeated as they were drawn -> the figure, or None where it cannot be told.
        groups: Whose finding each is.
    """
    places, count = numbered(groups, len(groups))
    if count < 2:
        return None
    members = [np.flatnonzero(places == group) for group in range(count)]
    found = [
        statistic(np.concatenate([members[group] for group in row]))
        for drawn in _drawn(count, DRAWS, 0)
        for row in drawn
    ]
    return _percentiles(np.array([value for value in found if value is not None]))


def numbered(groups: Sequence[Hashable] | None, count: int) -> tuple[np.ndarray, int]:
    """Groups as numbers in the order of their first value, and how many there are."""
    if groups is None:
        return np.arange(count), count
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(group, len(numbers)) for group in groups], int)
    return places, len(numbers)


def _drawn(count: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """(some draws, count) numbers of groups, until all draws are made."""
    rng, step = np.random.default_rng(seed), max(1, _AT_ONCE // count)
    for start in range(0, draws, step):
        yield rng.integers(count, size=(min(step, draws - start), count))


def _percentiles(values: np.ndarray) -> Interval | None:
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
