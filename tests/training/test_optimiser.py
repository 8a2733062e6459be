"""Schedule, groups and the running mean of the weights."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from medsegr.training.config import OptimiserConfig
from medsegr.training.optimiser import WeightMean, build_optimiser, learning_rate_at


def test_the_rate_warms_up_and_falls_to_its_share():
    config = OptimiserConfig(learning_rate=1.0, warmup_steps=10, final_share=0.1)
    rates = [learning_rate_at(step, 110, config) for step in range(111)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[110] == pytest.approx(0.1)
    assert all(a >= b for a, b in pairwise(rates[10:]))


def test_a_short_run_warms_up_for_half_of_it_at_most():
    assert learning_rate_at(0, 1, OptimiserConfig()) == pytest.approx(1e-3)
    assert learning_rate_at(2, 4, OptimiserConfig(warmup_steps=100)) == pytest.approx(1e-3)


def test_norms_biases_and_embeddings_do_not_decay():
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 3), nn.LayerNorm(3))
    optimiser = build_optimiser(model, dict(model.named_parameters()), OptimiserConfig())
    decays, spared = optimiser.param_groups
    assert [p is model[1].weight for p in decays["params"]] == [True]
    assert len(spared["params"]) == 4
    assert spared["weight_decay"] == 0


def test_the_decoders_copy_has_a_share_of_the_rate_and_the_hosts_own_decoder_none_of_its_own():
    model = nn.ModuleDict({"adapter": nn.ModuleDict({"decoder": nn.Linear(2, 2), "late": nn.Linear(2, 2)})})
    model["mask_decoder"] = nn.Linear(2, 2)
    optimiser = build_optimiser(model, dict(model.named_parameters()), OptimiserConfig(decoder_share=0.25))
    shares = {id(p): group["share"] for group in optimiser.param_groups for p in group["params"]}
    told = {name: shares[id(p)] for name, p in model.named_parameters()}
    assert told.pop("adapter.decoder.weight") == told.pop("adapter.decoder.bias") == 0.25
    assert set(told.values()) == {1.0} and len(told) == 4


def test_the_mean_follows_and_is_lent():
    layer = nn.Linear(2, 2)
    mean = WeightMean(dict(layer.named_parameters()), 0.9)
    before = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight.add_(1.0)
    mean.update(1000)
    with mean.in_place():
        assert torch.allclose(layer.weight, before + 0.1)
    assert torch.equal(layer.weight, before + 1.0)


def test_early_on_the_mean_is_over_few_steps():
    layer = nn.Linear(2, 2)
    mean = WeightMean(dict(layer.named_parameters()), 0.999)
    before = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight.add_(1.0)
    mean.update(0)
    torch.testing.assert_close(mean.mean["weight"], before + 0.9)
    mean.update(8)
    torch.testing.assert_close(mean.mean["weight"], before + 0.95)
