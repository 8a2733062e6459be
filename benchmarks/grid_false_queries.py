"""Does an arm notice that it is asked for something that is not there?

Support of false questions against that of the described findings of the same data. The threshold that keeps 95 % of
these is taken from the very findings that it is reckoned on: no scores of a validation split are kept. So it says how
far support can tell them apart, not what a user would get; that is what ``rejected`` at the model's own threshold says.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.grid_draws import patient_weights, percentiles
from benchmarks.grid_stack import Stack
from medsegr.evaluation.compare import Row
from medsegr.evaluation.figures import rounded
from medsegr.evaluation.support import KEPT, auroc, keeping_threshold

BOTH = "false + foreign"
KINDS = {BOTH: ("false", "foreign"), "false": ("false",), "foreign": ("foreign",), "absent": ("absent",)}
"""Kinds of false questions, as ``medsegr evaluate`` has them; ``absent`` ones, bare names, stand apart."""


def false_query_figures(stack: Stack) -> dict[str, Any] | None:
    """Figures of one arm over some data, the mean over its seeds; None where nothing false was asked.

    ``true``: described findings; ``kept``: share of them at or above the model's own threshold. For each kind:
    ``rejected_at_kept``, share below the support that 95 % of them reach, ``rejected``, below the model's own
    threshold, and ``auroc``; intervals resample patients, the threshold with them.
    """
    asked = stack.where(lambda row: row["report"] == "true" and row["support"] != "" and _kind(row) != "")
    kinds = np.array([_kind(row) for row in asked.rows])
    false = np.isin(kinds, KINDS[BOTH])
    if not false.any() or not (kinds == "true").any():
        return None
    support, true = asked.values(lambda row: float(row["support"])), kinds == "true"
    own = np.array([np.nan if each is None else each for each in asked.thresholds], float)
    weights = patient_weights(asked.groups)
    drawn = None if weights is None else [_Drawn(values, true, weights) for values in support]
    return {
        "true": int(true.sum()),
        "kept": _share(support[:, true] >= own[:, None], own),
        "kinds": {
            name: _of_kind(support, true, np.isin(kinds, of), own, drawn)
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
    support: np.ndarray, true: np.ndarray, false: np.ndarray, own: np.ndarray, drawn: Sequence["_Drawn"] | None
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
        "rejected": _share(support[:, false] < own[:, None], own),
    }


def _share(which: np.ndarray, own: np.ndarray) -> float | None:
    return None if np.isnan(own).any() else rounded(float(which.mean()))


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
