"""Dice of the arms over cases and seeds, and paired differences to the baselines, for one group of findings.

A finding's Dice is its mean over the seeds; intervals resample patients, so they say how sure a figure is
over cases. How far it depends on the seed is told apart: by the figure of each seed, and their deviation.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.grid.arms import BASELINES
from benchmarks.grid.draws import mean_of_sets, patient_weights, percentiles
from benchmarks.grid.groups import Group
from benchmarks.grid.stack import Stack, paired
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.compare import Row
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.paired import paired_figures


def baselines_of(arm: str) -> list[str]:
    """Arms that an arm is compared with: all baselines, and the full model where it lacks a part of it."""
    others = [*BASELINES, *(["full"] if arm.startswith("no-") else [])]
    return [other for other in others if other != arm]


def dice_figures(stack: Stack, group: Group) -> dict[str, Any]:
    """``dice`` with its ``interval`` over patients; the figure of each seed, their mean and deviation.

    Args:
        stack: Answers of the group.
        group: How they are counted; ``findings`` are images and targets where they count per image.
    """
    stack, of_sets = _counted(stack, group), group.of_sets
    dice = stack.values(_read(group))
    over_seeds, sets = dice.mean(0), stack.sets
    each = [_mean(values, sets, of_sets) for values in dice]
    return {
        "findings": len(over_seeds),
        "patients": len(set(stack.groups)),
        "dice": rounded(_mean(over_seeds, sets, of_sets)),
        "interval": _interval(over_seeds, stack, of_sets),
        "of_seeds": [rounded(value) for value in each],
        "mean_of_seeds": rounded(float(np.mean(each))),
        "sd_of_seeds": rounded(float(np.std(each, ddof=1))) if len(each) > 1 else None,
    }


def difference_figures(first: Stack, second: Stack, group: Group) -> dict[str, Any]:
    """Second minus first, finding by finding or image by image, over seeds that both have.

    Raises:
        InputError: No common finding, or other truths.
    """
    one, other = (_counted(stack, group) for stack in paired(first, second))
    before, after = (stack.values(_read(group)).mean(0) for stack in (one, other))
    if group.of_sets:
        change = after - before
        return {
            "findings": len(change),
            "difference": rounded(_mean(change, one.sets, True)),
            "interval": _interval(change, one, True),
        }
    found: Mapping[str, Any] = paired_figures(list(before), list(after), one.groups) or {}
    return {key: found[key] for key in ("findings", "difference", "interval", "wilcoxon_p", "cohens_dz")}


def _counted(stack: Stack, group: Group) -> Stack:
    return stack.per_image() if group.per_image else stack


def _read(group: Group) -> Callable[[Row], float]:
    return image_dice if group.per_image else lambda row: float(row["dice"])


def image_dice(row: Row) -> float:
    """Dice of all findings of the row's target in its image, taken together.

    Answers from before that was measured are of findings that are the only one of their target.
    """
    if not row["image_true_px"]:
        return float(row["dice"])
    return Overlap(*(int(row[f"image_{part}_px"]) for part in ("both", "predicted", "true"))).dice


def _mean(values: np.ndarray, sets: np.ndarray, of_sets: bool) -> float:
    return float(mean_of_sets(values, sets) if of_sets else values.mean())


def _interval(values: np.ndarray, stack: Stack, of_sets: bool) -> list[float | None]:
    """Of the mean over sets, patients are drawn within each; none where a set has fewer than two."""
    if not of_sets:
        return bounds(bootstrap_interval(list(values), groups=stack.groups))
    weights = patient_weights(stack.groups, stack.sets)
    return percentiles(None if weights is None else mean_of_sets(values, stack.sets, weights))
