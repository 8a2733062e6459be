import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from medsegr.explain.stroke import Line, Paths, draw, outlines

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def inside(paths: Paths, shape: tuple[int, int]) -> np.ndarray:
    """Which pixels' centres the chains enclose: a ray to the left of those meets them an odd number of times."""
    rows, columns = (np.indices(shape) + 0.5)[:, :, :, None]
    times = np.zeros(shape, int)
    for chain in (paths.chain(number) for number in range(len(paths.starts) - 1)):
        (x1, y1), (x2, y2) = chain[:-1].T, chain[1:].T
        meets = (y1 <= rows) != (y2 <= rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            times += (meets & (x1 + (rows - y1) / (y2 - y1) * (x2 - x1) < columns)).sum(2)
    return times % 2 == 1


@settings(deadline=None)
@given(MASKS)
def test_an_outline_encloses_the_mask_and_nothing_else(mask):
    around = outlines(mask)
    assert bool(around) == mask.any()
    np.testing.assert_array_equal(inside(around, mask.shape), mask)
    for number in range(len(around.starts) - 1):
        np.testing.assert_array_equal(around.chain(number)[0], around.chain(number)[-1])


@settings(deadline=None)
@given(MASKS, st.integers(2, 5))
def test_detail_that_nobody_sees_is_left_out_but_no_part(mask, step):
    fine = np.kron(mask, np.ones((step, step), bool))
    around = outlines(fine, float(step))
    np.testing.assert_array_equal(inside(Paths(around.points / step, around.starts), mask.shape), mask)


def test_a_thin_line_keeps_its_outline():
    mask = np.zeros((200, 300), bool)
    mask[37, 20:280] = True
    around = outlines(mask, 10.0).points
    assert around[:, 0].min() == pytest.approx(20, abs=10) and around[:, 0].max() == pytest.approx(280, abs=10)
    assert abs(around[:, 1] - 37).max() <= 10


@pytest.mark.parametrize("step", [*range(1, 31), 60])
def test_a_single_pixel_of_a_huge_picture_keeps_its_outline(step):
    mask = np.zeros((3 * step, 4 * step), bool)
    mask[step, 2 * step] = True
    np.testing.assert_allclose(outlines(mask, float(step)).points.mean(0), (2.5 * step, 1.5 * step), atol=step)


def drawn(paths: Paths, line: Line, shape=(40, 60)) -> np.ndarray:
    """Shares of ink, 0..1."""
    canvas = np.full((*shape, 3), 255, np.uint8)
    draw(canvas, paths, line)
    return 1 - canvas[..., 0] / 255


@settings(deadline=None)
@given(st.floats(1, 6), st.floats(15, 25), st.floats(15, 25))
def test_a_line_has_its_width_and_place(width, y1, y2):
    ink = drawn(Paths.of((-10, y1), (70, y2)), Line("#000000", width))
    length = np.hypot(80, y2 - y1) * 60 / 80
    assert ink.sum() == pytest.approx(width * length, rel=0.06)
    middle = (ink * (np.arange(40)[:, None] + 0.5)).sum(0) / ink.sum(0)
    np.testing.assert_allclose(middle, y1 + (np.arange(60) + 10.5) / 80 * (y2 - y1), atol=0.1)


def test_edges_are_smooth_and_a_rim_darkens_what_lies_under_it():
    canvas = np.full((21, 50, 3), 200, np.uint8)
    draw(canvas, Paths.of((0, 10.5), (50, 10.5)), Line("#FF0000", 3.0, rim=2.0, rim_shade=0.5))
    np.testing.assert_allclose(canvas[[10, 7, 0], 25], [(255, 0, 0), (100, 100, 100), (200, 200, 200)], atol=3)
    slanted = drawn(Paths.of((0, 0), (60, 40)), Line("#000000", 3.0))
    assert ((slanted > 0.1) & (slanted < 0.9)).sum() > 50


def test_dashes_have_their_lengths():
    ink = drawn(Paths.of((-2, 20), (70, 20)), Line("#000000", 3.0, dash=(8.0, 4.0)))[19] > 0.5
    changes = np.flatnonzero(np.diff(ink.astype(int)))
    assert set(np.diff(changes[::2])) == {12} and set(np.diff(changes)) <= {3, 4, 5, 7, 8, 9}


def test_a_dash_begins_every_chain():
    """Else parts that are shorter than a gap would not be seen."""
    places = [(6 + 12 * column, 6 + 12 * row) for row in range(3) for column in range(4)]
    specks = np.concatenate([[(x, y), (x + 1, y), (x, y + 1), (x, y)] for x, y in places]).astype(float)
    ink = drawn(Paths(specks, np.arange(0, 4 * len(places) + 1, 4)), Line("#000000", 3.0, dash=(12.0, 9.0)))
    assert all(ink[y, x] > 0.5 for x, y in places)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), min_size=2, max_size=6))
def test_what_leaves_the_canvas_is_left_out(points):
    """The same as a part of a larger canvas."""
    line, shift = Line("#000000", 3.6, rim=2.0), 310
    large = drawn(Paths.of(*((x + shift, y + shift) for x, y in points)), line, (650, 650))
    small = drawn(Paths.of(*points), line)
    np.testing.assert_allclose(small, large[shift : shift + 40, shift : shift + 60], atol=0.03)
