"""Planes speak to each other: what hangs together stays, the only small lesion always, specks beside a large one go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from medsegr.cognition.priors import Finding, Location, Shape
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.plane_consistency import SPECK, is_several, settled

IN_SPACE = np.array([[[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.ones((3, 3)), [[0, 0, 0], [0, 1, 0], [0, 0, 0]]], int)
"""Neighbours of a voxel: eight in its plane, one above and one below."""


def after(mask: np.ndarray, passes, shown: int = 0, **several) -> np.ndarray:
    return settled(PackedMask.of(mask), list(passes), shown, **several).unpacked()


def blank(planes: int = 7) -> np.ndarray:
    return np.zeros((planes, 40, 60), bool)


@st.composite
def volumes(draw: st.DrawFn) -> tuple[np.ndarray, list[bool], int]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((draw(st.integers(2, 6)), 9, 12)) > draw(st.floats(0.5, 0.97))
    return mask, (rng.random(len(mask)) > draw(st.floats(0, 1))).tolist(), int(rng.integers(len(mask)))


@settings(max_examples=60, deadline=None)
@given(volumes())
def test_several_keep_exactly_what_hangs_together_with_a_plane_that_passes(case) -> None:
    mask, passes, shown = case
    bodies, _ = ndimage.label(mask, IN_SPACE)
    held = np.unique(bodies[np.array(passes)])
    np.testing.assert_array_equal(after(mask, passes, shown, several=True), mask & np.isin(bodies, held[held > 0]))


@settings(max_examples=60, deadline=None)
@given(volumes())
def test_only_small_single_plane_parts_are_specks(case) -> None:
    mask, passes, shown = case
    kept, all_kept = after(mask, passes, shown), after(mask, passes, shown, several=True)
    assert not (kept & ~all_kept).any()
    bodies, count = ndimage.label(mask, IN_SPACE)
    sizes = ndimage.sum_labels(mask, bodies, range(1, count + 1)) if count else np.zeros(0)
    for body in np.unique(bodies[all_kept & ~kept]):
        planes = np.unique(np.nonzero(bodies == body)[0])
        assert len(planes) == 1 and planes[0] != shown and sizes[body - 1] <= SPECK * sizes.max()
    assert kept.any() == all_kept.any(), "something is left where something was"
    if passes[shown]:
        np.testing.assert_array_equal(kept[shown], mask[shown])


@settings(max_examples=40, deadline=None)
@given(volumes())
def test_a_volume_upside_down_or_mirrored_keeps_the_same(case) -> None:
    mask, passes, shown = case
    kept = after(mask, passes, shown)
    turned = after(mask[::-1].copy(), passes[::-1], len(mask) - 1 - shown)
    np.testing.assert_array_equal(turned[::-1], kept)
    np.testing.assert_array_equal(after(mask[..., ::-1].copy(), passes, shown)[..., ::-1], kept)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6), st.integers(0, 38), st.integers(0, 57), st.integers(1, 3))
def test_the_only_small_lesion_stays_wherever_it_lies(plane, row, column, side) -> None:
    mask = blank()
    mask[plane, row : row + side, column : column + side] = True
    passes = [place == plane for place in range(7)]
    np.testing.assert_array_equal(after(mask, passes, plane), mask)


def test_a_weak_plane_goes_on_with_its_neighbours_and_not_beyond() -> None:
    mask = blank()
    mask[1:5, 10:20, 10:30] = True
    mask[3, 30:34, 50:55] = True  # of a weak plane, and by itself
    mask[6, 10:20, 10:30] = True  # weak, and plane 5 has nothing
    kept = after(mask, [False, False, True, False, False, False, False], 2)
    expected = blank()
    expected[1:5, 10:20, 10:30] = True
    np.testing.assert_array_equal(kept, expected)


def test_a_speck_goes_only_beside_a_larger_part() -> None:
    mask = blank()
    mask[1:5, 5:35, 5:35] = True
    mask[0, 0, 50] = True
    speck = mask.copy()
    mask[0, 0, 50] = False
    passes = [True] * 7
    np.testing.assert_array_equal(after(speck, passes, 2), mask)
    np.testing.assert_array_equal(after(speck, passes, 0), speck)
    np.testing.assert_array_equal(after(speck, passes, 2, several=True), speck)
    alone = blank()
    alone[0, 0, 50] = True
    np.testing.assert_array_equal(after(alone, passes, 2), alone)
    two = speck.copy()
    two[1, 0, 50] = True  # in two planes it is none
    np.testing.assert_array_equal(after(two, passes, 2), two)


def test_nothing_passes_nothing_stays() -> None:
    mask = blank()
    mask[2:4, 3:9, 3:9] = True
    assert not after(mask, [False] * 7).any()
    assert not after(mask[:1] | True, [False]).any() and after(mask[:1] | True, [True]).all()


@pytest.mark.parametrize(
    ("finding", "several"),
    [
        (Finding("nodule"), False),
        (Finding("nodule", shape=Shape(count=1)), False),
        (Finding("nodule", shape=Shape(count=2)), True),
        (Finding("nodule", shape=Shape(count="multiple")), True),
        (Finding("nodule", location=Location("bilateral")), True),
        (Finding("nodule", location=Location("left")), False),
    ],
)
def test_words_that_mean_several(finding, several) -> None:
    assert is_several(finding) == several
