"""Windows lie inside the picture, hold what they are around, and map back exactly."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medsegr.inference.crop import Window, bounds_of, longest_side, united, window_around
from medsegr.inference.user_prompt import UserPrompt


@st.composite
def framed_bounds(draw):
    height, width = draw(st.integers(8, 400)), draw(st.integers(8, 400))
    left, top = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
    right, bottom = draw(st.floats(left, width)), draw(st.floats(top, height))
    return (left, top, right, bottom), (height, width)


@st.composite
def masks(draw):
    mask = np.zeros((draw(st.integers(8, 60)), draw(st.integers(8, 60))), bool)
    for _ in range(draw(st.integers(1, 3))):
        mask[draw(st.integers(0, mask.shape[0] - 1)), draw(st.integers(0, mask.shape[1] - 1))] = True
    return mask


@given(framed_bounds(), st.floats(1, 500))
def test_a_window_lies_inside_the_picture_and_holds_its_bounds(case, side):
    bounds, (height, width) = case
    window = window_around(bounds, (height, width), side)
    assert window.left >= 0 and window.top >= 0
    assert window.left + window.width <= width and window.top + window.height <= height
    assert window.left <= bounds[0] and window.left + window.width >= bounds[2]
    assert window.top <= bounds[1] and window.top + window.height >= bounds[3]
    if side >= longest_side(bounds) + 2:
        assert window.width == min(math.ceil(side), width)
        assert window.height == min(math.ceil(side), height)


@given(framed_bounds(), st.floats(1, 500))
def test_a_window_is_centred_where_there_is_room(case, side):
    bounds, frame = case
    window = window_around(bounds, frame, side)
    middles = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    starts, sides = (window.left, window.top), (window.width, window.height)
    for middle, start, length, whole in zip(middles, starts, sides, frame[::-1], strict=True):
        if 0 < start < whole - length:
            assert abs(start + length / 2 - middle) <= 1


@given(masks(), st.floats(1, 80))
def test_what_is_written_in_a_window_lands_where_it_was_cut(mask, side):
    window = window_around(bounds_of(mask), mask.shape, side)
    rebuilt = np.zeros_like(mask)
    window.of(rebuilt)[...] = window.of(mask)
    np.testing.assert_array_equal(rebuilt, mask)
    places = np.stack(np.indices(mask.shape), -1)
    np.testing.assert_array_equal(window.of(places)[0, 0], (window.top, window.left))
    assert window.of(mask).shape == (window.height, window.width)


@given(masks())
def test_bounds_are_tight(mask):
    left, top, right, bottom = map(int, bounds_of(mask))
    inside = mask[top:bottom, left:right]
    assert inside.sum() == mask.sum()
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_united_bounds_hold_both():
    assert united((1, 8, 5, 9), (3, 2, 4, 20)) == (1, 2, 5, 20)


@given(st.floats(0, 100), st.floats(0, 60), st.floats(100.5, 200), st.floats(61, 90), st.floats(1, 300))
def test_a_prompt_in_the_window_is_the_same_place_of_the_picture(x1, y1, x2, y2, side):
    prompt = UserPrompt(points=((x1, y1), (0.0, 0.0)), labels=(1, 0), box=(x1, y1, x2, y2))
    assert prompt.bounds() == (x1, y1, x2, y2)
    window = window_around(prompt.bounds(), (100, 220), side)
    inside = prompt.within(window)
    shift = np.array([window.left, window.top])
    np.testing.assert_allclose(np.array(inside.points[0]) + shift, (x1, y1), atol=1e-9)
    np.testing.assert_allclose(np.array(inside.box) + np.tile(shift, 2), (x1, y1, x2, y2), atol=1e-9)
    kept = window.left == window.top == 0
    assert inside.labels == ((1, 0) if kept else (1,))
    assert all(0 <= x <= window.width and 0 <= y <= window.height for x, y in (*inside.points, inside.box[2:]))


def test_a_prompt_of_which_nothing_is_in_the_window_is_none():
    window = Window(left=20, top=20, width=10, height=10)
    assert UserPrompt(points=((5, 5),), labels=(0,)).within(window) is None
    assert UserPrompt(points=((5, 5),), labels=(0,)).bounds() is None
    assert UserPrompt(points=((25, 22),)).within(window) == UserPrompt(points=((5, 2),), labels=(1,))


@given(st.floats(0, 80), st.floats(0, 40), st.integers(80, 300))
def test_a_prompt_mirrored_twice_is_itself(x, y, width):
    prompt = UserPrompt(points=((x, y),), labels=(0,), box=(x, y, x + 1, y + 1))
    there = prompt.mirrored(width)
    assert there.points[0][0] == width - x
    back = there.mirrored(width)
    np.testing.assert_allclose((*back.points[0], *back.box), (x, y, x, y, x + 1, y + 1), atol=1e-9)
