"""NSD and HD95 against brute force and MONAI; misses and false alarms are penalised."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.metrics import compute_hausdorff_distance, compute_surface_dice

from medsegr.errors import ConfigError
from medsegr.evaluation.surface import SurfaceScore, Tolerance, diagonal, outline

MASKS = arrays.arrays(bool, (6, 7))
SPACINGS = st.sampled_from([None, (1.0, 1.0), (0.5, 2.0), (0.3, 0.7)])
TOLERANCE = Tolerance(1.5, 1.5)


def plain_outline(mask: np.ndarray) -> list[tuple[int, ...]]:
    """Pixels of the mask with a neighbour outside, looked up one by one."""

    def inside(place: tuple[int, ...]) -> bool:
        return all(0 <= p < n for p, n in zip(place, mask.shape, strict=True)) and bool(mask[place])

    found = []
    for place in np.argwhere(mask):
        near = [tuple(place + step * np.eye(mask.ndim, dtype=int)[axis]) for axis in range(mask.ndim)
                for step in (-1, 1)]  # fmt: skip
        if not all(inside(tuple(int(p) for p in n)) for n in near):
            found.append(tuple(int(p) for p in place))
    return found


def plain_distances(mask: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> tuple[list, list]:
    """Every pixel against every other."""
    ends = [np.array(plain_outline(m)) * spacing for m in (mask, truth)]
    far = np.linalg.norm(ends[0][:, None] - ends[1][None], axis=-1)
    return list(far.min(1)), list(far.min(0))


@settings(deadline=None, max_examples=60)
@given(MASKS, MASKS, SPACINGS)
def test_it_agrees_with_brute_force_and_monai(mask: np.ndarray, truth: np.ndarray, spacing) -> None:
    assume(mask.any() and truth.any())
    score = SurfaceScore.of(mask, truth, spacing, TOLERANCE)
    there, back = plain_distances(mask, truth, spacing or (1.0, 1.0))
    near = [d <= 1.5 + 1e-6 for d in (*there, *back)]
    assert score.nsd == pytest.approx(np.mean(near))
    assert score.hd95 == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert score.pooled95 == pytest.approx(np.percentile([*there, *back], 95))
    tensors = [torch.from_numpy(m)[None, None].float() for m in (mask, truth)]
    settings_ = {"include_background": True, "spacing": list(spacing or (1.0, 1.0))}
    far = compute_hausdorff_distance(*tensors, percentile=95, **settings_)
    assert score.hd95 == pytest.approx(float(far), rel=1e-5)
    close = compute_surface_dice(*tensors, class_thresholds=[1.5 + 1e-5], **settings_)
    assert score.nsd == pytest.approx(float(close), rel=1e-5)


@settings(deadline=None)
@given(MASKS)
def test_the_outline_is_that_of_the_plain_way(mask: np.ndarray) -> None:
    assert {tuple(int(p) for p in place) for place in outline(mask)} == set(plain_outline(mask))


def test_volumes_have_outlines_too() -> None:
    mask, truth = np.zeros((2, 5, 6, 7), bool)
    mask[1:4, 1:4, 1:4], truth[1:4, 1:5, 2:5] = True, True
    spacing = (3.0, 0.5, 0.5)
    there, back = plain_distances(mask, truth, spacing)
    score = SurfaceScore.of(mask, truth, spacing, Tolerance())
    assert score.hd95 == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert score.unit == "mm"


@settings(deadline=None)
@given(MASKS, MASKS, SPACINGS)
def test_symmetry_range_identity(mask: np.ndarray, truth: np.ndarray, spacing) -> None:
    there, back = (SurfaceScore.of(a, b, spacing, TOLERANCE) for a, b in ((mask, truth), (truth, mask)))
    assert (there.nsd, there.hd95) == (back.nsd, back.hd95)
    assert 0 <= there.nsd <= 1 and 0 <= there.hd95 <= diagonal(mask.shape, spacing or (1.0, 1.0))
    same = SurfaceScore.of(truth, truth, spacing, Tolerance(0, 0))
    assert (same.nsd, same.hd95, same.penalty) == (1.0, 0.0, "")


@settings(deadline=None)
@given(arrays.arrays(bool, (4, 4)), arrays.arrays(bool, (4, 4)), st.integers(1, 5), st.integers(1, 5))
def test_a_shift_of_both_changes_nothing(mask: np.ndarray, truth: np.ndarray, down: int, right: int) -> None:
    placed = []
    for top, left in ((1, 1), (down, right)):
        canvas = np.zeros((2, 12, 12), bool)
        canvas[0, top : top + 4, left : left + 4], canvas[1, top : top + 4, left : left + 4] = mask, truth
        placed.append(SurfaceScore.of(canvas[0], canvas[1], None, TOLERANCE))
    assert placed[0] == placed[1]


def test_a_square_moved_by_three_pixels() -> None:
    mask, truth = np.zeros((2, 40, 40), bool)
    mask[10:20, 10:20], truth[10:20, 13:23] = True, True
    assert SurfaceScore.of(mask, truth, None, Tolerance(px=3)).nsd == 1.0
    assert SurfaceScore.of(mask, truth, None, Tolerance(px=2.9)).nsd < 1.0
    assert SurfaceScore.of(mask, truth, None, Tolerance()).hd95 == 3.0
    # Three pixels of 0.1 mm count as 0.3 mm, whatever the last bit says.
    assert SurfaceScore.of(mask, truth, (0.1, 0.1), Tolerance(mm=0.3)).nsd == 1.0


def test_misses_and_false_alarms_get_the_diagonal() -> None:
    empty, some = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    some[3, 4] = True
    miss, alarm = (SurfaceScore.of(a, b, None, Tolerance()) for a, b in ((empty, some), (some, empty)))
    assert (miss.hd95, miss.nsd, miss.penalty) == (50.0, 0.0, "miss")
    assert (alarm.hd95, alarm.nsd, alarm.penalty) == (50.0, 0.0, "false alarm")
    assert SurfaceScore.of(empty, some, (2.0, 2.0), Tolerance()).hd95 == 100.0
    both = SurfaceScore.of(empty, empty, None, Tolerance())
    assert (both.hd95, both.nsd, both.penalty, both.unit) == (0.0, 1.0, "", "px")


@pytest.mark.parametrize("bad", [-1.0, float("inf"), float("nan")])
def test_tolerances_are_distances(bad: float) -> None:
    with pytest.raises(ConfigError, match="tolerance in px"):
        Tolerance(px=bad)
