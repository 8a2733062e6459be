"""The ways in which priors modulate features against loops over single pixels, on an oblong, lopsided picture."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from medsegr.perception.location_attention import LocationAttention
from medsegr.perception.modulator import GUIDED, LOCATION, SHAPE, TEXTURE, Guidance, Modulator
from medsegr.perception.shape_deformable_sampling import ShapeDeformableSampling
from medsegr.perception.texture_dynamic_convolution import TextureDynamicConvolution

B, K, R, D, H, W = 2, 3, 4, 6, 4, 7
PIXELS = list(product(range(B), range(H), range(W)))


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(5)


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def linear(layer: nn.Linear | nn.Conv2d, x: np.ndarray) -> np.ndarray:
    """A linear layer, or a convolution of one pixel, of one vector."""
    weight = array(layer.weight).reshape(layer.weight.shape[0], -1)
    return weight @ x + (0 if layer.bias is None else array(layer.bias))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def close(found: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(array(found), expected, atol=2e-5, rtol=1e-4)


def located(module: LocationAttention, f, tokens, region, valid, evidence) -> tuple[np.ndarray, np.ndarray]:
    """By loops: guided features and logits."""
    guided, logits = np.zeros((B, R, H, W)), np.zeros((B, K, H, W))
    position = array(module.position.weight)[:, :, 0, 0]
    for b, i, j in PIXELS:
        down, right = (i + 0.5) / H, (j + 0.5) / W
        waves = [f(math.pi * 2**n * at) for at in (down, right) for f in (math.sin, math.cos) for n in range(4)]
        query = linear(module.query, f[b, :, i, j]) + position @ np.array(waves)
        for k in range(K):
            logit = query @ linear(module.key, tokens[b, k]) / math.sqrt(R)
            logit += module.region_scale.item() * (region[b, k, i, j] - region[b, k].max()) + module.bias.item()
            logits[b, k, i, j] = logit + evidence[b, k, i, j]
            scale, shift = np.split(linear(module.value, tokens[b, k]), 2)
            guided[b, :, i, j] += valid[b, k] * sigmoid(logits[b, k, i, j]) * (scale * f[b, :, i, j] + shift)
    return guided, logits


def filtered(module: TextureDynamicConvolution, f, tokens, attention) -> np.ndarray:
    """By loops: features under each pixel's own kernel, zeros beyond the edge."""
    out, basis = np.zeros((B, R, H, W)), array(module.basis).reshape(R, module.kernels, 3, 3)
    for (b, i, j), k, c in product(PIXELS, range(K), range(R)):
        mixing = linear(module.mixing, tokens[b, k]).reshape(R, module.kernels)
        for down, right in product(range(3), range(3)):
            y, x = i + down - 1, j + right - 1
            if 0 <= y < H and 0 <= x < W:
                weight = sum(mixing[c, e] * basis[c, e, down, right] for e in range(module.kernels))
                out[b, c, i, j] += attention[b, k, i, j] * weight * f[b, c, y, x]
    return out


