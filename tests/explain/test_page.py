import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, features

from medsegr.explain.page import DPI, Page
from medsegr.explain.placed_picture import PlacedPicture, outline_line
from medsegr.explain.png_file import png_of
from medsegr.explain.stroke import Line, Paths
from medsegr.explain.typeface import Letters

PICTURES = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12).map(lambda shape: (*shape, 3)))


def opened(page: Page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.png())))


@settings(deadline=None)
@given(PICTURES)
def test_a_file_holds_the_pixels(rgb):
    with Image.open(io.BytesIO(png_of(rgb, DPI))) as picture:
        assert picture.mode == "RGB" and picture.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
        np.testing.assert_array_equal(np.asarray(picture), rgb)


def test_points_are_two_pixels():
    page = Page(50, 30)
    page.bar((10, 5, 20, 3), "#FF0000")
    red = (opened(page) == (255, 0, 0)).all(2)
    assert red.shape == (60, 100) and red[10:16, 20:60].all() and red.sum() == 240


def test_text_lies_between_its_ends_and_on_its_baseline():
    page, letters = Page(200, 40), Letters(10)
    page.put(20, 25, "HELP", letters)
    page.put(150, 25, "HELP", letters, centred=True)
    ink = opened(page).min(2) < 128
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert rows[-1] in (49, 50) and 34 <= rows[0] <= 36
    width = letters.width("HELP")
    first = columns[columns < 2 * (20 + width) + 1]
    assert 40 <= first[0] <= 44 and first[-1] >= 2 * (20 + width) - 5
    assert (columns[columns > first[-1]][0] + columns[-1]) / 4 == pytest.approx(150, abs=1.5)


@given(
    st.text(max_size=40) | st.text("\u05d0\u0627\u0661a1 \n\r\x1e\x85\u2029\u200f\ud800\U0010ffff", max_size=9),
    st.floats(0, 120),
)
@settings(deadline=None)
def test_any_text_can_be_written_and_stays_in_its_room(text, x):
    page = Page(160, 30)
    page.put(x, 20, text, Letters(8), room=max(160 - x - 4, 10))
    (written,) = page.texts
    assert written.letters.width(written.text) <= max(160 - x - 4, 10) or written.text == "…"
    assert opened(page).shape == (60, 320, 3)


@pytest.mark.skipif(not features.check("raqm"), reason="Pillow has no raqm here, which orders such letters")
@pytest.mark.parametrize("text", ["\u05d0\u05dc", "\u0627\u0644"])
def test_letters_from_right_to_left_stand_in_that_order(text):
    def columns(written: str) -> np.ndarray:
        page = Page(100, 40)
        page.put(10, 25, written, Letters(12))
        return 255 - opened(page).min(2)

    both = columns(text)
    np.testing.assert_array_equal(both, columns("\u202e" + text))  # told to run leftwards
    assert (both != columns("\u202d" + text)).any()  # told to run rightwards


def test_tags_have_round_corners():
    page = Page(30, 20)
    page.tag((5, 5, 20, 10), "#000000", radius=3)
    dark = opened(page)[..., 0] < 128
    assert dark[10:30, 16:44].all() and dark[16:24, 10:50].all() and not dark[10, 10] and not dark[29, 49]
    assert dark[10:30, 10:50].sum() == dark.sum() == pytest.approx(20 * 40 - (4 - np.pi) * 36, abs=8)


@pytest.mark.parametrize("shape", [(20, 30), (7, 90), (500, 31)])
def test_what_is_drawn_over_a_picture_lies_where_the_pictures_pixels_do(shape):
    page = Page(300, 300)
    placed = PlacedPicture(page, (40, 30, 200, 150), shape)
    mask = np.zeros(shape, bool)
    mask[: shape[0] // 2, shape[1] // 3 :] = True
    placed.show(Image.fromarray(np.uint8(80) * mask))
    page.lines(placed.outline(mask), Line("#FFFFFF", 1.5))
    seen = opened(page)
    rows, columns = np.nonzero((seen[60:360, 80:480] == (255, 255, 255)).all(2))
    np.testing.assert_allclose([columns.min(), columns.max()], [shape[1] // 3 / shape[1] * 400, 399], atol=2)
    np.testing.assert_allclose([rows.min(), rows.max()], [0, shape[0] // 2 / shape[0] * 300], atol=2)


def test_an_outline_is_closed_at_the_pictures_edge():
    page, mask = Page(100, 100), np.zeros((20, 20), bool)
    mask[:5, 8:12] = True
    placed = PlacedPicture(page, (10, 10, 80, 80), (20, 20))
    page.lines(placed.outline(mask), outline_line("#FF0000"))
    red = (opened(page) == (255, 0, 0)).all(2)
    assert red[19:22, 86:114].any(0).all()
    assert not placed.outline(np.zeros((20, 20), bool))


def test_a_rectangle_stays_inside_its_picture():
    page = Page(100, 100)
    PlacedPicture(page, (20, 30, 60, 40), (40, 60)).rectangle((-50, 10, 30, 500), Line("#FF0000", 2.0))
    red = (opened(page) == (255, 0, 0)).all(2)
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    np.testing.assert_allclose([columns[0], columns[-1], rows[0], rows[-1]], [38, 101, 78, 141], atol=1)


def test_lines_are_in_points():
    page = Page(50, 50)
    page.lines(Paths.of((10, 20), (40, 20)), Line("#000000", 4.0))
    dark = opened(page)[..., 0] < 128
    assert dark[36:44, 40].all() and dark[:, 40].sum() == 8


@pytest.mark.parametrize("width", [2.0, 10.0, 40.0, 300.0])
def test_the_letters_of_the_sides_are_apart_and_the_patients_right_is_at_the_left(width):
    page = Page(400, 60)
    PlacedPicture(page, (20, 10, width, 40), (40, 10)).side_letters(9)
    right, left = page.texts
    assert (right.text, left.text) == ("R", "L")
    assert right.x + right.letters.width("R") < 20 + width / 2 < left.x
    if width == 300:
        assert right.x == pytest.approx(26) and left.x + left.letters.width("L") == pytest.approx(314)
