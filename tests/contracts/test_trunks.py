"""Of every frozen host: going on from a kept trunk gives what a pass from the pixels gives, bit for bit."""

from dataclasses import replace

import pytest
import torch

from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.lite_medsam_encoder import TinyVitConfig
from medsegr.backbones.trunk import Trunk
from medsegr.errors import ConfigError
from medsegr.model.attach import attach
from tests.contracts.asking import CONFIG, REPORT, pixels, priors
from tests.hosts import guided, open_gates
from tests.random_hosts import woken


def same(model) -> None:
    """Compare masks and location maps of both ways, twice: a trunk may be used again."""
    images, asked = pixels(model), priors(model, REPORT)
    with torch.no_grad():
        whole, trunk = model(images, asked), model.trunk(images)
        for _ in range(2):
            parts = model(images, asked, trunk=trunk)
            assert torch.equal(parts.logits, whole.logits)
            assert torch.equal(parts.support_logits, whole.support_logits)
            for one, other in zip(parts.location_logits, whole.location_logits, strict=True):
                assert torch.equal(one, other)
        nothing = Trunk(trunk.block, tuple(torch.zeros_like(level) for level in trunk.tensors))
        assert not torch.equal(model(images, asked, trunk=nothing).logits, whole.logits), "the trunk must be used"


def test_a_trunk_up_to_the_first_guided_block(case, host, model):
    if model.backbone.divides:
        assert model.trunk_block == min(model.adapter.block_indices)
        same(model)
        return
    with pytest.raises(ConfigError, match="trained whole" if model.backbone.whole else "only the whole embedding"):
        model.trunk(pixels(model))


def test_a_trunk_behind_every_block(case, host):
    count = len(guided(case, host, CONFIG).backbone.blocks())
    for block in range(count):
        model = open_gates(guided(case, case.build(), replace(CONFIG, blocks=tuple(sorted({block, count - 1})))))
        if not model.backbone.divides:
            return
        same(model)


def test_a_whole_embedding_is_a_trunk_of_every_frozen_host(case, host):
    model = open_gates(guided(case, host, replace(CONFIG, blocks=())))
    if not model.backbone.whole:
        assert model.trunk_block is None
        same(model)


def test_gradients_reach_the_first_modulator(case, host, model):
    if not model.backbone.divides:
        return
    model.train()
    with torch.no_grad():
        trunk = model.trunk(pixels(model))
    model(pixels(model), priors(model, REPORT), trunk=trunk).logits.square().sum().backward()
    first = model.adapter.modulators[str(model.trunk_block)]
    assert all(p.grad is not None for p in first.parameters())


@pytest.mark.parametrize("block", [*range(8), None])
def test_a_tiny_vit_divides_behind_every_block(block):
    torch.manual_seed(0)
    sizes = TinyVitConfig(64, 1, (8, 16, 16, 32), (1, 2, 3, 2), (1, 2, 2, 4), (4, 4, 5, 4), neck=32)
    blocks = () if block is None else tuple(sorted({block, 7}))
    same(open_gates(attach(woken(LiteMedSam(sizes)), replace(CONFIG, blocks=blocks))))
