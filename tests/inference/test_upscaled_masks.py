"""Masks that are scaled up inside their box are those of the whole picture, pixel for pixel."""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.inference.upscaled_masks import Later, Upscaled
from medsegr.square import Square

SIDES = st.integers(8, 150)


def blobs(seed, side, spread):
    """Logits (2, side, side): smooth, lopsided, some of them nowhere above zero."""
    noise = torch.randn(2, 1, 6, 6, generator=torch.Generator().manual_seed(seed))
    smooth = F.interpolate(noise, (side, side), mode="bicubic")[:, 0]
    return smooth * spread - torch.linspace(0, 3, side)[None, :, None]


@settings(max_examples=80, deadline=None)
@given(
    SIDES, SIDES, st.sampled_from([16, 32, 64, 128]), st.sampled_from(["pad", "stretch"]), st.integers(0, 999),
    st.sampled_from([0.0, 1e-6, 0.2, 0.5, 0.9, 1.0]), st.sampled_from([0.3, 4.0, 60.0]),
)  # fmt: skip
def test_masks_are_those_of_the_whole_picture(height, width, side, fit, seed, threshold, spread):
    upscaled = Upscaled(blobs(seed, side, spread), Square.fit((height, width), 64, fit))
    whole = upscaled.all()
    for k in range(2):
        np.testing.assert_array_equal(upscaled.of(k), whole[k])
        np.testing.assert_array_equal(upscaled.mask(k, threshold), whole[k] >= threshold)


@pytest.mark.parametrize("fit", ["pad", "stretch"])
@pytest.mark.parametrize("size", [(90, 61), (40, 200), (64, 64), (300, 211)])
@pytest.mark.parametrize("side", [16, 64, 128])
def test_the_whole_is_bilinear_interpolation(size, side, fit):
    square, logits = Square.fit(size, 64, fit), blobs(3, side, 5.0)
    inside = F.interpolate(logits[:, None], (64, 64), mode="bilinear", align_corners=False)
    content = inside[..., : square.resized[0], : square.resized[1]]
    expected = F.interpolate(content, size, mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(square.logits_out(logits), expected, rtol=1e-5, atol=1e-4)


def test_a_part_is_computed_alone(monkeypatch):
    logits = torch.full((1, 64, 64), -9.0)
    logits[0, 10:14, 40:50] = 5.0
    seen = []
    whole = Square.logits_out
    monkeypatch.setattr(Square, "logits_out", lambda *given: seen.append(whole(*given).shape[1:]) or whole(*given))
    mask = Upscaled(logits, Square.fit((640, 640), 64)).mask(0, 0.5)
    assert mask.sum() > 3000 and seen == [(60, 120)], "four rows and ten columns, and a cell around them"
    assert not Upscaled(torch.full((1, 64, 64), -9.0), Square.fit((640, 640), 64)).mask(0, 0.5).any()
    assert len(seen) == 1, "nothing is computed where nothing is"


def test_an_array_for_later_is_made_once_and_can_be_sent():
    later = Later(partial(np.zeros, (2, 3)))
    assert later.array() is later.array()
    sent = pickle.loads(pickle.dumps(Later(partial(np.ones, (2, 3)))))
    assert sent.array().sum() == 6
