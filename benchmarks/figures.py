"""Answers -> figures with intervals: one way from rows to every table.

A finding's figure is its mean over the seeds. Intervals hold 95 % and draw whole patients with replacement, for a mean
over data sets within each of them (``scipy.stats.bootstrap``, percentiles). Nothing is averaged over two families of
data or two origins of reports.

Source: B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Stat. 7, 1979.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import DegenerateDataWarning, bootstrap

from medsegr.evaluation.bootstrap import DRAWS, LEVEL
from medsegr.evaluation.support import auroc, keeping_threshold

QUESTION = ["data", "case", "finding"]
FALSE_KINDS = {"false + foreign": ("false", "foreign"), "false": ("false",), "foreign": ("foreign",),
               "absent": ("absent",)}  # fmt: skip
"""Kinds of questions about what is not there, as ``medsegr evaluate`` has them; ``absent`` ones are bare names."""

Statistic = Callable[..., np.ndarray]


class Figure(NamedTuple):
    """A figure, its interval (nan where nothing can be drawn), and what it was reckoned from."""

    value: float
    low: float = float("nan")
    high: float = float("nan")
    count: int = 0

    @property
    def side(self) -> int:
        """1 where the interval lies above 0, -1 where it lies below, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def interval(statistic: Statistic, patients: Sequence[int], vectorized: bool = True) -> tuple[float, float]:
    """Of a statistic of drawn patients; draws in which it cannot be told (nan) are left out.

    Args:
        statistic: Numbers of patients, (..., n) for each set, ``axis`` -> figures (...); see ``scipy.stats.bootstrap``.
        patients: How many each set has; nan where one has fewer than two, for then nothing can be drawn.
        vectorized: Whether the statistic takes all draws at once.
    """
    if not patients or min(patients) < 2:
        return float("nan"), float("nan")
    draw = {"n_resamples": DRAWS, "method": "percentile", "vectorized": vectorized, "axis": -1, "rng": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # of draws without a figure, which are left out below
        found = bootstrap([np.arange(count) for count in patients], statistic, **draw)
    low, high = np.nanquantile(found.bootstrap_distribution, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


class Ratio:
    """``sum(top) / sum(bottom)`` over findings, the mean over the seeds; of data sets, the mean over these.

    Args:
        rows: Answers.
        top: A column.
        bottom: Another; the number of findings by default.
        of_sets: Whether each data set counts the same, whatever its size.
    """

    def __init__(self, rows: pd.DataFrame, top: str, bottom: str | None = None, of_sets: bool = False) -> None:
        self.count = len(rows.drop_duplicates([*QUESTION]))
        told = rows.assign(top=rows[top].astype(float), bottom=1.0 if bottom is None else rows[bottom].astype(float))
        told["seed"] = told.get("seed", 0)
        sums = told.groupby(["data", "patient", "seed"], sort=False)[["top", "bottom"]].sum()
        wide = sums.unstack("seed", fill_value=0.0)
        sets = [of_set for _, of_set in wide.groupby(level=0, sort=False)] if of_sets else [wide]
        self.sets = [(of_set["top"].to_numpy(), of_set["bottom"].to_numpy()) for of_set in sets]
        self.patients = [len(top_sums) for top_sums, _ in self.sets]

    def __call__(self, *drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        """The figure of drawn patients."""
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = [top[i].sum(-2) / bottom[i].sum(-2) for (top, bottom), i in zip(self.sets, drawn, strict=True)]
        return np.mean(shares, axis=(0, -1))

    def figure(self, beside: "Ratio | None" = None) -> Figure:
        """The figure, or its ratio to another of the same patients, both drawn together."""

        def told(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
            return self(*drawn) if beside is None else self(*drawn) / beside(*drawn)

        value = float(told(*(np.arange(count) for count in self.patients)))
        return Figure(value, *interval(told, self.patients), self.count)


def ratio(rows: pd.DataFrame, top: str, bottom: str | None = None, of_sets: bool = False) -> Figure | None:
    """:class:`Ratio` with its interval; None of nothing."""
    return Ratio(rows, top, bottom, of_sets).figure() if len(rows) else None


def difference(after: pd.DataFrame, before: pd.DataFrame, column: str = "dice", of_sets: bool = False) -> Figure | None:
    """A column of some answers less that of others, finding by finding, over the seeds that both have.

    Returns:
        None where they have no question in common.
    """
    seeds = {*after.seed} & {*before.seed}
    one, other = (rows[rows.seed.isin(seeds)].groupby([*QUESTION], sort=False) for rows in (before, after))
    both = (
        other[["patient"]].first().join(other[column].mean()).join(one[column].mean(), rsuffix="_before", how="inner")
    )
    both["change"] = both[column] - both[f"{column}_before"]
    return ratio(both.reset_index(), "change", of_sets=of_sets)


def per_image(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each image, target, way of asking and run, with the Dice of all its findings together."""
    first = rows.drop_duplicates(["data", "case", "target", "report", "arm", "seed"])
    return first.assign(dice=first.image_dice)


def false_queries(rows: pd.DataFrame, at_kept: bool = True) -> dict[str, dict[str, Figure]] | None:
    """Does a model notice that it is asked for what is not there? None where nothing false was asked.

    ``kept``: the share of described findings above the model's own thresholds; and for each kind of false question
    ``rejected`` by these; ``at_kept``, below the support that 95 % of the described findings of the same data reach,
    which is taken anew in each draw; and ``auroc`` of support.

    Args:
        rows: Of one arm.
        at_kept: Whether the latter two are reckoned, which takes a while.
    """
    asked = rows[(rows.report == "true") & rows.support.notna()].copy()
    role = asked.role.where(asked.role != "named", "absent")
    true = (role == "described") & asked.shown
    asked = asked.assign(kind=role.where(~true, "true"), kept=asked.support >= asked.threshold)
    asked = asked[true | (role.isin(["false", "foreign"])) | ((role == "absent") & ~asked.shown)]
    asked["rejected"] = ~asked.kept
    if not asked.kind.isin(FALSE_KINDS["false + foreign"]).any() or not (asked.kind == "true").any():
        return None
    found: dict[str, dict[str, Figure]] = {"kept": {"kept": ratio(asked[asked.kind == "true"], "kept")}}
    for name, kinds in FALSE_KINDS.items():
        false = asked[asked.kind.isin(kinds)]
        if len(false):
            more = _at_kept(asked[asked.kind.isin([*kinds, "true"])]) if at_kept else {}
            found[name] = {"rejected": ratio(false, "rejected"), **more}
    return found


def _at_kept(asked: pd.DataFrame) -> dict[str, Figure]:
    index = ["data", "patient", "case", "finding", "kind"]
    wide = asked.pivot_table(index=index, columns="seed", values="support", sort=False)
    support, true = wide.to_numpy().T, wide.index.get_level_values("kind") == "true"
    patients = wide.groupby(["data", "patient"], sort=False).ngroup().to_numpy()
    members = [np.flatnonzero(patients == number) for number in range(patients.max() + 1)]

    def rejected(drawn: np.ndarray, axis: int = -1) -> float:
        places = np.concatenate([members[number] for number in drawn])
        kept, false = support[:, places[true[places]]], support[:, places[~true[places]]]
        if not kept.size or not false.size:
            return float("nan")
        return float(np.mean([(row < keeping_threshold(own)).mean() for own, row in zip(kept, false, strict=True)]))

    bounds = interval(rejected, [len(members)], vectorized=False)
    areas = [area for row in support if (area := auroc(row, true)) is not None]
    count = int((~true).sum())
    return {"at_kept": Figure(rejected(np.arange(len(members))), *bounds, count),
            "auroc": Figure(float(np.mean(areas)), count=count)}  # fmt: skip


def by_name(rows: pd.DataFrame) -> dict[str, dict[str, Figure]]:
    """Names of one data set and arm -> ``dice`` of what is there, mean support of it (``there``) and of the name where
    nothing of it is (``absent``), and ``auroc`` of the two; what was not asked is left out."""
    found = {}
    for target, mine in rows[(rows.report == "true") & rows.told].groupby("target", sort=True):
        there, absent = mine[mine.shown], mine[~mine.shown]
        area = auroc(mine.support.to_numpy(), mine.shown.to_numpy())
        figures = {"dice": ratio(there, "dice"), "there": ratio(there, "support"), "absent": ratio(absent, "support"),
                   "auroc": None if area is None else Figure(area, count=len(mine))}  # fmt: skip
        found[str(target)] = {name: figure for name, figure in figures.items() if figure is not None}
    return found


def confusion(rows: pd.DataFrame, host: pd.DataFrame | None) -> dict[str, Figure]:
    """Share of outlined pixels that belong to another class and not to the structure that is meant; and to the host's.

    Args:
        rows: Of one arm and one or several data sets, whose mean it is.
        host: The same of the host without a report; None for the host itself.
    """
    mine = Ratio(rows, "other_class_px", "predicted_px", of_sets=True)
    found = {"share": mine.figure()}
    if host is not None and (base := Ratio(host, "other_class_px", "predicted_px", of_sets=True)).figure().value > 0:
        found["to_host"] = mine.figure(base)
    return found


def wrong_object(rows: pd.DataFrame) -> dict[str, Figure]:
    """Share of cases in which more of a mask lies on the competitors than on the object meant, and of those missed.

    Args:
        rows: Described findings of one arm that the image shows, in cases where several objects compete.
    """
    told = rows.assign(wrong=rows.competitor_px > rows.both_px, missed=rows.both_px == 0)
    return {name: ratio(told, name) for name in ("wrong", "missed")}
