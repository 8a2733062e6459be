"""Adapters on disk: ``adapter.safetensors`` + ``adapter.json`` + a model card. No pickle.

The delta holds the adapter alone; a host that is trained whole (``tiny``) is
shipped with it. ``adapter.json`` says for which host it was trained, by name
and by a fingerprint of its weights, and another host is refused.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from medsegr._version import __version__
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import build_host, wrap_host
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.model_card import write_model_card
from medsegr.model.report_guided_sam import ReportGuidedSam

SCHEMA = 1
"""Version of the layout of ``adapter.json`` and the names of the tensors."""

WEIGHTS, CONFIG, CARD = "adapter.safetensors", "adapter.json", "README.md"


def delta_state(model: ReportGuidedSam) -> dict[str, Tensor]:
    """The tensors that ship: ``adapter.*``, and ``host.*`` where the host is trained whole."""
    state = {f"adapter.{name}": tensor for name, tensor in model.adapter.state_dict().items()}
    if model.backbone.whole:
        state |= {f"host.{name}": tensor for name, tensor in model.backbone.model.state_dict().items()}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def host_fingerprint(backbone: Backbone) -> str:
    """SHA-256 over names, shapes and a sample of the values of the host's weights (fast, and independent of dtype)."""
    digest = hashlib.sha256()
    for name, tensor in sorted(backbone.model.state_dict().items()):
        flat = tensor.detach().flatten()
        step = max(1, flat.numel() // 64)
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(flat[::step].to("cpu", torch.bfloat16).view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def save_checkpoint(
    model: ReportGuidedSam, folder: Path, metadata: dict[str, Any] | None = None, half: bool = False
) -> Path:
    """Write a checkpoint folder; each file goes to a temporary name and is renamed.

    Args:
        model: What to save.
        folder: Made where it is missing.
        metadata: Free JSON-ready facts (training data, seed, results); merged over the model's own.
        half: Store floats as float16 (half the size; they are read back as float32).
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = delta_state(model)
    if half:
        state = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    weights = _replace(folder / WEIGHTS, lambda path: save_file(state, path))
    backbone = model.backbone
    config = {
        "schema": SCHEMA,
        "medsegr_version": __version__,
        "host": {
            "family": backbone.spec.family,
            "name": backbone.name,
            "image_size": backbone.image_size,
            "fingerprint": None if backbone.whole else host_fingerprint(backbone),
            "config": asdict(backbone.model.config) if backbone.whole else None,
        },
        "blocks": list(model.adapter.block_indices),
        "adapter": {**model.adapter.config.to_dict(), "blocks": list(model.adapter.block_indices)},
        "vocabulary": model.vocabulary.to_dict(),
        "weights_sha256": sha256(weights),
        "metadata": {**model.metadata, **(metadata or {})},
    }
    _replace(folder / CONFIG, lambda path: path.write_text(json.dumps(config, indent=1), encoding="utf-8"))
    if not (folder / CARD).exists():
        _replace(folder / CARD, lambda path: path.write_text(write_model_card(config), encoding="utf-8"))
    return folder


def load_checkpoint(name_or_folder: str, host: nn.Module | None = None, any_host: bool = False) -> ReportGuidedSam:
    """Read a checkpoint from a folder or the Hugging Face hub.

    Args:
        name_or_folder: A folder, or a hub id such as ``me/my-adapter``.
        host: The host object to attach to; loaded by its name in ``adapter.json`` when None.
        any_host: Attach even where the host's fingerprint differs.

    Raises:
        ConfigError: Nothing of that name.
        CheckpointError: Damaged, of a newer schema, or of another host.
    """
    folder = _fetch(name_or_folder)
    config = _read_config(folder)
    state = _read_weights(folder, config)
    try:
        backbone = _host_of(config, host)
        adapter = AdapterConfig.from_dict(config["adapter"])
        if not backbone.whole and not any_host and host_fingerprint(backbone) != config["host"]["fingerprint"]:
            raise CheckpointError(
                f"This adapter was trained on host '{config['host']['name']}', and the host at hand has other "
                "weights. Load that host, or pass any_host=True to attach it nevertheless."
            )
        model = ReportGuidedSam(backbone, PriorVocabulary.from_dict(config["vocabulary"]), adapter)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is incomplete ({error!r}); save the model again.") from error
    _fill(model, state, folder)
    model.metadata = dict(config.get("metadata", {}), weights_sha256=config["weights_sha256"])
    return model.eval()


def push_checkpoint(model: ReportGuidedSam, repository: str, private: bool, token: str | None) -> str:
    """Upload the checkpoint folder to the Hugging Face hub; returns the commit's address."""
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with tempfile.TemporaryDirectory() as temporary:
        save_checkpoint(model, Path(temporary))
        target = api.create_repo(repository, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=target.repo_id, folder_path=temporary, commit_message="Add adapter"))


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return (
            hashlib.file_digest(stream, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else (hashlib.sha256(stream.read()).hexdigest())
        )


def _replace(path: Path, write) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _fetch(name: str) -> Path:
    folder = Path(name)
    if folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise ConfigError(f"Folder '{name}' holds no {CONFIG}; expected what save_pretrained wrote.")
        return folder
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise ConfigError(f"No model '{name}': neither a folder nor a Hugging Face id such as 'me/my-adapter'.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=[WEIGHTS, CONFIG, CARD]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ConfigError(f"No folder '{name}', and it cannot be had from the Hugging Face hub.") from error


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        schema = config["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG} cannot be read; download or save the model again.") from error
    if schema > SCHEMA:
        raise CheckpointError(
            f"{folder} has schema {schema}, this medsegr reads up to {SCHEMA}. Update with: pip install -U medsegr"
        )
    return config


def _read_weights(folder: Path, config: dict[str, Any]) -> dict[str, Tensor]:
    path = folder / WEIGHTS
    try:
        if sha256(path) != config.get("weights_sha256"):
            raise CheckpointError(f"{path} is damaged (its hash differs from {CONFIG}); download or save it again.")
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read; download or save the model again.") from error
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}


def _host_of(config: dict[str, Any], host: nn.Module | None) -> Backbone:
    wanted = config["host"]
    if host is None:
        return build_host(
            wanted["name"] if wanted["family"] != "tiny" else "tiny", wanted["image_size"], wanted["config"]
        )
    backbone = wrap_host(host)
    if backbone.spec.family != wanted["family"] or backbone.image_size != wanted["image_size"]:
        raise CheckpointError(
            f"This adapter is for a host of family '{wanted['family']}' at {wanted['image_size']} px; "
            f"came '{backbone.spec.family}' at {backbone.image_size} px."
        )
    return backbone


def _fill(model: ReportGuidedSam, state: dict[str, Tensor], folder: Path) -> None:
    parts = {"adapter": model.adapter, **({"host": model.backbone.model} if model.backbone.whole else {})}
    for prefix, module in parts.items():
        own = {name[len(prefix) + 1 :]: t for name, t in state.items() if name.startswith(f"{prefix}.")}
        try:
            module.load_state_dict(own, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"The tensors in {folder / WEIGHTS} do not fit {CONFIG}.") from error
