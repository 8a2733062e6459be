"""Counting lesions against a flood fill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from medsegr.evaluation.lesions import LesionCount

MASKS = arrays.arrays(bool, (6, 8))


def flood(mask: np.ndarray) -> list[set[tuple[int, ...]]]:
    """Connected components, corners included, by walking."""
    left, found = {tuple(map(int, p)) for p in np.argwhere(mask)}, []
    while left:
        queue, component = [left.pop()], set()
        while queue:
            place = queue.pop()
            component.add(place)
            near = [q for q in left if max(abs(a - b) for a, b in zip(place, q, strict=True)) <= 1]
            left -= set(near)
            queue += near
        found.append(component)
    return found


@settings(deadline=None)
@given(MASKS, MASKS)
def test_it_agrees_with_a_flood_fill(mask: np.ndarray, truth: np.ndarray) -> None:
    lesions, outlined = flood(truth), flood(mask)
    found = sum(sum(mask[p] for p in lesion) >= 0.1 * len(lesion) for lesion in lesions)
    false = sum(sum(truth[p] for p in each) < 0.1 * len(each) for each in outlined)
    assert LesionCount.of(mask, truth) == LesionCount(len(lesions), found, len(outlined), false)


@settings(deadline=None)
@given(MASKS, MASKS)
def test_range_and_identity(mask: np.ndarray, truth: np.ndarray) -> None:
    count = LesionCount.of(mask, truth)
    assert 0 <= count.found <= count.true and 0 <= count.false <= count.predicted
    same = LesionCount.of(truth, truth)
    assert same.found == same.true == same.predicted and same.false == 0


def test_a_tenth_is_enough_and_less_is_not() -> None:
    truth, mask = np.zeros((2, 20, 40), bool)
    truth[5:10, 5:9] = True  # 20 pixels
    truth[15, 30] = True
    mask[5, 5:7] = True  # two of the twenty
    mask[0:2, 20:30] = True
    assert LesionCount.of(mask, truth) == LesionCount(true=2, found=1, predicted=2, false=1)
    mask[5, 6] = False
    assert LesionCount.of(mask, truth).found == 0


@pytest.mark.parametrize("shape", [(5, 6), (3, 5, 6)])
def test_corners_connect_and_empties_count_nothing(shape: tuple[int, ...]) -> None:
    empty, corner = np.zeros(shape, bool), np.zeros(shape, bool)
    corner[(0,) * len(shape)] = corner[(1,) * len(shape)] = True
    assert LesionCount.of(corner, corner) == LesionCount(1, 1, 1, 0)
    assert LesionCount.of(empty, corner) == LesionCount(1, 0, 0, 0)
    assert LesionCount.of(corner, empty) == LesionCount(0, 0, 1, 1)
    assert LesionCount.of(empty, empty) == LesionCount(0, 0, 0, 0)
