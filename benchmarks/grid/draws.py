"""Bootstrap by patient of figures that are more than a mean: draws as weights, so that all are reckoned at once."""

from collections.abc import Hashable, Sequence

import numpy as np

from medsegr.evaluation.bootstrap import DRAWS, LEVEL, numbered
from medsegr.evaluation.figures import rounded


def patient_weights(
    groups: Sequence[Hashable], strata: np.ndarray | None = None, draws: int = DRAWS, seed: int = 0
) -> np.ndarray | None:
    """How often each draw holds each finding.

    Whole patients are drawn with replacement, as many as there are.

    Args:
        groups: Whose finding each is.
        strata: Of each finding; patients are drawn within each, so that none grows or shrinks. One by default.
        draws: Resamples.
        seed: The same seed gives the same draws.

    Returns:
        (draws, findings); None where a stratum has fewer than two patients, for nothing can be drawn there.
    """
    rng, found = np.random.default_rng(seed), np.zeros((draws, len(groups)), np.float32)
    of_one = np.zeros(len(groups), int) if strata is None else strata
    for stratum in np.unique(of_one):
        inside = np.flatnonzero(of_one == stratum)
        places, count = numbered([groups[int(place)] for place in inside], len(inside))
        if count < 2:
            return None
        found[:, inside] = rng.multinomial(count, np.full(count, 1 / count), size=draws)[:, places]
    return found if len(groups) else None


def percentiles(values: np.ndarray | None, level: float = LEVEL) -> list[float | None]:
    """An interval as results files have it, of a figure in every draw; draws without one (nan) are left out."""
    known = np.array([]) if values is None else values[np.isfinite(values)]
    if not len(known):
        return []
    return [rounded(bound) for bound in np.quantile(known, [(1 - level) / 2, (1 + level) / 2])]


def ratio(top: np.ndarray, bottom: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """``sum(top) / sum(bottom)`` over findings.

    Args:
        top: (seeds, findings).
        bottom: The same.
        weights: (draws, findings); every finding once by default.

    Returns:
        (seeds,), or (draws, seeds); nan where the bottom is 0.
    """
    above, below = (of.sum(1) if weights is None else weights @ of.T for of in (top, bottom))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below > 0, above / below, np.nan))


def mean_of_sets(values: np.ndarray, sets: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over data sets of their means.

    Args:
        values: (findings,).
        sets: The data set of each.
        weights: (draws, findings), drawn within each set; every finding once by default.

    Returns:
        (), or (draws,).
    """
    means = []
    for name in np.unique(sets):
        inside = sets == name
        drawn = np.ones((1, inside.sum())) if weights is None else weights[:, inside]
        means.append(drawn @ values[inside] / drawn.sum(1))
    found = np.mean(means, axis=0)
    return np.asarray(found[0] if weights is None else found)
