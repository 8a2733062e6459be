"""The tiny host's neck against its equations, on an oblong picture."""

import pytest
import torch
import torch.nn.functional as F

from medsegr.backbones.pyramid_neck import PyramidNeck

WIDTHS, DIM, HEIGHT, WIDTH = (2, 3, 4, 5, 6), 16, 64, 96


def doubled(maps: torch.Tensor) -> torch.Tensor:
    """Every cell four times."""
    return maps.repeat_interleave(2, 2).repeat_interleave(2, 3)


def smoothly(maps: torch.Tensor) -> torch.Tensor:
    return F.interpolate(maps, scale_factor=2, mode="bilinear")


def levels() -> list[torch.Tensor]:
    return [torch.randn(1, width, HEIGHT >> n, WIDTH >> n) for n, width in enumerate(WIDTHS, start=1)]


@torch.no_grad()
@pytest.mark.parametrize(("refined", "full_size"), [(0, 0), (4, 0), (4, 3)])
def test_coarse_levels_flow_into_finer_ones(refined, full_size):
    torch.manual_seed(0)
    neck = PyramidNeck(WIDTHS, DIM, refined, full_size).eval()
    pixels, (at_2, at_4, at_8, at_16, at_32) = torch.randn(1, 3, HEIGHT, WIDTH), (given := levels())
    top_16 = neck.lateral[1](at_16) + doubled(neck.lateral[2](at_32))
    top_8 = neck.lateral[0](at_8) + doubled(top_16)
    features = top_8 + neck.smooth(top_8)
    finer, finest = neck.finer(at_4) + doubled(neck.to_finer(features)), neck.finest(at_2)
    full = None
    if refined:
        up_4 = neck.way_up.mix[0](torch.cat([at_4, smoothly(features)], 1))
        up_2 = neck.way_up.mix[1](torch.cat([at_2, smoothly(up_4)], 1))
        finer, finest = finer + neck.way_up.finer(up_4), finest + neck.way_up.finest(up_2)
        if full_size:
            step = neck.last_step
            full = step.mix(torch.cat([step.early(pixels), smoothly(step.less(up_2))], 1))
    found = neck(pixels, given)
    torch.testing.assert_close(found.features, features)
    for one, other in zip(found.high_resolution, (finest, finer), strict=True):
        torch.testing.assert_close(one, other)
    assert (found.full_size is None) == (full is None)
    if full is not None:
        torch.testing.assert_close(found.full_size, full)
