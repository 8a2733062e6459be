"""Does the support score tell what the image shows from what it does not, and is it to be believed?"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from medsegr.model.thresholds import KEPT

BINS = 10
"""Classes of support of equal width for the reliability diagram."""


def auroc(scores: np.ndarray, shown: np.ndarray) -> float | None:
    """Chance that a finding that is shown, (N,) bool, has a higher score, (N,), than one that is not; ties count half.

    Returns:
        0..1; None where one of the two kinds is missing.

    Source: the Mann-Whitney statistic.
    """
    true, false = int(np.count_nonzero(shown)), int(np.count_nonzero(~shown))
    if not true or not false:
        return None
    ranks = rankdata(scores)[shown].sum()
    return float((ranks - true * (true + 1) / 2) / (true * false))


def reliability(scores: np.ndarray, shown: np.ndarray) -> list[dict[str, float]]:
    """The bins of support that hold a finding, of scores, (N,) in 0..1, and whether each is shown, (N,) bool.

    Of each its bounds, ``low`` and ``high`` (only the last bin holds its upper bound), how many ``findings`` it
    holds, their ``mean_support``, and of them the ``share_shown``.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    places = np.minimum((scores * BINS).astype(int), BINS - 1)
    return [
        {
            "low": float(edges[k]),
            "high": float(edges[k + 1]),
            "findings": int(np.count_nonzero(inside)),
            "mean_support": float(scores[inside].mean()),
            "share_shown": float(shown[inside].mean()),
        }
        for k in range(BINS)
        if (inside := places == k).any()
    ]


def calibration_error(filled: Sequence[Mapping[str, float]]) -> float | None:
    """Expected calibration error: how far support is off the share that is really there, weighted by findings.

    Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    count = sum(each["findings"] for each in filled)
    off = sum(each["findings"] * abs(each["mean_support"] - each["share_shown"]) for each in filled)
    return off / count if count else None


def brier(scores: np.ndarray, shown: np.ndarray) -> float | None:
    """Mean squared distance of support from 1 (shown) or 0 (not shown); None of nothing."""
    return float(np.mean((scores - shown) ** 2)) if len(scores) else None


def keeping_threshold(true_scores: np.ndarray, kept: float = KEPT) -> float | None:
    """The highest score that at least this share of the true findings reach; None of nothing."""
    if not len(true_scores):
        return None
    return float(np.sort(true_scores)[int(np.floor((1 - kept) * len(true_scores) + 1e-9))])