def between_pixels(plane: np.ndarray, y: float, x: float) -> np.ndarray:
    """Bilinear, the border prolonged; (C, H, W) -> (C,)."""
    y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
    top, left = min(int(y), H - 2), min(int(x), W - 2)
    down, right = y - top, x - left
    upper = plane[:, top, left] * (1 - right) + plane[:, top, left + 1] * right
    lower = plane[:, top + 1, left] * (1 - right) + plane[:, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def sampled(module: ShapeDeformableSampling, f, tokens, attention) -> np.ndarray:
    """By loops: weighted samples around each pixel, less the pixel itself."""
    out = -f.copy()
    for b, i, j in PIXELS:
        steering = linear(module.from_features, f[b, :, i, j])
        for k in range(K):
            steering = steering + attention[b, k, i, j] * linear(module.from_token, tokens[b, k])
        right, down, weight = (np.split(steering, 3)[part] for part in range(3))
        weight = np.exp(weight) / np.exp(weight).sum()
        for p in range(module.points):
            y, x = i + module.reach * math.tanh(down[p]), j + module.reach * math.tanh(right[p])
            out[b, :, i, j] += weight[p] * between_pixels(f[b], y, x)
    return out


def asked() -> Guidance:
    """Lopsided regions, one finding of one image only padding, evidence everywhere."""
    region = torch.zeros(B, K, 8, 8)
    region[:, 0, :2, 5:] = 1.0
    region[0, 1, 6:, :3] = 0.7
    valid = torch.ones(B, K)
    valid[1, 2] = 0
    return Guidance(torch.randn(B, K, 4, D), region, valid, torch.randn(B, K, H, W))


def test_location_attention():
    module, f, tokens, told = LocationAttention(R, D), torch.randn(B, R, H, W), torch.randn(B, K, D), asked()
    region = torch.zeros(B, K, H, W)
    region[:, 0, :1, 4:] = 1.0
    region[0, 1, 2:, :2] = 0.7
    guided, logits = module(f, tokens, region, told.valid, told.evidence)
    expected = located(module, *map(array, (f, tokens, region, told.valid, told.evidence)))
    close(guided, expected[0])
    close(logits, expected[1])


def test_a_region_is_laid_over_the_grid_by_its_rows_and_columns():
    module, told = LocationAttention(R, D), asked()
    with torch.no_grad():
        for layer in (module.query, module.key, module.position):
            layer.weight.zero_()
        module.query.bias.zero_()
        module.key.bias.zero_()
    _, logits = module(torch.randn(B, R, 8, 16), torch.randn(B, K, D), told.region, told.valid)
    where = (logits[0] - module.bias) / module.region_scale
    assert torch.equal(where[0, :2, 11:], torch.zeros(2, 5)) and torch.equal(where[0, 2:], -torch.ones(6, 16))
    assert (where[0, :2, :9] == -1).all()
    close(where[1, 6:, :5], np.zeros((2, 5)))
    close(where[1, :5], np.full((5, 16), -0.7))


@pytest.mark.parametrize("kernels", [4, 2], ids=["each finding's kernel once", "the basis once"])
def test_texture_dynamic_convolution(kernels):
    module, f = TextureDynamicConvolution(R, D, kernels), torch.randn(B, R, H, W)
    tokens, attention = torch.randn(B, K, D), torch.rand(B, K, H, W)
    close(module(f, tokens, attention), filtered(module, *map(array, (f, tokens, attention))))


def test_shape_deformable_sampling():
    module, f = ShapeDeformableSampling(R, D), torch.randn(B, R, H, W)
    tokens, attention = 3 * torch.randn(B, K, D), torch.rand(B, K, H, W)
    close(module(f, tokens, attention), sampled(module, *map(array, (f, tokens, attention))))


def open_modulator(channels: int) -> Modulator:
    module = Modulator(channels, D, R)
    with torch.no_grad():
        for aspect in GUIDED:
            getattr(module, f"{aspect}_gate").normal_()
        for parameter in (module.norm.weight, module.norm.bias):
            parameter.normal_()
    return module


def modulated(module: Modulator, f: np.ndarray, told: Guidance) -> np.ndarray:
    """By loops, with every part of the module."""
    mean, spread = f.mean((1, 2, 3), keepdims=True), f.var((1, 2, 3), keepdims=True)
    normed = (f - mean) / np.sqrt(spread + module.norm.eps)
    normed = normed * array(module.norm.weight)[:, None, None] + array(module.norm.bias)[:, None, None]
    inner = np.zeros((B, R, H, W))
    for b, i, j in PIXELS:
        inner[b, :, i, j] = linear(module.down, normed[b, :, i, j])
    maps = told.region
    tokens, valid = array(told.tokens), array(told.valid)
    place, logits = located(module.location, inner, tokens[:, :, LOCATION], array(maps), valid, array(told.evidence))
    attention = sigmoid(logits) * valid[..., None, None]
    parts = {
        "location": place,
        "texture": filtered(module.texture, inner, tokens[:, :, TEXTURE], attention),
        "shape": sampled(module.shape, inner, tokens[:, :, SHAPE], attention),
    }
    total = sum(part * array(getattr(module, f"{aspect}_gate"))[:, None, None] for aspect, part in parts.items())
    out = f.copy()
    for b, i, j in PIXELS:
        out[b, :, i, j] += linear(module.up, total[b, :, i, j])
    return out


def test_modulator():
    module, f, told = open_modulator(5), torch.randn(B, 5, H, W), asked()
    told.region = torch.zeros(B, K, H, W)
    told.region[:, 0, :1, 4:], told.region[0, 1, 2:, :2] = 1.0, 0.7
    close(module(f, told)[0], modulated(module, array(f), told))
