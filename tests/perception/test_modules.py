"""The three ways in which priors modulate features, each against a slow, plain computation."""

import math

import pytest
import torch
import torch.nn.functional as F

from medsegr.perception.attribute_agreement import LEAST, AttributeAgreement
from medsegr.perception.location_attention import LocationAttention, fourier_waves
from medsegr.perception.modulator import GUIDED, LOCATION, SHAPE, TEXTURE, Guidance, Modulator
from medsegr.perception.shape_deformable_sampling import ShapeDeformableSampling
from medsegr.perception.texture_dynamic_convolution import TextureDynamicConvolution

B, K, R, D, H, W = 2, 3, 8, 12, 10, 14


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def features(channels: int = R) -> torch.Tensor:
    return torch.randn(B, channels, H, W)


def attention() -> torch.Tensor:
    return torch.rand(B, K, H, W)


def test_location_attention_is_what_its_equation_says() -> None:
    module, f, tokens = LocationAttention(R, D), features(), torch.randn(B, K, D)
    region = torch.zeros(B, K, H, W)
    region[:, 0, :5] = 1.0
    guided, logits = module(f, tokens, region, torch.ones(B, K))
    rows, columns = fourier_waves(H, f.device)[:, :, None], fourier_waves(W, f.device)[:, None]
    waves = torch.cat([rows.expand(-1, -1, W), columns.expand(-1, H, -1)])[None]
    query = module.query(f) + module.position(waves)
    expected = torch.zeros_like(f)
    for b in range(B):
        for k in range(K):
            key = module.key(tokens[b, k])
            plain = (query[b] * key[:, None, None]).sum(0) / math.sqrt(R)
            plain = plain + module.region_scale * (region[b, k] - region[b, k].max()) + module.bias
            torch.testing.assert_close(logits[b, k], plain, atol=1e-5, rtol=1e-5)
            scale, shift = module.value(tokens[b, k]).chunk(2)
            expected[b] += plain.sigmoid() * (scale[:, None, None] * f[b] + shift[:, None, None])
    torch.testing.assert_close(guided, expected, atol=1e-5, rtol=1e-5)


def test_a_stated_region_holds_the_attention_and_two_may_hold_the_same() -> None:
    module, f = LocationAttention(R, D), features()
    region = torch.zeros(B, K, H, W)
    region[:, :2, :5] = 1.0
    _, logits = module(f, torch.zeros(B, K, D), region, torch.ones(B, K))
    inside, outside = logits[:, :2, :4].sigmoid().mean(), logits[:, :2, 7:].sigmoid().mean()
    assert inside > 2 * outside
    torch.testing.assert_close(logits[:, 0], logits[:, 1])


@pytest.mark.parametrize("kernels", [4, 2], ids=["kernels mixed first", "maps mixed"])
def test_texture_filters_by_the_mixture_of_each_finding(kernels: int) -> None:
    module, f, tokens, a = TextureDynamicConvolution(R, D, kernels), features(), torch.randn(B, K, D), attention()
    expected = torch.zeros_like(f)
    for b in range(B):
        for k in range(K):
            weights = module.mixing(tokens[b, k]).view(R, module.kernels)
            kernel = (weights[..., None, None] * module.basis.view(R, module.kernels, 3, 3)).sum(1)
            expected[b] += a[b, k] * F.conv2d(f[b][None], kernel[:, None], padding=1, groups=R)[0]
    torch.testing.assert_close(module(f, tokens, a), expected, atol=1e-4, rtol=1e-4)
    alone = sum(module(f, tokens[:, k : k + 1], a[:, k : k + 1]) for k in range(K))
    torch.testing.assert_close(alone, expected, atol=1e-4, rtol=1e-4)


