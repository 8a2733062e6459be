"""Does an arm notice that it is asked for something that is not there?

Support of false questions against that of the described findings of the same data, in two ways: at the run's own
threshold, which was fixed before, and at the one that keeps 95 % of these very findings, so that all arms keep as many.
The latter says how far support can tell the two apart; a user gets the former.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.grid.draws import patient_weights, percentiles
from benchmarks.grid.stack import Stack
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.compare import Row
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.support import KEPT, auroc, keeping_threshold

BOTH = "false + foreign"
KINDS = {BOTH: ("false", "foreign"), "false": ("false",), "foreign": ("foreign",), "absent": ("absent",)}
"""Kinds of false questions, as ``medsegr evaluate`` has them; ``absent`` ones, bare names, stand apart."""


def false_query_figures(stack: Stack) -> dict[str, Any] | None:
    """Figures of one arm over some data, the mean over its seeds; None where nothing false was asked.

    ``true``: described findings; ``thresholds``: of the run's own, each once; ``kept``: share of the described findings
    that they keep. For each kind: ``rejected`` by the run's own threshold, ``rejected_at_kept``, share below the
    support that 95 % of the described findings reach, and ``auroc``. Intervals resample patients, and the latter
    threshold with them.
    """
    asked = stack.where(lambda row: row["report"] == "true" and row["support"] != "" and _kind(row) != "")
    kinds = np.array([_kind(row) for row in asked.rows])
    false = np.isin(kinds, KINDS[BOTH])
    if not false.any() or not (kinds == "true").any():
        return None
    support, true = asked.values(lambda row: float(row["support"])), kinds == "true"
    own, groups = asked.own_thresholds, asked.groups
    weights = patient_weights(groups)
    drawn = None if weights is None else [_Drawn(values, true, weights) for values in support]
    return {
        "true": int(true.sum()),
        "thresholds": [rounded(each) for each in np.unique(own[~np.isnan(own)])],
        **_share("kept", support >= own, own, true, groups),
        "kinds": {
            name: {
                **_of_kind(support, true, np.isin(kinds, of), drawn),
                **_share("rejected", support < own, own, np.isin(kinds, of), groups),
            }
            for name, of in KINDS.items()
            if np.isin(kinds, of).any()
        },
    }


def _kind(row: Row) -> str:
    """``true`` for a described finding that is shown; a kind of false question; or nothing."""
    shown = int(row["true_px"]) > 0
    if row["role"] == "described":
        return "true" if shown else ""
    if row["role"] == "named":
        return "" if shown else "absent"
    return row["role"] if row["role"] in KINDS[BOTH] else ""


def _of_kind(
    support: np.ndarray, true: np.ndarray, false: np.ndarray, drawn: Sequence["_Drawn"] | None
) -> dict[str, Any]:
    kept_at = np.array([keeping_threshold(values[true]) for values in support], float)
    each = (support[:, false] < kept_at[:, None]).mean(1)
    areas = [auroc(values[true | false], true[true | false]) for values in support]
    intervals = [None, None] if drawn is None else [
        np.mean([of_seed.rejected(false) for of_seed in drawn], axis=0),
        np.mean([of_seed.auroc(false) for of_seed in drawn], axis=0),
    ]  # fmt: skip
    return {
        "asked": int(false.sum()),
        "rejected_at_kept": rounded(float(each.mean())),
        "interval": percentiles(intervals[0]),
        "of_seeds": [rounded(value) for value in each],
        "auroc": rounded(float(np.mean([area for area in areas if area is not None]))),
        "auroc_interval": percentiles(intervals[1]),
    }


def _share(
    name: str, which: np.ndarray, own: np.ndarray, asked: np.ndarray, groups: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Share of some questions that lie on a side of the run's own threshold; none where that is not known."""
    if np.isnan(own[:, asked]).any():
        return {name: None, f"{name}_interval": []}
    values, of_whom = which[:, asked].mean(0), [group for group, mine in zip(groups, asked, strict=True) if mine]
    interval = bounds(bootstrap_interval(list(values), groups=of_whom))
    return {name: rounded(float(values.mean())), f"{name}_interval": interval}


class _Drawn:
    """One seed's support in every draw of patients."""

    def __init__(self, support: np.ndarray, true: np.ndarray, weights: np.ndarray) -> None:
        self.support, self.weights = support, weights
        order = np.argsort(support[true])
        self.true = support[true][order]
        self.of_true = weights[:, true][:, order]
        self.thresholds = self._thresholds()
        above = np.searchsorted(self.true, support, "left"), np.searchsorted(self.true, support, "right")
        sums = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(self.of_true, 1, dtype=float)], 1)
        total = sums[:, -1:]
        self.beaten = total - (sums[:, above[0]] + sums[:, above[1]]) / 2  # true findings above; ties count half

    def _thresholds(self) -> np.ndarray:
        """As :func:`medsegr.evaluation.support.keeping_threshold` in each draw; nan where no true finding is drawn."""
        sums = np.cumsum(self.of_true, 1, dtype=float)
        place = np.floor((1 - KEPT) * sums[:, -1] + 1e-9)
        found = self.true[(sums > place[:, None]).argmax(1)]
        return np.where(sums[:, -1] > 0, found, np.nan)

    def rejected(self, false: np.ndarray) -> np.ndarray:
        """Share of the false questions below the threshold, (draws,)."""
        below = self.support[false] < self.thresholds[:, None]
        return self._mean(below, false, ~np.isnan(self.thresholds))

    def auroc(self, false: np.ndarray) -> np.ndarray:
        """(draws,)."""
        total = self.of_true.sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._mean(self.beaten[:, false] / total[:, None], false, total > 0)

    def _mean(self, values: np.ndarray, false: np.ndarray, known: np.ndarray) -> np.ndarray:
        weights = self.weights[:, false]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(known, (values * weights).sum(1) / weights.sum(1), np.nan)
