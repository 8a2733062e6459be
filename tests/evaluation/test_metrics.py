"""Overlap against MONAI and against all pixels together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.metrics import compute_dice, compute_iou

from medsegr.errors import ConfigError
from medsegr.evaluation.metrics import Overlap, dice, mean

MASKS = arrays.arrays(bool, (5, 7))


@settings(deadline=None)
@given(MASKS, MASKS)
def test_dice_and_iou_agree_with_monai(mask: np.ndarray, truth: np.ndarray) -> None:
    tensors = [torch.from_numpy(m)[None, None].float() for m in (mask, truth)]
    assert dice(mask, truth) == pytest.approx(float(compute_dice(*tensors, ignore_empty=False)))
    expected = float(compute_iou(*tensors, ignore_empty=False))
    assert Overlap.of(mask, truth).iou == pytest.approx(expected)


@settings(deadline=None)
@given(MASKS, MASKS)
def test_overlap_is_symmetric_within_range_and_one_for_the_same(mask: np.ndarray, truth: np.ndarray) -> None:
    there, back = Overlap.of(mask, truth), Overlap.of(truth, mask)
    assert (there.dice, there.iou) == (back.dice, back.iou)
    assert 0 <= there.iou <= there.dice <= 1
    assert there.iou == pytest.approx(there.dice / (2 - there.dice))
    assert Overlap.of(truth, truth).dice == Overlap.of(truth, truth).iou == 1.0


@settings(deadline=None)
@given(MASKS, MASKS, st.integers(0, 4), st.integers(0, 6))
def test_overlap_does_not_depend_on_the_place(mask: np.ndarray, truth: np.ndarray, down: int, right: int) -> None:
    moved = [np.roll(m, (down, right), (0, 1)) for m in (mask, truth)]
    assert Overlap.of(*moved) == Overlap.of(mask, truth)


def test_misses_false_alarms_and_shapes() -> None:
    empty, full, half = np.zeros((4, 4), bool), np.ones((4, 4), bool), np.arange(16).reshape(4, 4) < 8
    assert Overlap.of(empty, full).missed and Overlap.of(empty, full).left_empty
    assert not Overlap.of(empty, full).false_alarm
    beside = Overlap.of(~half, half)
    assert beside.missed and not beside.left_empty and beside.dice == 0
    assert Overlap.of(full, empty).false_alarm and Overlap.of(empty, empty).dice == Overlap.of(empty, empty).iou == 1.0
    with pytest.raises(ConfigError, match=r"\(4, 4\) cannot be scored against one of shape \(2, 2\)"):
        Overlap.of(full, np.ones((2, 2), bool))
    assert mean([]) is None


@pytest.mark.parametrize(
    ("counts", "missed", "left_empty", "false_alarm"),
    [
        ((0, 0, 0), False, False, False),
        ((0, 0, 5), True, True, False),
        ((0, 4, 5), True, False, False),
        ((1, 4, 5), False, False, False),
        ((0, 4, 0), False, False, True),
    ],
)
def test_what_is_missed_left_empty_or_a_false_alarm(counts, missed, left_empty, false_alarm):
    """Only something to be found can be missed; only where nothing is, an outline is a false alarm."""
    overlap = Overlap(*counts)
    assert (overlap.missed, overlap.left_empty, overlap.false_alarm) == (missed, left_empty, false_alarm)
