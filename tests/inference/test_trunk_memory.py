"""What a host computed of a picture is found again: the same answer, and never another picture's or model's."""

import numpy as np
import pytest
import torch

from medsegr.errors import ConfigError
from medsegr.inference.predictor import Predictor
from medsegr.inference.trunk_memory import TrunkMemory
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.divided_host import stops_at_trunk
from tests.random_hosts import random_sam, random_tiny

ENOUGH = 50_000_000


def guided(blocks=(1, 2)):
    torch.manual_seed(0)
    model = attach(random_sam(64), AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=blocks)).eval()
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if "gate" in name:
                parameter.fill_(0.5)
    return model


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (70, 90), np.uint8)


def ask(predictor, report="Nodule in the left lung.", seed=0):
    return predictor.segment(picture(seed), report, modality="chest_xray").findings[0].probability


@pytest.mark.parametrize("blocks", [(1, 2), ()])
@pytest.mark.parametrize("flips", [False, True])
def test_answers_are_those_without_it(blocks, flips):
    model = guided(blocks)
    without, with_it = Predictor(model, flips=flips), Predictor(model, flips=flips, trunk_memory=ENOUGH)
    for report in ("Nodule in the left lung.", "Spiculated nodule in the right lung.", "Nodule in the left lung."):
        torch.testing.assert_close(ask(with_it, report), ask(without, report), rtol=1e-5, atol=1e-6)
    assert (with_it.memory.trunks.computed, with_it.memory.trunks.found) == ((2, 2) if flips else (1, 1))


def test_another_picture_and_changed_weights_are_computed():
    model = guided()
    predictor = Predictor(model, trunk_memory=ENOUGH)
    first = ask(predictor)
    ask(predictor, seed=1)
    assert predictor.memory.trunks.computed == 2
    with torch.no_grad():
        for parameter in model.backbone.model.vision_encoder.parameters():
            parameter.mul_(1.1)
    changed = ask(predictor)
    assert predictor.memory.trunks.computed == 3 and predictor.memory.trunks.found == 0
    assert not np.allclose(changed, first)
    np.testing.assert_array_equal(changed, ask(Predictor(model)))


def test_the_longest_unused_go_first():
    model, size = guided(), 2 * 64 * 64 * 4
    one = TrunkMemory(ENOUGH)
    pixels = [model.preprocess([picture(seed) / np.float32(255)])[0] for seed in range(3)]
    with torch.inference_mode():
        size = sum(level.nbytes for level in one.trunk(model, pixels[0]).tensors)
        memory = TrunkMemory(2 * size)
        for k in (0, 1, 0, 2, 0, 1):
            memory.trunk(model, pixels[k])
        assert (len(memory), memory.computed, memory.found) == (2, 4, 2)
        together = memory.trunk(model, torch.cat(pixels[1:] + pixels[1:2]))
        alone = [model.trunk(one).tensors[0] for one in (pixels[1], pixels[2], pixels[1])]
        torch.testing.assert_close(together.tensors[0], torch.cat(alone))
        small = TrunkMemory(size - 1)
        small.trunk(model, pixels[0])
        assert len(small) == 0
    with pytest.raises(ConfigError, match="-1 bytes"):
        TrunkMemory(-1)


def test_hosts_that_cannot_stop_there_are_asked_whole():
    model = attach(random_tiny(64)).eval()
    assert not stops_at_trunk(model)
    predictor = Predictor(model, trunk_memory=ENOUGH)
    np.testing.assert_array_equal(ask(predictor), ask(Predictor(model)))
    assert len(predictor.memory.trunks) == 0


def test_another_process_finds_trunks_on_disk(tmp_path):
    first, second = (Predictor(guided()) for _ in range(2))
    for predictor in (first, second):
        predictor.remember(ENOUGH, tmp_path / "trunks")
    expected = ask(Predictor(guided()))
    torch.testing.assert_close(ask(first), expected, rtol=1e-5, atol=1e-6)
    assert len(list((tmp_path / "trunks").glob("*.safetensors"))) == 1
    torch.testing.assert_close(ask(second), expected, rtol=1e-5, atol=1e-6)
    assert (second.memory.trunks.computed, second.memory.trunks.found) == (0, 1)
    changed = guided()
    with torch.no_grad():
        next(changed.backbone.model.vision_encoder.parameters()).mul_(1.01)
    other = Predictor(changed)
    other.remember(ENOUGH, tmp_path / "trunks")
    ask(other)
    assert other.memory.trunks.computed == 1, "other weights have other trunks"
    for path in (tmp_path / "trunks").iterdir():
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    damaged = Predictor(guided())
    damaged.remember(ENOUGH, tmp_path / "trunks")
    torch.testing.assert_close(ask(damaged), expected, rtol=1e-5, atol=1e-6)
    assert damaged.memory.trunks.computed == 1
