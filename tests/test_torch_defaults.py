"""Whatever torch's default type and device are: the same answers, in float32 on the device asked for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import SamConfig, SamModel

import medsegr
from medsegr._torch_defaults import plain_defaults
from medsegr.backbones.lora import LoraSettings
from medsegr.cognition.text_encoder import TextEncoder
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.checkpoint import load_checkpoint
from medsegr.training.train import train
from tests.contracts.asking import REPORT, everything, priors
from tests.hosts import NODULE, open_gates
from tests.random_hosts import random_sam
from tests.text_encoders import save_text_encoder
from tests.training.small_dataset import make_dataset, small_config

TYPES = (torch.float64, torch.bfloat16, torch.float16)
PICTURE = np.random.default_rng(0).random((50, 70)).astype(np.float32)


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def asked(model: medsegr.Predictor) -> medsegr.FindingResult:
    prompts = {"nodule-left": medsegr.UserPrompt(points=((40, 20),), box=(30, 10, 60, 40))}
    return model.segment(PICTURE, "Nodule in the left upper zone.", modality="chest_xray", prompts=prompts).findings[0]


def same(one: medsegr.FindingResult, other: medsegr.FindingResult) -> bool:
    return bool(one.support == other.support and (one.probability == other.probability).all())


@pytest.mark.parametrize("kind", TYPES)
def test_a_model_answers_the_same_when_the_type_is_set_before_or_after_loading(kind: torch.dtype, random_model) -> None:
    model = medsegr.load(random_model, flips=True, second_look=True)
    expected = asked(model)
    torch.set_default_dtype(kind)
    assert same(asked(model), expected)
    assert same(asked(medsegr.load(random_model, flips=True, second_look=True)), expected)
    assert torch.get_default_dtype() == kind


def test_a_model_works_on_the_device_asked_for_whatever_the_default_is(random_model) -> None:
    expected = asked(medsegr.load(random_model))
    torch.set_default_device("meta")
    found = asked(medsegr.load(random_model, device="cpu"))
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-5)
    assert torch.get_default_device().type == "meta"


@pytest.mark.parametrize("kind", TYPES)
def test_an_adapter_is_put_on_trained_saved_and_read_in_float32(kind: torch.dtype, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="LoRA needs peft: pip install 'medsegr[lora]'")
    first, host, again = random_sam(), random_sam(), random_sam()
    torch.manual_seed(0)
    fresh = medsegr.attach(first, AdapterConfig(token_dim=16, heads=2, bottleneck=8)).adapter.state_dict()
    squares = torch.randn(1, 3, 64, 64)
    torch.set_default_dtype(kind)
    torch.manual_seed(0)
    model = medsegr.attach(host, AdapterConfig(token_dim=16, heads=2, bottleneck=8))
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in model.adapter.state_dict().items())
    found = open_gates(model)(squares, priors(model, REPORT)).logits
    torch.set_default_dtype(torch.float32)
    assert torch.equal(model(squares, priors(model, REPORT)).logits, found)
    torch.set_default_dtype(kind)
    model.add_lora(LoraSettings(rank=2))
    everything(model.train()(squares, priors(model, REPORT))).backward()
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
    model.save_pretrained(tmp_path / "m")
    for file in ("adapter.safetensors", "lora.safetensors"):
        assert {tensor.dtype for tensor in load_file(tmp_path / "m" / file).values()} == {torch.float32}
    loaded = load_checkpoint(str(tmp_path / "m"), host=again)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


@pytest.mark.parametrize("change", ["float64", "bfloat16", "meta"])
def test_training_gives_the_same_weights(change: str, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "discs", cases=4)

    def trained(name: str) -> dict[str, torch.Tensor]:
        train(small_config(data, tmp_path / name, steps=2, validate_every=2), show_progress=False)
        return load_file(tmp_path / name / "best" / "adapter.safetensors")

    expected = trained("plain")
    if change == "meta":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(getattr(torch, change))
    found = trained("other")
    torch.set_default_device(None)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=1e-6, rtol=1e-5, msg=name)


@pytest.mark.parametrize("change", [torch.nn.Module.half, torch.nn.Module.double, torch.nn.Module.bfloat16])
def test_a_model_in_another_type_says_what_to_do(change, tmp_path: Path, random_model) -> None:
    model = medsegr.load(random_model)
    expected = asked(model)
    change(model.model)
    with pytest.raises(ConfigError, match=r"model's weights are in b?float\d+; expected float32.*float.*autocast"):
        asked(model)
    saved = model.model.save_pretrained(tmp_path / "m")
    floats = {t.dtype for t in load_file(saved / "adapter.safetensors").values() if t.is_floating_point()}
    assert floats == {torch.float32}
    model.model.float().to("cpu")
    assert asked(model).support == pytest.approx(expected.support, abs=0.05)


def test_a_model_without_numbers_says_so() -> None:
    with torch.device("meta"):
        model = medsegr.attach(SamModel(SamConfig()))
    with pytest.raises(ConfigError, match="on the device 'meta', where weights hold no numbers"):
        asked(medsegr.Predictor(model))


def test_words_are_read_the_same(tmp_path: Path) -> None:
    folder = str(save_text_encoder(tmp_path / "bert"))
    expected = TextEncoder.from_pretrained(folder).encode_findings([[NODULE]], [[""]])
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    encoder = TextEncoder.from_pretrained(folder)
    assert torch.equal(encoder.encode_findings([[NODULE]], [[""]]), expected)
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_threads_inside_at_once_leave_the_callers_type() -> None:
    torch.set_default_dtype(torch.float64)
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with plain_defaults():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with plain_defaults():
        leave.set()
        thread.join()
        assert torch.get_default_dtype() == torch.float32
    assert torch.get_default_dtype() == torch.float64
