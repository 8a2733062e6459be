"""LoRA inside a host: fresh, trained, saved apart, merged, one per adapter, and what a host brings along."""

import copy
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file

from medsegr.backbones.catalogue import wrap_host
from medsegr.backbones.lora import LoraSettings, lora_names, lora_state
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.contracts.asking import everything, pixels, priors, run, wrapped
from tests.hosts import EFFUSION, HOSTS, NODULE, guided, open_gates

peft = pytest.importorskip("peft", reason="LoRA needs peft: pip install 'medsegr[lora]'")

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION]
SETTINGS = LoraSettings(rank=4)


@pytest.fixture(params=["sam", "sam2", "mobile_sam", "lite_medsam", "efficient_sam", "conv_net"])
def case(request):
    return HOSTS[request.param]


@pytest.fixture
def model(case):
    return open_gates(guided(case, case.build(), CONFIG))


def wake(model: ReportGuidedSam, seed: int = 7) -> None:
    """LoRA starts at zero; random matrices stand for trained ones."""
    generator = torch.Generator().manual_seed(seed)
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
    adapted = run(other, REPORT).logits
    other.save_pretrained(tmp_path / "lora")
    model.load_adapter(tmp_path / "lora", "ct")
    torch.testing.assert_close(run(model, REPORT).logits, adapted, atol=1e-6, rtol=1e-5)
    model.set_adapter("default")
    assert torch.equal(run(model, REPORT).logits, plain)
    model.set_adapter("ct")
    torch.testing.assert_close(run(model, REPORT).logits, adapted, atol=1e-6, rtol=1e-5)
    model.save_pretrained(tmp_path / "again")
    again = ReportGuidedSam.from_pretrained(tmp_path / "again", host=wrapped(case))
    torch.testing.assert_close(run(again, REPORT).logits, adapted, atol=1e-6, rtol=1e-5)


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
    with pytest.raises(ConfigError, match="rank 0"):
        model.add_lora(LoraSettings())


def test_settings_that_nobody_knows_are_refused():
    record = LoraSettings(rank=2, targets=("q_proj",)).to_dict()
    assert LoraSettings.from_dict(record) == LoraSettings(rank=2, targets=("q_proj",))
    with pytest.raises(ConfigError, match=r"Unknown LoRA settings: \['use_dora'\]"):
        LoraSettings.from_dict({**record, "use_dora": True})


def with_lora(model: ReportGuidedSam, settings: LoraSettings = SETTINGS, seed: int = 7) -> torch.Tensor:
    """Give the adapter that acts open gates and a LoRA as if trained; its answer."""
    open_gates(model)
    model.add_lora(settings)
    wake(model, seed)
    return run(model, REPORT).logits


@pytest.mark.parametrize("name", ["sam", "sam2"])
@pytest.mark.parametrize("targets", [(), ("qkv",), ("qkv", "proj")])
def test_two_loras_on_one_host_are_told_apart_saved_and_read_back(name, targets, tmp_path):
    model = guided(HOSTS[name], HOSTS[name].build(), CONFIG)
    plain = [key for key in model.backbone.model.state_dict() if "lora_" not in key]
    expected = {"default": with_lora(model, LoraSettings(rank=2, targets=targets))}
    model.add_adapter("b", CONFIG)
    expected["b"] = with_lora(model, LoraSettings(rank=3, targets=targets), seed=8)
    assert not torch.allclose(expected["b"], expected["default"])
    matrices = {adapter: lora_state(model.backbone, [f"medsegr_{adapter}"]).keys() for adapter in expected}
    assert matrices["b"] == matrices["default"], "both adapt the same layers"
    host = HOSTS[name].build()
    both = guided(HOSTS[name], host, CONFIG)
    for adapter, logits in expected.items():
        model.set_adapter(adapter)
        torch.testing.assert_close(run(model, REPORT).logits, logits, atol=1e-6, rtol=1e-5)
        model.save_pretrained(tmp_path / adapter)
        alone = ReportGuidedSam.from_pretrained(tmp_path / adapter, host=HOSTS[name].build())
        torch.testing.assert_close(run(alone, REPORT).logits, logits, atol=1e-6, rtol=1e-5)
        both.load_adapter(tmp_path / adapter, f"{adapter}2")
    for adapter, logits in expected.items():
        both.set_adapter(f"{adapter}2")
        torch.testing.assert_close(run(both, REPORT).logits, logits, atol=1e-6, rtol=1e-5)
        both.remove_lora()
    assert list(host.state_dict()) == [key.replace(".base_layer", "") for key in plain]


