"""Where pictures, masks, maps and points lie in the host's square, and the way back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.square import Square

SIZES = [(128, 256), (256, 128), (97, 301)]
FITS = ["pad", "stretch"]
SIDES = st.integers(8, 300)


def box_in(height: int, width: int) -> np.ndarray:
    """A box above and left of the middle, neither square nor centred."""
    mask = np.zeros((height, width), bool)
    mask[height // 5 : height // 2 + 1, width // 8 : width // 3 + 1] = True
    return mask


def centre(mask: np.ndarray) -> tuple[float, float]:
    """(x, y), with pixel centres at halves."""
    rows, columns = np.nonzero(mask)
    return columns.mean() + 0.5, rows.mean() + 0.5


@pytest.mark.parametrize(
    ("size", "fit", "resized"),
    [
        ((128, 256), "pad", (32, 64)), ((256, 128), "pad", (64, 32)), ((97, 301), "pad", (21, 64)),
        ((128, 256), "stretch", (64, 64)), ((97, 301), "stretch", (64, 64)), ((40, 80), "pad", (32, 64)),
        ((64, 64), "pad", (64, 64)), ((8, 12000), "pad", (1, 64)), ((12000, 8), "pad", (64, 1)),
    ],
)  # fmt: skip
def test_pad_keeps_the_shape_and_stretch_fills_the_square(size, fit, resized):
    square = Square.fit(size, 64, fit)
    assert (square.original, square.resized, square.size) == (size, resized, 64)
    assert square.content == (resized[0] / 64, resized[1] / 64)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from([64, 96]), st.sampled_from(FITS))
def test_a_mask_comes_back_where_it_was(height, width, size, fit):
    mask, square = box_in(height, width), Square.fit((height, width), size, fit)
    small = torch.from_numpy(square.shrunk_mask(mask)).float()
    padded = square.padded(small)
    assert padded.shape == (size, size) and padded[: small.shape[0], : small.shape[1]].equal(small)
    assert padded.sum() == small.sum() > 0
    back = square.logits_out(padded[None] * 20 - 10)[0].numpy() > 0
    assert back.shape == (height, width)
    per_pixel = max(1, height / square.resized[0], width / square.resized[1])
    extent = min(np.ptp(axis) + 1 for axis in np.nonzero(mask)) / per_pixel
    if extent >= 2:  # what is smaller than two pixels of the square may vanish, or move by one
        assert np.abs(np.subtract(centre(back), centre(mask))).max() <= 1.5 * per_pixel


@settings(max_examples=60, deadline=None)
@given(
    SIDES, SIDES, st.sampled_from([32, 64, 256]), st.sampled_from(FITS), st.floats(0.15, 0.85), st.floats(0.15, 0.85)
)
def test_a_click_lies_in_the_square_where_its_mask_comes_back_from(height, width, side, fit, x, y):
    """Points in and logits out agree, at any resolution of the logits."""
    square = Square.fit((height, width), 64, fit)
    spot = torch.tensor([[x * width, y * height]])
    ((column, row),) = square.points_in(spot).tolist()
    assert 0 <= column <= square.resized[1] and 0 <= row <= square.resized[0]
    along = (torch.arange(side) + 0.5) * 64 / side
    logits = -((along[None, :] - column) ** 2 + (along[:, None] - row) ** 2)
    out = square.logits_out(logits[None])[0]
    assert out.shape == (height, width)
    best_row, best_column = np.unravel_index(int(out.argmax()), out.shape)
    cell = 64 / min(side, 64)
    assert abs(best_column + 0.5 - x * width) <= cell * width / square.resized[1] + 1
    assert abs(best_row + 0.5 - y * height) <= cell * height / square.resized[0] + 1


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
def test_corners_go_to_the_corners_of_the_content(size, fit):
    square, (height, width) = Square.fit(size, 64, fit), size
    corners = torch.tensor([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height], [width / 4, height / 2]])
    h, w = square.resized
    expected = torch.tensor([[0.0, 0.0], [w, 0.0], [0.0, h], [w, h], [w / 4, h / 2]])
    torch.testing.assert_close(square.points_in(corners), expected)
    torch.testing.assert_close(square.points_in(corners.view(1, 5, 2))[0], expected)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
def test_pixels_and_masks_shrink_alike(size, fit):
    square, mask = Square.fit(size, 64, fit), box_in(*size)
    shrunk = square.shrunk_pixels(mask.astype(np.float32))
    assert shrunk.dtype == np.uint8 and shrunk.shape == square.resized
    np.testing.assert_array_equal(shrunk >= 128, square.shrunk_mask(mask))
    colour = square.shrunk_pixels(np.stack([mask, ~mask, mask], -1).astype(np.float32))
    assert colour.shape == (*square.resized, 3)
    np.testing.assert_array_equal(colour[..., 0], shrunk)
    np.testing.assert_array_equal(colour[..., 2], shrunk)
    assert (np.abs(colour[..., 1] + shrunk.astype(int) - 255) <= 1).all()
    assert np.abs(np.subtract(centre(shrunk >= 128), square.points_in(torch.tensor([centre(mask)]))[0])).max() < 1


@pytest.mark.parametrize("fit", FITS)
def test_where_nothing_changes_size_nothing_changes(fit):
    square = Square.fit((64, 64), 64, fit)
    planes = torch.rand(1, 3, 64, 64)
    assert square.shrunk(planes) is planes
    assert torch.equal(square.logits_out(planes[0]), planes[0])
    mask = box_in(64, 64)
    np.testing.assert_array_equal(square.shrunk_mask(mask), mask)
    points = torch.tensor([[3.5, 60.25]])
    assert torch.equal(square.points_in(points), points)
    drawn = np.random.default_rng(0).random((16, 16)).astype(np.float32)
    assert square.map_in(drawn) is drawn


@pytest.mark.parametrize("fit", FITS)
def test_tiny_masks_do_not_vanish_when_shrunk(fit):
    mask, square = np.zeros((200, 500), bool), Square.fit((200, 500), 50, fit)
    mask[101, 333] = True
    small = square.shrunk_mask(mask)
    assert small.sum() == 1 and small[int(101 * square.resized[0] / 200), 33]
    assert not square.shrunk_mask(np.zeros((200, 500), bool)).any()
    assert Square.fit((200, 500), 500).shrunk_mask(mask).sum() == 1


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
def test_a_map_of_the_picture_covers_the_picture_in_the_square(size, fit):
    square = Square.fit(size, 256, fit)
    drawn = np.zeros((64, 64), np.float32)
    drawn[:32, 48:] = 1  # the upper half of the rightmost quarter
    laid = square.map_in(drawn)
    assert laid.shape == (64, 64)
    height, width = (max(1, round(64 * share)) for share in square.content)
    assert not laid[height:].any() and not laid[:, width:].any()
    mask = np.zeros(size, bool)
    mask[: size[0] // 2, size[1] * 3 // 4 :] = True
    in_square = square.padded(torch.from_numpy(square.shrunk_mask(mask)).float()).numpy()
    assert np.abs(np.subtract(centre(laid > 0.5), np.divide(centre(in_square > 0), 4))).max() < 1
    whole = square.map_in(np.ones((64, 64), np.float32))
    assert whole[:height, :width].min() == 1 and whole.sum() == height * width


def test_left_stays_left_and_up_stays_up():
    for size in SIZES:
        for fit in FITS:
            square = Square.fit(size, 64, fit)
            small = square.shrunk_mask(box_in(*size))
            x, y = centre(small)
            assert x < small.shape[1] / 3 and y < small.shape[0] / 2
