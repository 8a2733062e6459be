"""Scores of the grid's runs -> figures: Dice over cases and seeds, and paired differences to the baselines.

A finding's Dice is its mean over the seeds; intervals resample patients, so they say how sure a figure is
over cases. How far it depends on the seed is told apart: by the figure of each seed, and their deviation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.grid_arms import BASELINES
from benchmarks.grid_scores import MODES
from medsegr.errors import InputError
from medsegr.evaluation.answer import ORIGINS
from medsegr.evaluation.bootstrap import bootstrap_interval, statistic_interval
from medsegr.evaluation.compare import Row, pair_rows
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.paired import paired_figures
from medsegr.evaluation.run_files import Run
from medsegr.evaluation.strata import OVERLAPS, SIZES

Scores = Mapping[str, Mapping[int, Run]]
"""Arm -> seed -> all its scores."""

DISTRACTORS = ("place", "texture", "form", "mixed")
"""Suites of phantoms in which several objects of one target compete and differ in one aspect or in several."""

MEAN_OF_SETS = "mean of the data sets"


def joined(name: str, runs: Sequence[Run]) -> Run:
    """The scores of one model on several data sets as one."""
    return Run(name, {"data": [run.record for run in runs]}, tuple(row for run in runs for row in run.rows))


def mean_over_seeds(runs: Mapping[int, Run], seeds: Sequence[int]) -> Run:
    """A run whose Dice is that of several seeds on average, finding by finding.

    Raises:
        InputError: The seeds were not asked for the same findings and truths.
    """
    chosen = [runs[seed] for seed in seeds]
    keyed = [{(r["data"], r["case"], r["finding"], r["report"]): r for r in run.rows} for run in chosen]
    if any(rows.keys() != keyed[0].keys() for rows in keyed) or any(
        rows[key]["truth"] != row["truth"] for key, row in keyed[0].items() for rows in keyed
    ):
        raise InputError(
            f"The seeds of '{chosen[0].name}' were scored on other findings. Delete the folder 'scores' of every run."
        )
    dice = {key: float(np.mean([float(rows[key]["dice"]) for rows in keyed])) for key in keyed[0]}
    return Run(chosen[0].name, chosen[0].record, tuple({**r, "dice": str(dice[k])} for k, r in keyed[0].items()))


def grid_figures(scores: Scores) -> dict[str, Any]:
    """Origin of the reports -> way of asking -> group -> arm -> figures. Origins are never averaged.

    ``all`` and the groups of suites, sizes, overlaps and data sets hold findings that the image shows. Each arm has
    ``dice`` with its ``interval`` over cases, ``of_seeds``, their mean ``mean_of_seeds`` and deviation ``sd_of_seeds``,
    and ``to_host`` and ``to_late``: the arm less that baseline, over the seeds that both have.
    """
    means, found = _Means(scores), {}
    for origin in ORIGINS:
        rows = [row for arm, runs in scores.items() for row in means.rows(arm, list(runs), origin)]
        if rows:
            found[origin] = {
                mode: {name: _group(means, origin, (name, test), mode) for name, test in groups_of(rows).items()}
                for mode in MODES
            }
    return found


class _Means:
    """Means over seeds, each made once."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self._made: dict[tuple[str, tuple[int, ...]], Run] = {}

    def rows(self, arm: str, seeds: Sequence[int], origin: str) -> list[Row]:
        """Of findings of one origin that the image shows."""
        key = arm, tuple(seeds)
        if key not in self._made:
            run = mean_over_seeds(self.scores[arm], seeds)
            self._made[key] = Run(run.name, run.record, tuple(row for row in run.rows if int(row["true_px"])))
        return [row for row in self._made[key].rows if row["origin"] == origin]

    def run(self, arm: str, seeds: Sequence[int], origin: str, test: Callable[[Row], bool]) -> Run:
        """The rows that a test lets through, as a run."""
        return Run(arm, {}, tuple(row for row in self.rows(arm, seeds, origin) if test(row)))