@pytest.mark.parametrize("other", [False, True])
def test_a_lora_that_cannot_be_loaded_leaves_none_behind(case, model, tmp_path, other):
    lora = tmp_path / "ct" / "lora.safetensors"
    with_lora(model, LoraSettings(rank=2))
    model.save_pretrained(tmp_path / "ct")
    save_file({name: torch.cat([matrix, matrix]) for name, matrix in load_file(lora).items()}, lora)
    host = case.build()
    again = open_gates(guided(case, host, CONFIG))
    expected = with_lora(again) if other else run(again, REPORT).logits
    modules = [name for name, _ in host.named_modules()]
    gradients = [name for name, _ in again.trainable_parameters()]
    with pytest.raises(CheckpointError, match="do not fit the host"):
        again.load_adapter(tmp_path / "ct", "ct")
    assert [name for name, _ in host.named_modules()] == modules
    assert [name for name, _ in again.trainable_parameters()] == gradients
    assert list(again.adapters) == ["default"]
    assert torch.equal(run(again, REPORT).logits, expected)
    host = case.build()
    modules = [name for name, _ in host.named_modules()]
    with pytest.raises(CheckpointError, match="do not fit the host"):
        ReportGuidedSam.from_pretrained(tmp_path / "ct", host=wrap_host(host, spec=case.spec))
    assert [name for name, _ in host.named_modules()] == modules and not hasattr(host, "peft_config")
    assert all(p.requires_grad for p in host.parameters())


def test_dropout_is_off_in_an_evaluated_model(case, model, tmp_path):
    masks = with_lora(model.eval(), LoraSettings(rank=2, dropout=0.5))
    assert torch.equal(run(model, REPORT).logits, masks)
    model.save_pretrained(tmp_path / "ct")
    again = guided(case, case.build(), CONFIG).eval()
    again.load_adapter(tmp_path / "ct", "ct")
    torch.testing.assert_close(run(again, REPORT).logits, masks, atol=1e-6, rtol=1e-5)
    again.train()
    assert not torch.equal(run(again, REPORT).logits, run(again, REPORT).logits)


def test_what_a_host_brought_along_stays_as_it_was_beside_ours(tmp_path):
    host = peft_host().get_base_model()
    other = peft.LoraConfig(r=2, target_modules=["lin1"], init_lora_weights=False)
    peft.inject_adapter_in_model(other, host, adapter_name="resting")
    for layer in host.modules():
        if hasattr(layer, "lora_A"):
            layer.set_adapter("default")
    for parameter in host.parameters():
        parameter.requires_grad_(False)
    model = open_gates(guided(HOSTS["sam"], host, CONFIG))
    before = run(model, REPORT).logits
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # PEFT's about LoRAs that are there already
        model.add_lora(SETTINGS)
    assert set(host.peft_config) == {"default", "resting", "medsegr_default"}
    assert torch.equal(run(model, REPORT).logits, before)
    trained = [n for n, _ in model.trainable_parameters() if "backbone" in n]
    assert trained and all(".medsegr_default." in n for n in trained)
    model.remove_lora()
    assert lora_names(host) == ["default", "resting"] and set(host.peft_config) == {"default", "resting"}
    assert torch.equal(run(model, REPORT).logits, before)
    assert not any("backbone" in n for n, _ in model.trainable_parameters())


def test_our_lora_and_the_hosts_own_on_the_same_layers_are_both_saved(tmp_path):
    model = guided(HOSTS["sam"], peft_host(), CONFIG)
    expected = with_lora(model)
    model.save_pretrained(tmp_path / "m")
    again = ReportGuidedSam.from_pretrained(tmp_path / "m", host=peft_host(seed=1), any_host=True)
    torch.testing.assert_close(run(again, REPORT).logits, expected, atol=1e-6, rtol=1e-5)


def test_a_host_with_a_lora_comes_off_as_it_was_but_for_the_lora():
    host = HOSTS["sam"].build().train()
    model = guided(HOSTS["sam"], host, CONFIG)
    with_lora(model)
    assert model.detach() is host
    assert all(p.requires_grad for p in host.parameters())
    assert all(module.training for module in host.modules())


def test_adapters_are_not_changed_while_a_lora_is_merged():
    model = guided(HOSTS["sam"], HOSTS["sam"].build(), CONFIG)
    with_lora(model)
    model.merge_lora()
    for change in (lambda: model.add_adapter("b", CONFIG), lambda: model.set_adapter("default"), model.remove_lora):
        with pytest.raises(ConfigError, match=r"Call unmerge_lora\(\)"):
            change()
    assert list(model.adapters) == ["default"]
    model.unmerge_lora()
    model.add_adapter("b", CONFIG)


def test_a_host_that_is_trained_whole_takes_no_lora():
    model = guided(HOSTS["tiny"], HOSTS["tiny"].build(), CONFIG)
    with pytest.raises(ConfigError, match="'tiny' is trained whole"):
        model.add_lora(SETTINGS)
    assert not lora_names(model.backbone.model) and model.adapter.lora is None
