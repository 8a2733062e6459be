"""A host is as it was after ``detach`` and after calls that fail; an adapter that was taken off says so."""

import copy
import gc
import json
import pickle
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch
from torch import nn

from medsegr.cognition.priors import Finding
from medsegr.errors import CheckpointError, ConfigError
from medsegr.inference.predictor import Predictor
from medsegr.model.adapted_host import AdaptedHost
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.random_hosts import random_sam
from tests.views import view_of

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
KEPT = ("training", "gradient_checkpointing", "_gradient_checkpointing_func")


def mixed_sam() -> nn.Module:
    """A host in training mode, but for one part, with one frozen part."""
    sam = random_sam().train()
    sam.vision_encoder.neck.eval()
    sam.prompt_encoder.requires_grad_(False)
    return sam


def state(host: nn.Module) -> dict[str, object]:
    """All that attaching could change."""
    flags: dict[str, object] = {name: p.requires_grad for name, p in host.named_parameters()}
    for name, module in host.named_modules():
        flags |= {f"{name}.{key}": value for key, value in vars(module).items() if key in KEPT}
        flags[f"{name}.hooks"] = len(module._forward_hooks)
    return flags


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """An adapter whose settings do not fit its weights."""
    folder = attach(random_sam(), CONFIG).save_pretrained(tmp_path / "damaged")
    record = json.loads((folder / "adapter.json").read_text())
    record["adapter"]["bottleneck"] = 4
    (folder / "adapter.json").write_text(json.dumps(record))
    return folder


def test_detach_puts_gradients_modes_and_checkpointing_back() -> None:
    sam = mixed_sam()
    before = state(sam)
    guided = attach(sam, CONFIG)
    guided.gradient_checkpointing_enable()
    guided.train()
    assert state(sam) != before
    assert guided.detach() is sam
    assert state(sam) == before
    sam.eval()
    guided.detach()
    assert not sam.training, "a second call changes nothing"


@pytest.mark.parametrize("first", [0, 1])
def test_two_models_on_one_host_come_off_in_any_order(first: int) -> None:
    sam = mixed_sam()
    before = state(sam)
    models = [attach(sam, CONFIG), attach(sam, CONFIG)]
    models[first].detach()
    assert not any(p.requires_grad for p in sam.parameters()), "the other one still has its adapter on it"
    models[1 - first].detach()
    assert state(sam) == before


def test_a_model_that_was_dropped_does_not_hold_the_host() -> None:
    sam = mixed_sam()
    flags = [p.requires_grad for p in sam.parameters()]
    guided = attach(sam, CONFIG)
    guided = attach(sam, CONFIG)
    guided.detach()
    assert [p.requires_grad for p in sam.parameters()] == flags and sam.training


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_brings_its_host_back_on_its_own(copied: Callable[[ReportGuidedSam], ReportGuidedSam]) -> None:
    sam = mixed_sam()
    before = state(sam)
    guided = attach(sam, CONFIG)
    assert state(copied(guided).detach()) == before
    assert not any(p.requires_grad for p in sam.parameters())


@pytest.mark.parametrize(
    "kept",
    [lambda model: model, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["own", "deepcopy", "pickle"],
)
def test_a_model_that_is_dropped_leaves_its_host_plain_and_its_memory_free(
    kept: Callable[[ReportGuidedSam], ReportGuidedSam],
) -> None:
    sam = mixed_sam()
    before = state(sam)
    guided = kept(attach(sam, CONFIG))
    host, adapter = guided.backbone.model, weakref.ref(guided.adapter)
    assert state(host) != before
    del guided
    gc.collect()
    assert adapter() is None and state(host) == state(sam) == before


def test_a_model_that_is_dropped_leaves_anothers_hooks_on_the_host() -> None:
    sam = mixed_sam()
    before = state(sam)
    one, other = attach(sam, CONFIG), attach(sam, CONFIG)
    both = len([1 for block in other.backbone.blocks() for _ in block._forward_hooks])
    del one
    gc.collect()
    assert len([1 for block in other.backbone.blocks() for _ in block._forward_hooks]) == both // 2
    assert not any(p.requires_grad for p in sam.parameters())
    other.detach()
    assert state(sam) == before


@pytest.mark.parametrize("bad", [{"config": replace(CONFIG, blocks=(99,))}, {"config": CONFIG, "name": "a.b"}])
def test_a_refused_adapter_leaves_the_host_alone(bad: dict) -> None:
    sam = mixed_sam()
    before = state(sam)
    with pytest.raises(ConfigError):
        attach(sam, **bad)
    assert state(sam) == before


def test_a_damaged_adapter_leaves_the_host_alone(damaged: Path) -> None:
    sam = mixed_sam()
    before = state(sam)
    with pytest.raises(CheckpointError, match="do not fit"):
        ReportGuidedSam.from_pretrained(damaged, host=sam)
    assert state(sam) == before


def test_a_further_adapter_that_fails_leaves_the_model_alone(damaged: Path) -> None:
    guided = attach(random_sam(), CONFIG)
    before = state(guided)
    with pytest.raises(CheckpointError, match="do not fit"):
        guided.load_adapter(damaged, "ct")
    assert state(guided) == before and guided.active == "default"


@pytest.mark.parametrize("name", ["keys", "items", "pop", "training", "default", "", "a.b"])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    guided = attach(random_sam(), CONFIG)
    with pytest.raises(ConfigError, match=f"'{name}' cannot name a further adapter; there are: default"):
        guided.add_adapter(name, CONFIG)
    if name in ("keys", "training"):
        with pytest.raises(ConfigError, match=f"'{name}' cannot name"):
            attach(random_sam(), CONFIG, name=name)


def test_an_adapter_that_was_taken_off_says_so() -> None:
    guided = attach(random_sam(), CONFIG).eval()
    image = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    predictor = Predictor(guided, name="made")
    guided.detach()
    for call in (
        lambda: predictor.segment(image, "Solid nodule in the left upper zone."),
        lambda: guided.set_adapter("default"),
        lambda: guided.add_adapter("b", CONFIG),
        lambda: guided.encode(torch.zeros(1, 3, 64, 64), guided.encode_findings([[Finding("nodule")]], [view_of()])),
    ):
        with pytest.raises(ConfigError, match="taken off its host by detach"):
            call()


def test_train_returns_the_models_own_class() -> None:
    assert get_type_hints(AdaptedHost.train)["return"].__bound__
    assert type(attach(random_sam(), CONFIG).train()) is ReportGuidedSam