def groups_of(rows: Sequence[Row]) -> dict[str, Callable[[Row], bool]]:
    """Name of a group -> whether a finding is in it; groups that would be empty or hold everything are left out."""

    def one_of(field: str, *values: str) -> Callable[[Row], bool]:
        return lambda row: row[field] in values

    suites, sets = sorted({row["suite"] for row in rows} - {""}), sorted({row["data"] for row in rows})
    named = {"all": lambda _: True, "distractors": one_of("suite", *DISTRACTORS)}
    named |= {f"suite {suite}": one_of("suite", suite) for suite in suites}
    named |= {f"size {size}": one_of("size", size) for size in SIZES}
    named |= {f"overlap {overlap}": one_of("overlap", overlap) for overlap in OVERLAPS}
    named |= {MEAN_OF_SETS: lambda _: True} if len(sets) > 1 else {}
    named |= {f"data {name}": one_of("data", name) for name in sets} if len(sets) > 1 else {}
    return {
        name: test
        for name, test in named.items()
        if any(map(test, rows)) and (name in ("all", MEAN_OF_SETS) or not all(map(test, rows)))
    }


def _group(means: _Means, origin: str, group: tuple[str, Callable[[Row], bool]], mode: str) -> dict[str, Any]:
    of_sets = group[0] == MEAN_OF_SETS

    def chosen(arm: str, seeds: Sequence[int]) -> Run:
        return means.run(arm, seeds, origin, lambda row: row["report"] == mode and group[1](row))

    found: dict[str, Any] = {}
    for arm, runs in means.scores.items():
        whole = chosen(arm, list(runs))
        if not whole.rows:
            continue
        found[arm] = _of_arm(whole, [chosen(arm, [seed]) for seed in runs], of_sets)
        for baseline in BASELINES:
            common = [seed for seed in runs if seed in means.scores.get(baseline, {})]
            if arm != baseline and common:
                pair = chosen(baseline, common), chosen(arm, common)
                found[arm][f"to_{baseline}"] = {"seeds": len(common), **_difference(*pair, of_sets)}
    return found


def _of_arm(whole: Run, of_seeds: Sequence[Run], of_sets: bool) -> dict[str, Any]:
    dice, groups, sets = _columns(whole)
    each = [_mean(*_columns(run)[::2], of_sets) for run in of_seeds]
    return {
        "findings": len(dice),
        "patients": len(set(groups)),
        "dice": rounded(_mean(dice, sets, of_sets)),
        "interval": _interval(dice, groups, sets, of_sets),
        "of_seeds": [rounded(value) for value in each],
        "mean_of_seeds": rounded(float(np.mean(each))),
        "sd_of_seeds": rounded(float(np.std(each, ddof=1))) if len(each) > 1 else None,
    }


def _difference(first: Run, second: Run, of_sets: bool) -> dict[str, Any]:
    """Second minus first, finding by finding."""
    pairs = pair_rows(first, second)
    one, other = ([float(getattr(p, which)["dice"]) for p in pairs] for which in ("first", "second"))
    groups = [p.group for p in pairs]
    found = paired_figures(one, other, groups) or {}
    kept = {key: found[key] for key in ("findings", "difference", "interval", "wilcoxon_p", "cohens_dz")}
    if not of_sets:
        return kept
    change, sets = np.array(other) - np.array(one), np.array([data for data, _ in groups])
    difference = rounded(_mean(change, sets, True))
    return {"findings": len(pairs), "difference": difference, "interval": _interval(change, groups, sets, True)}


def _columns(run: Run) -> tuple[np.ndarray, list[tuple[str, str]], np.ndarray]:
    """Dice, whose finding it is, and of which data set."""
    dice = np.array([float(row["dice"]) for row in run.rows])
    return dice, [(r["data"], r["patient"]) for r in run.rows], np.array([r["data"] for r in run.rows])


def _mean(values: np.ndarray, sets: np.ndarray, of_sets: bool) -> float:
    """Mean over findings, or over data sets of their means."""
    if not of_sets:
        return float(values.mean())
    return float(np.mean([values[sets == name].mean() for name in np.unique(sets)]))


def _interval(
    values: np.ndarray, groups: Sequence[tuple[str, str]], sets: np.ndarray, of_sets: bool
) -> list[float | None]:
    if not of_sets:
        return bounds(bootstrap_interval(list(values), groups=groups))
    return bounds(statistic_interval(lambda drawn: _mean(values[drawn], sets[drawn], True), groups))
