"""Two measurements of the same findings: is the difference real, and how large is it?

The difference is second minus first. Its interval resamples patients with all their findings. Wilcoxon's test and
the effect sizes need values that do not depend on each other, so they are of the mean difference of each patient.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata, wilcoxon

from medsegr.evaluation.bootstrap import bootstrap_interval, numbered
from medsegr.evaluation.figures import bounds, rounded


def paired_figures(
    first: Sequence[float], second: Sequence[float], groups: Sequence[Hashable], seed: int = 0
) -> dict[str, Any] | None:
    """Means, difference with interval, Wilcoxon's p, and effect sizes; None of nothing.

    Returns:
        ``wilcoxon_p`` is 1 where no patient differs. ``cohens_dz`` is None for fewer than two patients, and where
        all differ by the same amount.
    """
    if not len(first):
        return None
    change = np.asarray(second, float) - np.asarray(first, float)
    of_patient = group_means(change, groups)
    return {
        "findings": len(change),
        "patients": len(of_patient),
        "first": rounded(float(np.mean(first))),
        "second": rounded(float(np.mean(second))),
        "difference": rounded(float(change.mean())),
        "interval": bounds(bootstrap_interval(list(change), seed=seed, groups=groups)),
        "better": int(np.sum(of_patient > 0)),
        "worse": int(np.sum(of_patient < 0)),
        "wilcoxon_p": float(f"{wilcoxon_p(of_patient):.3g}"),  # three significant digits: a small p is not rounded to 0
        "cohens_dz": rounded(cohens_dz(of_patient)),
        "rank_biserial": rounded(rank_biserial(of_patient)),
    }


def group_means(values: np.ndarray, groups: Sequence[Hashable]) -> np.ndarray:
    """Mean of each group, in the order of their first value."""
    places, count = numbered(groups, len(values))
    return np.bincount(places, values, count) / np.bincount(places, minlength=count)


def wilcoxon_p(differences: np.ndarray) -> float:
    """Two-sided p of Wilcoxon's signed-rank test; zeros are left out, and 1 where there is nothing else."""
    return float(wilcoxon(differences[differences != 0]).pvalue) if np.any(differences) else 1.0


def cohens_dz(differences: np.ndarray) -> float | None:
    """Mean difference in units of its standard deviation; None where that is zero or unknown."""
    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    return float(np.mean(differences)) / spread if spread > 1e-12 else None


def rank_biserial(differences: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation, -1..1: ranks in favour minus ranks against, by all ranks.

    Source: D. Kerby, "The simple difference formula", Comprehensive Psychology 3, 2014.
    """
    known = differences[differences != 0]
    if not len(known):
        return 0.0
    ranks = rankdata(np.abs(known))
    return float((ranks[known > 0].sum() - ranks[known < 0].sum()) / ranks.sum())
