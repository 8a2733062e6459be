"""The U-Net in the place of a model: its channels, its weights, its batches."""

from functools import partial

import pytest
import torch
from benchmarks.grid.arms import run_config
from benchmarks.grid.unet import NOTHING, NamedUnet, starting_unet

from medsegr.cognition.priors import Finding, Location
from medsegr.errors import CheckpointError
from medsegr.square import Square
from medsegr.training import train as training
from medsegr.training.dataset import TrainingBatches
from medsegr.training.studies import StudyStore
from tests.benchmarks.small_grid import grid
from tests.training.small_dataset import TINY_HOST
from tests.views import view_of


def unet(*targets: str) -> NamedUnet:
    torch.manual_seed(0)
    host = {"name": "tiny", "image_size": 64, "settings": {k: v for k, v in TINY_HOST.items() if k != "image_size"}}
    return NamedUnet(targets, host, (4, 4, 4, 4, 4, 4)).eval()


def test_the_unet_gives_the_channel_of_a_name(tmp_path):
    model = unet("cardiomediastinum", "left_lung", "right_lung")
    pixels = torch.randn(1, 3, 64, 64)
    findings = [
        Finding("cardiomediastinum"),
        Finding("right_lung", Location("right")),
        Finding("mass"),
    ]
    priors = model.encode_findings([findings], [view_of("chest_xray")])
    with torch.no_grad():
        channels, output = model.net(pixels)[0], model(pixels, priors)
    heart, right, mass = output.logits[0]
    assert torch.equal(heart, channels[0]) and torch.equal(right, channels[2])
    assert (mass == NOTHING).all()
    assert torch.equal(output.support_logits[0], output.logits[0].amax((-2, -1)))
    again = NamedUnet.from_pretrained(model.save_pretrained(tmp_path / "unet"))
    with torch.no_grad():
        assert torch.equal(again(pixels, priors).logits, output.logits)
    (tmp_path / "unet" / "unet.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="no whole U-Net"):
        NamedUnet.from_pretrained(tmp_path / "unet")


def test_a_unet_looks_at_a_picture_once_and_anew_when_its_weights_may_have_changed():
    model, pixels = unet("left_lung"), torch.randn(1, 3, 64, 64)
    priors = model.encode_findings([[Finding("left_lung")]], [view_of("chest_xray")])
    with torch.no_grad():
        first = model(pixels, priors).logits
        assert model.encode(pixels.clone(), priors)[0] is model.encode(pixels, priors)[0]
        other = model(pixels + 1, priors).logits
        assert not torch.equal(other, first)
        model.net.final_conv.bias += 1
        assert torch.allclose(model.eval()(pixels, priors).logits, first + 1, atol=1e-5)
    assert model(pixels, priors).logits.requires_grad


def test_a_unet_takes_over_the_channels_that_it_shares():
    before, after = unet("heart", "left_lung"), unet("left_lung", "mass", "nodule")
    own = after.net.final_conv.weight.detach().clone()
    after.start_from(before)
    assert torch.equal(after.net.final_conv.weight[0], before.net.final_conv.weight[1])
    assert torch.equal(after.net.final_conv.weight[1:], own[1:])
    for name, tensor in before.net.conv_0.state_dict().items():
        assert torch.equal(after.net.conv_0.state_dict()[name], tensor)


def test_the_unet_learns_from_the_batches_of_the_host_without_a_report(data, tmp_path):
    host, other = (run_config(grid(data, tmp_path), name, 0) for name in ("host", "unet"))
    model = training.starting_model(host)
    net = starting_unet(other)
    assert net.settings["targets"] == ["nodule"]
    store = StudyStore(host.data, "train", partial(Square.fit, size=64), 10)
    for step in range(2):
        first = TrainingBatches(store, host, model.vocabulary, model.preprocess)[step]
        second = TrainingBatches(store, other, net.vocabulary, net.preprocess)[step]
        assert torch.equal(first.pixels, second.pixels) and torch.equal(first.truth.masks, second.truth.masks)
        assert torch.equal(first.priors.target, second.priors.target)
