"""The tiny host: its norms, and the neck that refines its finer maps (nothing at first, learned later)."""

import pytest
import torch
from torch import nn

from medsegr.backbones.catalogue import build_host
from medsegr.backbones.tiny import TinyConfig, TinyEncoder
from medsegr.errors import ConfigError
from tests.random_hosts import random_sam

SIZES = {"image_size": 64, "widths": (8, 8, 16, 16, 16), "depths": (1, 1, 1, 1), "dim": 32}


def test_a_fresh_way_up_adds_nothing_and_then_learns_at_both_strides():
    torch.manual_seed(0)
    encoder = TinyEncoder(TinyConfig(**SIZES, refined=4)).eval()
    pixels = torch.rand(2, 3, 64, 64)
    with_it = encoder(pixels)
    way_up, encoder.neck.way_up = encoder.neck.way_up, None
    without = encoder(pixels)
    assert torch.equal(with_it.features, without.features)
    for one, other in zip(with_it.high_resolution, without.high_resolution, strict=True):
        assert torch.equal(one, other)
    encoder.neck.way_up = way_up
    sum(level.square().sum() for level in encoder(pixels).high_resolution).backward()
    for out in (way_up.finer, way_up.finest):
        assert out.weight.grad.abs().max() > 0
        torch.nn.init.ones_(out.weight)
    changed = encoder(pixels).high_resolution
    assert [tuple(level.shape) for level in changed] == [(2, 4, 32, 32), (2, 8, 16, 16)]
    assert all(not torch.equal(one, other) for one, other in zip(changed, without.high_resolution, strict=True))


@pytest.mark.parametrize("refined", [0, 4])
def test_the_sizes_say_whether_there_is_a_way_up(refined):
    backbone = build_host("tiny", config={**SIZES, "refined": refined})
    assert backbone.model.config.refined == refined
    assert (backbone.model.vision_encoder.neck.way_up is not None) == bool(refined)


def test_by_default_each_picture_is_normed_by_itself():
    torch.manual_seed(0)
    encoder = TinyEncoder(TinyConfig(**SIZES)).train()
    assert not [m for m in encoder.modules() if isinstance(m, nn.BatchNorm2d)]
    dark, bright = torch.rand(1, 3, 64, 64), 5 + torch.rand(1, 3, 64, 64)
    alone, together = encoder(dark), encoder(torch.cat([dark, bright]))
    torch.testing.assert_close(together.features[:1], alone.features, atol=1e-4, rtol=1e-3)
    per_batch = TinyEncoder(TinyConfig(**SIZES, norm="batch")).train()
    apart = per_batch(torch.cat([dark, bright])).features[:1] - per_batch(dark).features
    assert apart.abs().max() > 0.1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"norm": "layer"}, "norm is 'layer'"),
        ({"image_size": 32}, "from 64"),
        ({"image_size": 72}, "multiple of 32"),
        ({"refined": -4}, "refined is -4"),
        ({"refined": 4, "full_size": -4}, "full_size -4"),
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ConfigError, match=says):
        TinyConfig(**{**SIZES, **wrong})
    assert TinyConfig(**{**SIZES, "image_size": 32, "norm": "batch"}).image_size == 32


def test_an_empty_picture_gives_finite_maps():
    embedding = TinyEncoder(TinyConfig(**SIZES, refined=4)).eval()(torch.zeros(1, 3, 64, 64))
    assert all(torch.isfinite(level).all() for level in (embedding.features, *embedding.high_resolution))


def test_the_way_up_ends_at_the_pictures_own_grid():
    """There one pixel more or less is seen, and where it is."""
    torch.manual_seed(0)
    encoder = TinyEncoder(TinyConfig(**SIZES, norm="batch", refined=4, full_size=6)).eval()
    pixels = torch.zeros(2, 3, 64, 64)
    pixels[0, :, 31, 32] = 1
    embedding = encoder(pixels)
    assert embedding.full_size.shape == (2, 6, 64, 64)
    without = TinyEncoder(TinyConfig(**SIZES, norm="batch", refined=4)).eval()
    without.load_state_dict(encoder.state_dict(), strict=False)
    assert without(pixels).full_size is None
    assert torch.equal(without(pixels).features, embedding.features)
    encoder.neck.last_step.mix[0].convolution.weight.data[:, 6:] = 0  # the way up's
    change = (encoder(pixels).full_size[0] - encoder(pixels).full_size[1]).abs().sum(0)
    assert change[31, 32] > 0 and not change[:24].any() and not change[:, 41:].any()


@pytest.mark.parametrize("without", [{"refined": 0}, {"mask_embedding": False}])
def test_a_map_at_the_pictures_grid_that_nothing_would_read_is_refused(without):
    with pytest.raises(ConfigError, match="Set refined and mask_embedding"):
        TinyConfig(**{**SIZES, "refined": 4, "full_size": 4, **without})


@torch.no_grad()
def test_its_positions_are_sams_own():
    """On a square grid those of Hugging Face's SAM, on an oblong one those of clicks at the cells' centres."""
    backbone, sam = build_host("tiny", config=SIZES), random_sam()
    shared = backbone.model.prompt_encoder.shared_embedding
    sam.shared_image_embedding.positional_embedding.copy_(shared.positional_embedding)
    sam.prompt_encoder.image_embedding_size = (4, 4)
    like = torch.zeros(2, 32, 4, 4)
    expected = sam.get_image_wide_positional_embeddings()
    torch.testing.assert_close(backbone.positions(like), expected.expand(2, -1, -1, -1))
    oblong = backbone.positions(torch.zeros(1, 32, 3, 5))[0]
    for row in range(3):
        for column in range(5):
            click = torch.tensor([[[(column + 0.5) / 5, (row + 0.5) / 3]]])
            torch.testing.assert_close(oblong[:, row, column], shared(click).flatten())