def test_shape_samples_at_the_offsets() -> None:
    module, f = ShapeDeformableSampling(R, D), features()
    for layer in (module.from_features, module.from_token):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    unmoved = module(f, torch.randn(B, K, D), attention())
    torch.testing.assert_close(unmoved, torch.zeros_like(f), atol=1e-5, rtol=0)
    with torch.no_grad():  # all points two cells to the right
        module.from_features.bias[: module.points] = math.atanh(2 / module.reach)
    moved = module(f, torch.randn(B, K, D), attention()) + f
    torch.testing.assert_close(moved[..., :-2], f[..., 2:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("module", [TextureDynamicConvolution, ShapeDeformableSampling])
def test_where_no_finding_lies_no_token_matters(module: type) -> None:
    made, f, a = module(R, D), features(), attention()
    a[..., :7] = 0
    one, other = (made(f, torch.randn(B, K, D), a) for _ in range(2))
    torch.testing.assert_close(one[..., :7], other[..., :7])
    assert (one[..., 8:] - other[..., 8:]).abs().max() > 1e-3


def guidance(k: int = K) -> Guidance:
    return Guidance(torch.randn(B, k, 4, D), torch.rand(B, k, 64, 64), torch.ones(B, k))


def test_a_fresh_modulator_adds_exactly_nothing() -> None:
    module, f = Modulator(16, D, R), features(16)
    assert torch.equal(module(f, guidance())[0], f)


@pytest.mark.parametrize("aspect", ["location", "texture", "shape"])
def test_each_gate_opens_its_own_part(aspect: str) -> None:
    module, f, told = Modulator(16, D, R), features(16), guidance()
    gate = getattr(module, f"{aspect}_gate")
    with torch.no_grad():
        gate.fill_(1.0)
    out = module(f, told)[0]
    assert (out - f).abs().max() > 1e-3
    out.sum().backward()
    part = getattr(module, aspect)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters() if p.ndim > 1)


def test_padding_findings_and_their_order_do_not_matter() -> None:
    module, f, told = Modulator(16, D, R), features(16), guidance()
    with torch.no_grad():
        for aspect in ("location", "texture", "shape"):
            getattr(module, f"{aspect}_gate").normal_()
    valid = torch.tensor([[1.0, 1.0, 0.0]]).expand(B, -1)
    masked = Guidance(told.tokens, told.region, valid)
    fewer = Guidance(told.tokens[:, :2], told.region[:, :2], valid[:, :2])
    torch.testing.assert_close(module(f, masked)[0], module(f, fewer)[0], atol=1e-5, rtol=1e-5)
    turned = Guidance(told.tokens.flip(1), told.region.flip(1), told.valid.flip(1))
    torch.testing.assert_close(module(f, turned)[0], module(f, told)[0], atol=1e-5, rtol=1e-5)


def test_agreement_is_the_mean_log_likelihood_of_what_is_stated() -> None:
    module, f = AttributeAgreement(R, D, dim=6), features()
    tables = (torch.randn(5, D), torch.randn(4, D))
    weights = (torch.zeros(B, K, 5), torch.zeros(B, K, 4))
    weights[0][0, 1, 2] = 1.0
    weights[1][1, 0, [0, 3]] = 0.5
    maps = module(f, tables, weights)
    assert maps.shape == (B, K, 2, H, W)
    read = module.read(f)
    texture = torch.einsum("bchw,vc->bvhw", read[:, :6], module.name["texture"](tables[0])) / math.sqrt(6)
    shape = torch.einsum("bchw,vc->bvhw", read[:, 6:], module.name["shape"](tables[1])) / math.sqrt(6)
    expected = torch.zeros_like(maps)
    expected[0, 1, 0] = texture[0].log_softmax(0)[2].clamp(min=LEAST)
    expected[1, 0, 1] = shape[1].log_softmax(0)[[0, 3]].clamp(min=LEAST).mean(0)
    torch.testing.assert_close(maps, expected)


def test_one_attribute_that_is_plainly_wrong_does_not_drown_the_rest() -> None:
    module, f = AttributeAgreement(R, D, dim=6), features()
    tables, weights = (torch.randn(5, D) * 200, torch.randn(4, D)), (torch.zeros(B, K, 5), torch.zeros(B, K, 4))
    weights[0][..., :2] = 0.5
    maps = module(f, tables, weights)[:, :, 0]
    assert maps.min() == LEAST and maps.max() > LEAST / 2 - 0.01


def test_a_closed_gate_takes_an_aspect_out_of_the_agreement() -> None:
    module = AttributeAgreement(R, D)
    maps = -torch.rand(B, K, 2, H, W)
    torch.testing.assert_close(module.gated(maps), maps)
    with torch.no_grad():
        module.texture_gate.zero_()
    assert module.gated(maps)[:, :, 0].abs().max() == 0
    torch.testing.assert_close(module.gated(maps)[:, :, 1], maps[:, :, 1])


def open_modulator(aspects: tuple[str, ...]) -> Modulator:
    """Of eight channels, from the same seed, its gates open."""
    torch.manual_seed(3)
    module = Modulator(16, D, R, aspects)
    with torch.no_grad():
        for aspect in aspects:
            getattr(module, f"{aspect}_gate").copy_(torch.arange(R) / R + 0.1)
    return module


@pytest.mark.parametrize("aspects", [GUIDED, ("texture", "shape"), ("location", "shape"), ("location", "texture"), ()])
def test_a_modulator_adds_its_aspects_and_nothing_else(aspects: tuple[str, ...]) -> None:
    module, whole, f = open_modulator(aspects), open_modulator(GUIDED), features(16)
    guidance = Guidance(torch.randn(B, K, 4, D), torch.zeros(B, K, 8, 8), torch.ones(B, K))
    inner, tokens = whole.down(whole.norm(f)), guidance.tokens
    located, logits = whole.location(inner, tokens[:, :, LOCATION], guidance.region, guidance.valid)
    parts = {
        "location": located,
        "texture": whole.texture(inner, tokens[:, :, TEXTURE], logits.sigmoid()),
        "shape": whole.shape(inner, tokens[:, :, SHAPE], logits.sigmoid()),
    }
    added = sum((parts[a] * getattr(whole, f"{a}_gate")[:, None, None] for a in aspects), torch.zeros_like(inner))
    guided, maps = module(f, guidance)
    torch.testing.assert_close(guided, f + whole.up(added))
    torch.testing.assert_close(maps, logits)
    left_out = [name for name, _ in module.named_parameters() for a in GUIDED if a not in aspects and a in name]
    assert all(name.startswith("location.") for name in left_out)


def test_shape_samples_one_image_as_it_samples_many() -> None:
    module, f, tokens, a = ShapeDeformableSampling(R, D), features(), torch.randn(B, K, D), attention()
    together = module(f, tokens, a)
    for b in range(B):
        torch.testing.assert_close(module(f[b : b + 1], tokens[b : b + 1], a[b : b + 1]), together[b : b + 1])


def capped(largest: int) -> Modulator:
    """As :func:`open_modulator`, working at grids of so many cells a side."""
    module = open_modulator(GUIDED)
    module.largest = largest
    return module


def test_a_grid_within_the_limit_is_worked_at_as_it_is() -> None:
    f, told = features(16), guidance()
    for one, other in zip(capped(W)(f, told), capped(0)(f, told), strict=True):
        assert torch.equal(one, other)


def test_a_larger_grid_gets_what_the_smaller_one_gets_interpolated() -> None:
    small, told = features(16), guidance()
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)  # the mean of each area is the small map's cell
    there, logits = capped(W)(large, told)
    here, expected = capped(0)(small, told)
    change = F.interpolate(here - small, (2 * H, 2 * W), mode="bilinear", align_corners=False)
    torch.testing.assert_close(there - large, change, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-4)
    assert change.abs().max() > 0.1
    told.evidence = torch.rand(B, K, H, W)
    expected = capped(0)(small, told)[1]
    told.evidence = told.evidence.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(capped(W)(large, told)[1], expected, atol=1e-5, rtol=1e-4)


