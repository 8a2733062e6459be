"""Of every host: a model copied, saved, or with several adapters answers as before."""

import copy
import pickle
from dataclasses import replace

import pytest
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.contracts.asking import CONFIG, REPORT, pixels, run, wrapped
from tests.hosts import NODULE, open_gates


def test_deepcopy_and_pickle_give_the_same_output_and_stand_alone(model):
    expected = run(model, REPORT).logits
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(run(twin, REPORT).logits, expected)
        with torch.no_grad():
            for gate in twin.adapter.gates("location"):
                gate.zero_()
        assert not torch.equal(run(twin, REPORT).logits, expected)
        assert torch.equal(run(model, REPORT).logits, expected)


def test_save_and_load_give_the_same_output(case, model, tmp_path):
    model.save_pretrained(tmp_path / "m")
    host = None if model.backbone.whole else wrapped(case)
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=host)
    assert torch.equal(run(again, REPORT).logits, run(model, REPORT).logits)


def test_another_host_is_refused_unless_told(case, model, tmp_path):
    if model.backbone.whole:
        pytest.skip("this host ships with its adapter: no other can be given")
    model.save_pretrained(tmp_path / "m")

    @torch.no_grad()
    def change(host):
        for parameter in host.parameters():
            parameter.mul_(1.5)

    with pytest.raises(CheckpointError, match="other weights"):
        ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case, change))
    ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case, change), any_host=True)


def test_adapters_share_a_host_and_switch_by_name(case, fresh):
    one = open_gates(fresh)
    expected = run(one, REPORT).logits
    one.add_adapter("second", replace(CONFIG, blocks=(0,)))
    fresh_second = run(one, [NODULE]).logits
    with torch.no_grad():
        own = case.own(one.backbone.model, pixels(one), Prompts())
    assert torch.equal(fresh_second[:, 0], own), "a fresh further adapter leaves the host's masks"
    assert {name.split(".")[1] for name, _ in one.trainable_parameters() if name.startswith("adapters")} == {"second"}
    one.set_adapter("default")
    assert torch.equal(run(one, REPORT).logits, expected)
    with pytest.raises(ConfigError, match="there are: default, second"):
        one.set_adapter("third")
