"""Fused kernels give what the layers give, and stand back where somebody wants gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from medsegr.backbones import fused_layers
from medsegr.backbones.fused_layers import Bands, by_bands, convolved, linear
from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.lite_medsam_encoder import TinyVitConfig


@pytest.fixture
def calls(monkeypatch):
    """How often a kernel was taken."""
    seen = []
    real = fused_layers._serves
    monkeypatch.setattr(fused_layers, "_serves", lambda *tensors: seen.append(real(*tensors)) or seen[-1])
    return seen


def norm_of(channels):
    norm = nn.BatchNorm2d(channels).eval()
    for values in (norm.weight, norm.bias, norm.running_mean):
        values.data.normal_()
    norm.running_var.uniform_(0.3, 3.0)
    return norm


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "groups"), [(1, 1, 1), (3, 1, 12), (3, 2, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_with_its_norm(calls, kernel, stride, groups, gelu, layout):
    torch.manual_seed(0)
    layer = nn.Conv2d(12, 24, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm, maps = norm_of(24), torch.randn(2, 12, 9, 14).contiguous(memory_format=layout)
    with torch.no_grad():
        found, plain = convolved(layer, norm, maps, gelu), norm(layer(maps))
    torch.testing.assert_close(found, F.gelu(plain) if gelu else plain, rtol=1e-5, atol=1e-5)
    assert calls == [torch.backends.mkldnn.is_available()]


@pytest.mark.parametrize("gelu", [False, True])
def test_a_linear_layer(calls, gelu):
    torch.manual_seed(0)
    layer, tokens = nn.Linear(7, 20), torch.randn(2, 7, 11).transpose(1, 2)
    with torch.no_grad():
        found, plain = linear(layer, tokens, gelu), layer(tokens)
    torch.testing.assert_close(found, F.gelu(plain) if gelu else plain, rtol=1e-5, atol=1e-5)
    assert calls == [torch.backends.mkldnn.is_available()]


def test_where_gradients_are_wanted_the_layers_run_as_they_are(calls):
    layer, norm, maps = nn.Conv2d(3, 4, 1, bias=False), norm_of(4), torch.randn(1, 3, 5, 5)
    convolved(layer, norm, maps, True).sum().backward()
    assert layer.weight.grad is not None and norm.weight.grad is not None
    trained, seen = nn.Linear(3, 2), []
    trained.register_forward_hook(lambda *_: seen.append(True))
    linear(trained, torch.randn(4, 3)).sum().backward()
    assert seen == [True], "what hangs on the layer is called"
    frozen = nn.Linear(3, 2).requires_grad_(False)
    tokens = torch.randn(4, 3, requires_grad=True)
    linear(frozen, tokens).sum().backward()
    assert tokens.grad is not None and calls == [False, False, False]
    norm.train()
    before = norm.running_mean.clone()
    with torch.no_grad():
        convolved(layer, norm, maps)
    assert not torch.equal(norm.running_mean, before), "a norm that learns its statistics does so"
    linear(frozen, torch.randn(4, 3))
    assert calls[-1] == torch.backends.mkldnn.is_available(), "nobody trains it"


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float64])
def test_other_types_are_not_fused(calls, kind):
    layer, norm = nn.Conv2d(3, 4, 1, bias=False).to(kind), norm_of(4).to(kind)
    with torch.no_grad():
        assert convolved(layer, norm, torch.randn(1, 3, 5, 5, dtype=kind)).dtype == kind
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert linear(nn.Linear(3, 2), torch.randn(4, 3)).dtype == torch.bfloat16
    assert calls == [False, False]


@pytest.mark.parametrize("stride", [1, 2])
def test_bands_are_the_whole(monkeypatch, stride):
    monkeypatch.setattr(fused_layers, "BAND", 4 * 9 * 5)
    torch.manual_seed(0)
    layer, seen, maps = nn.Conv2d(5, 6, 3, stride, 1), [], torch.randn(2, 5, 19, 9)
    bands = Bands(dim=2, row=9 * 5, reach=1, stride=stride)

    def noted(band):
        seen.append(band.shape[2])
        return layer(band)

    with torch.no_grad():
        found, alone = by_bands(noted, maps, bands), layer(maps)
    torch.testing.assert_close(found, alone)
    assert len(seen) == 5 and max(seen) <= 4 + 1 + stride
    by_bands(noted, maps, bands).sum().backward()
    assert seen[5:] == [19] and layer.weight.grad is not None


@pytest.mark.parametrize("band", [fused_layers.BAND, 4000])
def test_the_encoder_is_the_same(calls, monkeypatch, band):
    monkeypatch.setattr(fused_layers, "BAND", band)
    torch.manual_seed(0)
    encoder = LiteMedSam(TinyVitConfig(image_size=64)).eval().image_encoder
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2.0)
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        found = encoder(pixels)
        assert len(calls) > 50
        monkeypatch.setattr(fused_layers, "_KERNELS", None)
        monkeypatch.setattr(fused_layers, "BAND", 2**40)
        plain = encoder(pixels)
    assert not torch.equal(plain, torch.zeros_like(plain))
    torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-5)
