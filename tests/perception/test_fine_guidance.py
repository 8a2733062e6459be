"""What each finding adds to the finer maps, against a slow, plain computation."""

import math

import pytest
import torch
import torch.nn.functional as F

from medsegr.perception.fine_guidance import ALL, FineGuidance

B, K, R, D, C = 2, 3, 8, 12, 16
MAPS = ((10, 4), (6, 5))
GRIDS = ((24, 20), (12, 10), (6, 5))


@pytest.fixture
def module() -> FineGuidance:
    torch.manual_seed(0)
    return FineGuidance(C, MAPS, D, R)


def levels() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(B, dim, *grid, generator=generator) for dim, grid in zip((10, 6, C), GRIDS, strict=True)]


def told() -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens and coarse logits of B * K findings."""
    generator = torch.Generator().manual_seed(2)
    return torch.randn(B * K, 4, D, generator=generator), torch.randn(B * K, 1, *GRIDS[2], generator=generator)


def opened(module: FineGuidance) -> FineGuidance:
    with torch.no_grad():
        for place, aspect in enumerate(module.aspects):
            module.get_parameter(f"{aspect}_gate").copy_(torch.arange(R) / R - 0.2 * place)
        module.strength.fill_(0.7)
        module.bias.fill_(-0.3)
    return module


def test_a_fresh_one_adds_exactly_zero(module: FineGuidance) -> None:
    added, logits = module(levels(), *told())
    assert [tuple(a.shape) for a in added] == [(B * K, 4, 24, 20), (B * K, 5, 12, 10)]
    assert all(not a.any() for a in added)
    assert logits.shape == (B * K, 1, 24, 20)
    assert logits.std() > 0.1


def test_it_is_what_its_equations_say(module: FineGuidance) -> None:
    maps, (tokens, coarse) = levels(), told()
    added, logits = opened(module)(maps, tokens, coarse)
    read = module.norm[0](module.down[0](maps[0]))
    for place in (1, 2):
        part = module.norm[place](module.down[place](maps[place]))
        read = read + F.interpolate(part, GRIDS[0], mode="bilinear", align_corners=False)
    read = module.mix(read)
    for n in range(B * K):
        m = read[n // K]
        key = module.key(tokens[n].flatten())
        expected = (m * key[:, None, None]).sum(0) / math.sqrt(R)
        larger = F.interpolate(coarse[n : n + 1], GRIDS[0], mode="bilinear", align_corners=False)[0, 0]
        expected = expected + 0.7 * larger - 0.3
        torch.testing.assert_close(logits[n, 0], expected, atol=1e-5, rtol=1e-4)
        for level in (0, 1):
            near = F.adaptive_avg_pool2d(m[None], GRIDS[level])[0]
            where = F.adaptive_avg_pool2d(expected.sigmoid()[None], GRIDS[level])
            total = torch.zeros_like(near)
            for place, aspect in enumerate(ALL):
                scale, shift = module.value[aspect](tokens[n, place]).chunk(2)
                change = scale[:, None, None] * near + shift[:, None, None]
                total = total + module.get_parameter(f"{aspect}_gate")[:, None, None] * change
            own = torch.einsum("cr,rhw->chw", module.up[level], total) * where
            torch.testing.assert_close(added[level][n], own, atol=1e-5, rtol=1e-4)


def test_each_finding_gets_what_it_gets_alone(module: FineGuidance) -> None:
    maps, (tokens, coarse) = levels(), told()
    together, logits = opened(module)(maps, tokens, coarse)
    for k in range(K):
        alone, own = module(maps, tokens[k::K], coarse[k::K])
        torch.testing.assert_close(own, logits[k::K])
        for level in (0, 1):
            torch.testing.assert_close(alone[level], together[level][k::K])


def test_an_aspect_that_is_left_out_is_not_heard() -> None:
    torch.manual_seed(0)
    module = opened(FineGuidance(C, MAPS, D, R, ("location", "shape")))
    maps, (tokens, coarse) = levels(), told()
    plain = module(maps, tokens, coarse)[0][0]
    for place, aspect in enumerate(ALL):
        other = tokens.clone()
        other[:, place] += 1
        assert torch.equal(module(maps, other, coarse)[0][0], plain) == (aspect == "texture")
    assert not any("texture" in name for name, _ in module.named_parameters())
