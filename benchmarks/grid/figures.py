"""Scores of the grid's runs -> figures: Dice and differences, false questions, confusion, the wrong object drawn.

Nothing is averaged over two origins of reports or two families of data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.grid.arms import SILENT
from benchmarks.grid.dice import baselines_of, dice_figures, difference_figures
from benchmarks.grid.false_queries import false_query_figures
from benchmarks.grid.groups import ALL, FAMILIES, Group, groups_of
from benchmarks.grid.mix_ups import confusion_figures, wrong_object_figures
from benchmarks.grid.scores import MODES
from benchmarks.grid.stack import Scores, Stack, as_asked, in_family, joined, stacked
from medsegr.evaluation.answer import ORIGINS

__all__ = ["Scores", "grid_figures", "joined"]


def grid_figures(scores: Scores) -> dict[str, Any]:
    """Origin of the reports -> family of data -> figures of each arm.

    ``asked``: way of asking -> group -> arm -> Dice over findings that the image shows: ``dice`` with its
    ``interval`` over patients, ``of_seeds``, their mean ``mean_of_seeds`` and deviation ``sd_of_seeds``, ``to_X``:
    the arm less baseline X, over the seeds that both have, and for reports as they are ``to_names_alone``: the arm
    less itself when it is told the findings' names and no words about them. ``false_queries``, ``confusion`` and
    ``wrong_object``: group -> arm -> figures of :mod:`benchmarks.grid.false_queries` and
    :mod:`benchmarks.grid.mix_ups`.
    """
    answers, found = _Answers(scores), {}
    for origin in ORIGINS:
        families = {family: _of_family(answers, origin, family) for family in FAMILIES}
        families = {family: figures for family, figures in families.items() if figures}
        if families:
            found[origin] = families
    return found


class _Answers:
    """Seeds side by side, each choice of them and each part of their answers made once."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self._whole: dict[tuple[str, tuple[int, ...]], Stack] = {}
        self._parts: dict[tuple[str, tuple[int, ...], str, str], Stack] = {}

    def of(self, arm: str, seeds: Sequence[int], origin: str, family: str) -> Stack:
        """An arm's answers to reports of one origin, on one family of data."""
        key = arm, tuple(seeds)
        if key not in self._whole:
            self._whole[key] = stacked(arm, self.scores[arm], seeds)
        part = *key, origin, family
        if part not in self._parts:
            self._parts[part] = in_family(self._whole[key], origin, family)
        return self._parts[part]

    def common(self, arm: str, other: str) -> list[int]:
        """Seeds that two arms have."""
        return [seed for seed in self.scores[arm] if seed in self.scores.get(other, {})]


def _of_family(answers: _Answers, origin: str, family: str) -> dict[str, Any] | None:
    stacks = {arm: answers.of(arm, list(runs), origin, family) for arm, runs in answers.scores.items()}
    stacks = {arm: stack for arm, stack in stacks.items() if stack.rows}
    shown = [row for stack in stacks.values() for row in stack.rows if _shown(row)]
    if not shown:
        return None
    hosts = {
        arm: answers.of("host", common, origin, family)
        for arm, stack in stacks.items()
        if arm != "host" and (common := answers.common(arm, "host")) and len(common) == len(stack.answers)
    }
    wrong = {} if family == "real" else {"wrong_object": wrong_object_figures(stacks)}
    return {
        "asked": {
            mode: {group.name: _of_group(answers, stacks, (origin, family), group, mode)
                   for group in groups_of(family, [row for row in shown if row["report"] == "true"])}
            for mode in MODES
        },
        "false_queries": _false_queries(stacks),
        "confusion": confusion_figures(stacks, hosts),
        **wrong,
    }  # fmt: skip


def _shown(row: Mapping[str, str]) -> bool:
    return int(row["true_px"]) > 0


def _of_group(
    answers: _Answers, stacks: Mapping[str, Stack], part: tuple[str, str], group: Group, mode: str
) -> dict[str, Any]:
    def chosen(stack: Stack, mode: str = mode) -> Stack:
        return stack.where(lambda row: row["report"] == mode and _shown(row) and group.test(row))

    found: dict[str, Any] = {}
    for arm, stack in stacks.items():
        mine = chosen(stack)
        if not mine.rows:
            continue
        found[arm] = dice_figures(mine, group)
        if mode == "true" and arm not in SILENT and (silent := chosen(stack, "none")).rows:
            found[arm]["to_names_alone"] = difference_figures(as_asked(silent, mode), mine, group)
        for baseline in baselines_of(arm):
            if common := answers.common(arm, baseline):
                pair = [chosen(answers.of(name, common, *part)) for name in (baseline, arm)]
                difference = difference_figures(pair[0], pair[1], group)
                found[arm][f"to_{baseline}"] = {"seeds": len(common), **difference}
    return found


def _false_queries(stacks: Mapping[str, Stack]) -> dict[str, Any]:
    """Over a whole family, and for each of its data sets."""
    sets = sorted({row["data"] for stack in stacks.values() for row in stack.rows})
    groups = [(ALL, sets), *((f"data {name}", [name]) for name in sets if len(sets) > 1)]
    found: dict[str, Any] = {}
    for group, names in groups:
        of_arms = {arm: false_query_figures(stack.on(names)) for arm, stack in stacks.items()}
        if any(of_arms.values()):
            found[group] = {arm: figures for arm, figures in of_arms.items() if figures}
    return found
