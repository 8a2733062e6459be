"""Pictures into the host's square and masks back out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.backbones.preprocess import logits_to_original, to_square
from medsegr.errors import ImageError

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 300), st.integers(8, 300), st.sampled_from([64, 96]))
def test_a_mask_comes_back_where_it_was(height, width, size):
    mask = np.zeros((height, width), np.float32)
    mask[height // 4 : height // 2 + 1, width // 3 : width // 2 + 1] = 1
    square, (box,) = to_square([mask], size, (0.0,) * 3, (1.0,) * 3)
    back = logits_to_original(square[:, 0] * 20 - 10, box)[0].numpy() > 0
    assert back.shape == (height, width)
    rows, columns = np.nonzero(back)
    truth = np.nonzero(mask)
    tolerance = 1.5 * max(1, max(height, width) / size)
    extent = min(np.ptp(axis) + 1 for axis in truth) * size / max(height, width)
    assert len(rows) or extent < 2, "only what is smaller than two pixels of the square may vanish"
    if len(rows):
        assert abs(rows.mean() - truth[0].mean()) <= tolerance
        assert abs(columns.mean() - truth[1].mean()) <= tolerance


def test_content_lies_at_the_top_left_and_the_rest_is_zero():
    image = np.full((40, 80), 0.9, np.float32)
    square, (box,) = to_square([image], 64, MEAN, STD)
    assert box.resized == (32, 64)
    assert torch.allclose(square[0, :, :32], torch.tensor((0.9 - 0.5) / 0.25))
    assert (square[0, :, 32:] == 0).all()


def test_left_stays_left():
    image = np.zeros((64, 64), np.float32)
    image[:, :20] = 1
    square, _ = to_square([image], 64, MEAN, STD)
    assert square[0, 0, 10, 5] > 0 > square[0, 0, 10, 60]


def test_colour_keeps_its_channels():
    image = np.zeros((8, 8, 3), np.float32)
    image[..., 2] = 1
    square, _ = to_square([image], 32, MEAN, STD)
    assert square[0, 2].max() > 0 > square[0, 0].min()


def test_colour_keeps_its_place():
    image = np.zeros((40, 80, 3), np.float32)
    image[8:12, 56:64, 1] = 1
    square, _ = to_square([image], 80, (0.0,) * 3, (1.0,) * 3)
    assert square[0, 1].nonzero().amin(0).tolist() == [8, 56] and square[0, 1].nonzero().amax(0).tolist() == [11, 63]
    assert not square[0, [0, 2]].any()


def test_other_shapes_are_refused():
    with pytest.raises(ImageError, match=r"expected \(H, W\) or \(H, W, 3\)"):
        to_square([np.zeros((4, 4, 2), np.float32)], 32, MEAN, STD)
