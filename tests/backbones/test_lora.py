"""LoRA inside a host: fresh, trained, saved apart, merged, one per adapter, and what a host brings along."""

import copy

import pytest
import torch

from medsegr.backbones.lora import LoraSettings, lora_names
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.contracts.asking import everything, pixels, priors, run, wrapped
from tests.hosts import EFFUSION, HOSTS, NODULE, guided, open_gates

peft = pytest.importorskip("peft", reason="LoRA needs peft: pip install 'medsegr[lora]'")

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION]
SETTINGS = LoraSettings(rank=4)


@pytest.fixture(params=["sam", "sam2", "mobile_sam", "efficient_sam", "conv_net"])
def case(request):
    return HOSTS[request.param]


@pytest.fixture
def model(case):
    return open_gates(guided(case, case.build(), CONFIG))


def wake(model: ReportGuidedSam) -> None:
    """LoRA starts at zero; random matrices stand for trained ones."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.backbone.model.named_parameters():
            if ".lora_B" in name and parameter.requires_grad:
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))


def test_a_fresh_lora_changes_nothing_and_is_trained_with_the_adapter(model):
    expected = run(model, REPORT).logits
    base = {n: p.requires_grad for n, p in model.backbone.model.named_parameters()}
    model.add_lora(SETTINGS)
    assert torch.equal(run(model, REPORT).logits, expected)
    trained = [n for n, _ in model.trainable_parameters() if "backbone" in n]
    assert trained
    assert all(".lora_" in n for n in trained)
    assert not any(base.values())
    wake(model)
    everything(model.train()(pixels(model), priors(model, REPORT))).backward()
    grads = dict(model.backbone.model.named_parameters())
    assert all(grads[n.removeprefix("backbone.model.")].grad is not None for n in trained)
    assert all(p.grad is None for n, p in grads.items() if ".lora_" not in n)
    with pytest.raises(ConfigError, match="has a LoRA already"):
        model.add_lora(SETTINGS)


def test_merged_or_apart_the_masks_are_the_same(model):
    model.add_lora(SETTINGS)
    before = run(model, REPORT).logits
    wake(model)
    apart = run(model, REPORT).logits
    assert (apart - before).abs().max() > 1e-3 * before.abs().max()
    model.merge_lora()
    torch.testing.assert_close(run(model, REPORT).logits, apart, atol=1e-5, rtol=1e-3)
    model.unmerge_lora()
    torch.testing.assert_close(run(model, REPORT).logits, apart, atol=1e-5, rtol=1e-3)


def test_it_is_saved_apart_and_read_back(case, model, tmp_path):
    model.add_lora(SETTINGS)
    wake(model)
    model.merge_lora()
    with pytest.raises(CheckpointError, match="unmerge_lora"):
        model.save_pretrained(tmp_path / "m")
    model.unmerge_lora()
    expected = run(model, REPORT).logits
    model.save_pretrained(tmp_path / "m")
    assert (tmp_path / "m" / "lora.safetensors").is_file()
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case))
    torch.testing.assert_close(run(again, REPORT).logits, expected, atol=1e-6, rtol=1e-5)
    (tmp_path / "m" / "lora.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="lora.safetensors cannot be read"):
        ReportGuidedSam.from_pretrained(tmp_path / "m", host=wrapped(case))


def test_each_adapter_has_its_own_and_switching_needs_no_loading(case, model, tmp_path):
    plain = run(model, REPORT).logits
    model.save_pretrained(tmp_path / "plain")
    other = open_gates(guided(case, case.build(), CONFIG), 0.3)
    other.add_lora(SETTINGS)
    wake(other)
    with_lora = run(other, REPORT).logits
    other.save_pretrained(tmp_path / "lora")
    model.load_adapter(tmp_path / "lora", "ct")
    torch.testing.assert_close(run(model, REPORT).logits, with_lora, atol=1e-6, rtol=1e-5)
    model.set_adapter("default")
    assert torch.equal(run(model, REPORT).logits, plain)
    model.set_adapter("ct")
    torch.testing.assert_close(run(model, REPORT).logits, with_lora, atol=1e-6, rtol=1e-5)
    model.save_pretrained(tmp_path / "again")
    again = ReportGuidedSam.from_pretrained(tmp_path / "again", host=wrapped(case))
    torch.testing.assert_close(run(again, REPORT).logits, with_lora, atol=1e-6, rtol=1e-5)


def peft_host(seed: int = 0):
    torch.manual_seed(seed)
    settings = peft.LoraConfig(r=2, target_modules=["qkv"], init_lora_weights=False)
    return peft.get_peft_model(HOSTS["sam"].build(), settings)


def test_a_host_with_peft_layers_trains_them_together_with_the_adapter(tmp_path):
    wrapper = peft_host()
    host = wrapper.get_base_model()
    own = copy.deepcopy(host)
    model = guided(HOSTS["sam"], wrapper, CONFIG)
    images = pixels(model)
    with torch.no_grad():
        assert torch.equal(
            run(model, [NODULE]).logits, own(pixel_values=images, multimask_output=False).pred_masks[:, 0]
        )
    open_gates(model)
    assert lora_names(host) == ["default"]
    trained = {n for n, _ in model.trainable_parameters() if "backbone" in n}
    assert trained
    assert all(".lora_" in n for n in trained)
    expected = run(model, REPORT).logits
    model.save_pretrained(tmp_path / "m")
    fresh = peft_host(seed=1)
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=fresh)
    torch.testing.assert_close(run(again, REPORT).logits, expected, atol=1e-6, rtol=1e-5)
    with pytest.raises(CheckpointError, match="do not fit the host"):
        ReportGuidedSam.from_pretrained(tmp_path / "m", host=HOSTS["sam"].build())


def test_frozen_peft_layers_stay_frozen():
    wrapper = peft_host()
    for parameter in wrapper.parameters():
        parameter.requires_grad_(False)
    model = guided(HOSTS["sam"], wrapper, CONFIG)
    assert any(".lora_" in n for n, _ in model.backbone.model.named_parameters())
    assert not any("backbone" in n for n, _ in model.trainable_parameters())


def test_targets_that_fit_nothing_and_bad_numbers_are_refused(model):
    with pytest.raises(ConfigError, match="No layer of the host's blocks fits"):
        model.add_lora(LoraSettings(rank=2, targets=("no_such_layer",)))
    with pytest.raises(ConfigError, match="expected rank"):
        LoraSettings(rank=-1)
