"""Pictures as a host wants them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from medsegr.backbones.catalogue import wrap_host
from medsegr.backbones.preprocess import check_images, to_pixels
from medsegr.errors import ImageError
from medsegr.square import Square
from tests.random_hosts import random_sam, random_sam2
from tests.raw_pixels import RAW
from tests.views import view_of

SPEC = replace(RAW, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def test_content_lies_at_the_top_left_and_the_rest_is_zero():
    pixels = to_pixels(np.full((40, 80), 0.9, np.float32), Square.fit((40, 80), 64), SPEC)
    assert pixels.shape == (3, 64, 64)
    assert torch.allclose(pixels[:, :32], torch.tensor((0.9 - 0.5) / 0.25))
    assert (pixels[:, 32:] == 0).all(), "the padding is the mean"
    stretched = to_pixels(np.full((40, 80), 0.9, np.float32), Square.fit((40, 80), 64, "stretch"), SPEC)
    assert torch.allclose(stretched, torch.tensor((0.9 - 0.5) / 0.25))


def test_left_stays_left_and_up_stays_up():
    image = np.zeros((97, 301), np.float32)
    image[:30, :100] = 1
    for fit, height in (("pad", 20), ("stretch", 64)):
        pixels = to_pixels(image, Square.fit((97, 301), 64, fit), SPEC)[0]
        assert pixels[3, 5] > 0 > max(pixels[3, 60], pixels[height - 3, 5])


def test_colour_keeps_its_channels():
    image = np.zeros((8, 8, 3), np.float32)
    image[..., 2] = 1
    pixels = to_pixels(image, Square.fit((8, 8), 32), SPEC)
    assert pixels[2].max() > 0 > pixels[0].min()
    spec = replace(SPEC, mean=(0.0, 0.25, 0.5), std=(1.0, 0.5, 0.25))
    grey = to_pixels(np.full((8, 12), 0.75), Square.fit((8, 12), 12), spec)
    assert torch.allclose(grey[:, :8], torch.tensor([0.75, 1.0, 1.0])[:, None, None])


def test_colour_keeps_its_place():
    image = np.zeros((40, 80, 3), np.float32)
    image[8:12, 56:64, 1] = 1
    spec = replace(SPEC, mean=(0.0,) * 3, std=(1.0,) * 3)
    pixels = to_pixels(image, Square.fit((40, 80), 80), spec)
    assert pixels[1].nonzero().amin(0).tolist() == [8, 56] and pixels[1].nonzero().amax(0).tolist() == [11, 63]
    assert not pixels[[0, 2]].any()


def test_the_default_type_changes_nothing():
    image, square = np.random.default_rng(0).random((20, 30)), Square.fit((20, 30), 16)
    before = to_pixels(image, square, SPEC)
    torch.set_default_dtype(torch.float64)
    try:
        assert to_pixels(image, square, SPEC).dtype == torch.float32
        assert torch.equal(to_pixels(image, square, SPEC), before)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("shape", [(4, 4, 2), (4, 4, 4), (4,), (2, 4, 4, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ImageError, match=r"expected \(H, W\) or \(H, W, 3\)"):
        check_images([np.zeros((4, 4), np.float32), np.zeros(shape, np.float32)])


@pytest.mark.parametrize(("host", "fit"), [(random_sam, "pad"), (random_sam2, "stretch")])
def test_a_host_lays_pictures_into_its_square_and_says_where(host, fit):
    backbone = wrap_host(host())
    images = [
        np.random.default_rng(0).random(shape).astype(np.float32) for shape in ((128, 256), (256, 128), (97, 301))
    ]
    views = [view_of("chest_xray", frame="image"), view_of("brain_mri"), view_of()]
    pixels, placed = backbone.preprocess(images, views)
    assert placed == views, "where a picture lies does not change what it shows"
    for image, square, view in zip(images, pixels, placed, strict=True):
        assert view.square == backbone.square(image.shape) == Square.fit(image.shape, backbone.image_size, fit)
        assert torch.equal(square, to_pixels(image, view.square, backbone.spec))
    _, unknown = backbone.preprocess(images)
    assert [view.square for view in unknown] == [view.square for view in placed]
    assert {(view.modality, view.sides) for view in unknown} == {(None, "one")}