def test_a_larger_grid_keeps_its_layout_and_a_fresh_modulator_its_bits() -> None:
    large, told = torch.randn(B, 16, 3 * H, 3 * W), guidance()
    lying = large.contiguous(memory_format=torch.channels_last)
    guided = capped(W)(lying, told)[0]
    assert guided.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(guided, capped(W)(large, told)[0], atol=1e-5, rtol=1e-4)
    assert torch.equal(Modulator(16, D, R, largest=W)(large, told)[0], large)
    assert torch.equal(Modulator(16, D, R, (), largest=W)(large, told)[0], large)


@pytest.mark.parametrize("aspects", [GUIDED, ()])
def test_a_larger_grid_is_that_of_each_finding_where_the_images_are_fewer(aspects: tuple[str, ...]) -> None:
    module, large, told = open_modulator(aspects), torch.randn(B, 16, 2 * H, 2 * W), guidance().per_finding()
    module.largest = W
    for one, other in zip(module(large, told), module(large.repeat_interleave(K, 0), told), strict=True):
        torch.testing.assert_close(one, other)


def test_places_that_are_no_numbers_end_no_process() -> None:
    sampling = ShapeDeformableSampling(8, 16)
    tokens = torch.full((2, 1, 16), float("nan"))
    for batch in (1, 2):
        moved = sampling(torch.rand(batch, 8, 9, 9), tokens[:batch], torch.ones(batch, 1, 9, 9))
        assert moved.shape == (batch, 8, 9, 9)
