"""What is saved is read back; what is damaged, foreign or newer is refused with one clear error."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import SamConfig, SamModel

from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach, build_model
from medsegr.model.checkpoint import load_checkpoint, save_checkpoint
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import HOSTS, NODULE, open_gates
from tests.random_hosts import random_sam, random_tiny
from tests.views import view_of

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return open_gates(attach(random_sam(), CONFIG)).save_pretrained(tmp_path / "adapter", {"training": {"seed": 3}})


def answer(model: ReportGuidedSam) -> torch.Tensor:
    pixels = torch.randn(1, 3, model.image_size, model.image_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model(pixels, model.encode_findings([[NODULE]], [view_of("chest_xray")])).logits


def test_only_safetensors_json_and_a_card(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["README.md", "adapter.json", "adapter.safetensors"]
    config = json.loads((saved / "adapter.json").read_text())
    assert config["schema"] == 1 and config["metadata"]["training"]["seed"] == 3
    assert "seed" in (saved / "README.md").read_text()


def test_a_frozen_host_ships_as_a_delta(saved: Path) -> None:
    from safetensors.torch import load_file

    assert {name.partition(".")[0] for name in load_file(saved / "adapter.safetensors")} == {"adapter"}


def test_a_host_is_found_by_its_name(tmp_path: Path) -> None:
    random_sam().save_pretrained(tmp_path / "host")
    model = open_gates(build_model(str(tmp_path / "host"), CONFIG))
    again = ReportGuidedSam.from_pretrained(model.save_pretrained(tmp_path / "adapter"))
    assert torch.equal(answer(again), answer(model))
    assert again.metadata["weights_sha256"]


def test_half_precision_is_half_the_size_and_nearly_the_same(tmp_path: Path) -> None:
    model = open_gates(attach(random_tiny(), CONFIG))
    full, half = (save_checkpoint(model, tmp_path / str(flag), half=flag) for flag in (False, True))
    sizes = [(folder / "adapter.safetensors").stat().st_size for folder in (full, half)]
    assert sizes[1] < 0.6 * sizes[0]
    torch.testing.assert_close(answer(load_checkpoint(str(half))), answer(model), atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    "damage", ["truncated", "flipped", "missing", "empty", "no json", "half a json", "no vocabulary"]
)
def test_damage_is_refused(saved: Path, damage: str) -> None:
    weights, config = saved / "adapter.safetensors", saved / "adapter.json"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "flipped":
        content = bytearray(weights.read_bytes())
        content[-50] ^= 0xFF
        weights.write_bytes(content)
    elif damage == "missing":
        weights.unlink()
    elif damage == "empty":
        weights.write_bytes(b"")
    elif damage == "no json":
        config.write_text("weights")
    elif damage == "half a json":
        config.write_text(config.read_text()[:200])
    else:
        record = json.loads(config.read_text())
        del record["vocabulary"]
        config.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="damaged|cannot be read|incomplete"):
        load_checkpoint(str(saved), random_sam())


def test_tensors_that_do_not_fit_are_refused(saved: Path) -> None:
    record = json.loads((saved / "adapter.json").read_text())
    record["adapter"]["bottleneck"] = 4
    (saved / "adapter.json").write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(str(saved), random_sam())


def test_a_newer_schema_is_refused(saved: Path) -> None:
    record = json.loads((saved / "adapter.json").read_text())
    (saved / "adapter.json").write_text(json.dumps({**record, "schema": 2}))
    with pytest.raises(CheckpointError, match="schema 2.*pip install -U medsegr"):
        load_checkpoint(str(saved), random_sam())


def test_another_host_is_refused(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="other weights"):
        load_checkpoint(str(saved), random_sam(seed=1))
    assert load_checkpoint(str(saved), random_sam(seed=1), any_host=True).image_size == 64
    with pytest.raises(CheckpointError, match="at 64 px; came 'sam' at 128 px"):
        load_checkpoint(str(saved), random_sam(128))
    with pytest.raises(CheckpointError, match="family 'sam'.*came 'tiny'"):
        load_checkpoint(str(saved), random_tiny())


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no adapter\.json"):
        load_checkpoint(str(tmp_path))
    with pytest.raises(ConfigError, match="neither a folder nor"):
        load_checkpoint("no-such-model")


def test_push_uploads_what_save_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    class Hub:
        def __init__(self, token: str | None) -> None:
            seen["token"] = token

        def create_repo(self, repository: str, **options: object):
            seen["options"] = options
            return type("Repository", (), {"repo_id": repository})

        def upload_folder(self, repo_id: str, folder_path: str, commit_message: str) -> str:
            seen["files"] = sorted(path.name for path in Path(folder_path).iterdir())
            return f"hub/{repo_id}"

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    address = attach(random_sam(), CONFIG).push_to_hub("me/mine", private=True, token="secret")
    assert address == "hub/me/mine" and seen["token"] == "secret"
    assert seen["options"] == {"private": True, "exist_ok": True}
    assert seen["files"] == ["README.md", "adapter.json", "adapter.safetensors"]


def test_the_adapter_of_vit_b_is_small() -> None:
    with torch.device("meta"):
        host = SamModel(SamConfig())
        own = sum(p.numel() for p in host.parameters())
        model = attach(host)
    added = sum(p.numel() for _, p in model.trainable_parameters())
    assert 90e6 < own < 96e6
    assert added / own < 0.0086, f"the adapter has {100 * added / own:.2f} % of the host's parameters"


def test_the_card_names_a_host_of_the_hub_and_keeps_a_folder_of_this_machine_to_itself(tmp_path):
    random_sam().save_pretrained(tmp_path / "private" / "sam")
    build_model(str(tmp_path / "private" / "sam"), CONFIG).save_pretrained(tmp_path / "local")
    card = (tmp_path / "local" / "README.md").read_text()
    assert "base_model" not in card
    assert str(tmp_path) not in card
    sam = random_sam()
    sam.config._name_or_path = "facebook/sam-vit-base"
    attach(sam, CONFIG).save_pretrained(tmp_path / "hub")
    card = (tmp_path / "hub" / "README.md").read_text()
    header = card.split("---")[1]
    assert "base_model: facebook/sam-vit-base\n" in header
    assert all(f"{key}: " in header for key in ("library_name", "license", "pipeline_tag"))
    assert "- medical-imaging" in header


def test_what_cannot_be_saved_harms_no_checkpoint(saved: Path) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    model = ReportGuidedSam.from_pretrained(saved, host=random_sam())
    model.adapter.prompt_gate.data.add_(1)
    with pytest.raises(ConfigError, match="metadata cannot be saved as JSON"):
        model.save_pretrained(saved, metadata={"dice": np.float32(0.8)})
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_host_of_ones_own_is_handed_over_with_its_spec(tmp_path: Path) -> None:
    case = HOSTS["conv_net"]
    model = open_gates(attach(case.build(), CONFIG, host=case.spec))
    folder = model.save_pretrained(tmp_path / "adapter")
    with pytest.raises(CheckpointError, match="host=\\(model, spec\\)"):
        load_checkpoint(str(folder))
    again = load_checkpoint(str(folder), host=(case.build(), case.spec))
    assert torch.equal(answer(again), answer(model))


def test_a_host_is_float32_whatever_its_file_holds(tmp_path: Path) -> None:
    random_sam().half().save_pretrained(tmp_path / "host")
    model = build_model(str(tmp_path / "host"), CONFIG)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    for other in (torch.float16, torch.bfloat16, torch.float64):
        with pytest.raises(ConfigError, match=r"weights are in b?float(16|64); expected float32. Call .float\(\)"):
            attach(random_sam().to(other), CONFIG)
