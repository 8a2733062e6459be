"""Adapters on disk: ``adapter.safetensors`` + ``adapter.json`` + a model card. No pickle.

The delta holds the adapter alone; a host that is trained whole (``tiny``) is
shipped with it, and the matrices of a LoRA lie beside it (``lora.safetensors``).
``adapter.json`` says for which host it was trained, by name, revision and a
fingerprint of its weights, and another host is refused.
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from medsegr._version import __version__
from medsegr.backbones.lora import LoraSettings, is_merged, load_lora_state, lora_state
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.errors import CheckpointError, ConfigError
from medsegr.model.adapted_host import lora_name
from medsegr.model.adapter import AdapterConfig
from medsegr.model.host_identity import Host, find_host, host_record, refuse_other_family, refuse_other_host
from medsegr.model.model_card import write_model_card
from medsegr.model.report_guided_sam import ReportGuidedSam

SCHEMA = 1
"""Version of the layout of ``adapter.json`` and the names of the tensors."""

WEIGHTS, LORA, CONFIG, CARD = "adapter.safetensors", "lora.safetensors", "adapter.json", "README.md"


def delta_state(model: ReportGuidedSam) -> dict[str, Tensor]:
    """The tensors that ship: ``adapter.*``, and ``host.*`` where the host is trained whole."""
    state = {f"adapter.{name}": tensor for name, tensor in model.adapter.state_dict().items()}
    if model.backbone.whole:
        state |= {f"host.{name}": tensor for name, tensor in model.backbone.model.state_dict().items()}
    return {name: _as_shipped(tensor.detach().cpu()).contiguous() for name, tensor in state.items()}


def _as_shipped(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def save_checkpoint(
    model: ReportGuidedSam, folder: Path, metadata: dict[str, Any] | None = None, half: bool = False
) -> Path:
    """Write a checkpoint folder. All files are made beside it first, then renamed: what cannot be saved harms nothing.

    Args:
        model: What to save.
        folder: Made where it is missing.
        metadata: Free JSON-ready facts (training data, seed, results); merged over the model's own.
        half: Store floats as float16 (half the size; they are read back as float32).

    Raises:
        CheckpointError: A LoRA is merged into the host at the moment.
        ConfigError: The metadata hold what JSON cannot say.
    """
    if is_merged(model.backbone):
        raise CheckpointError("The LoRA is merged into the host's weights. Call unmerge_lora() before saving.")
    folder.mkdir(parents=True, exist_ok=True)
    state = delta_state(model)
    if half:
        state = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    lora = lora_state(model.backbone, _loras_of(model))
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
        made = Path(temporary)
        save_file(state, made / WEIGHTS)
        if lora:
            save_file(lora, made / LORA)
        config = _config_of(model, bool(lora), sha256(made / WEIGHTS), metadata or {})
        try:
            (made / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"The metadata cannot be saved as JSON ({error}); give numbers, text, lists, dicts."
            ) from error
        if not (folder / CARD).exists():
            (made / CARD).write_text(write_model_card(config), encoding="utf-8")
        for name in (WEIGHTS, LORA, CARD, CONFIG):
            if (made / name).exists():
                (made / name).replace(folder / name)
    if not lora:
        (folder / LORA).unlink(missing_ok=True)
    return folder


def _config_of(model: ReportGuidedSam, with_lora: bool, weights: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Content of ``adapter.json``."""
    lora = model.adapter.lora
    return {
        "schema": SCHEMA,
        "medsegr_version": __version__,
        "host": host_record(model.backbone),
        "blocks": list(model.adapter.block_indices),
        "adapter": {**model.adapter.config.to_dict(), "blocks": list(model.adapter.block_indices)},
        "lora": None if not with_lora else {} if lora is None else lora.to_dict(),
        "vocabulary": model.vocabulary.to_dict(),
        "weights_sha256": weights,
        "metadata": {**model.metadata, **metadata},
    }


def load_checkpoint(name_or_folder: str, host: Host | None = None, any_host: bool = False) -> ReportGuidedSam:
    """Read a checkpoint from a folder or the Hugging Face hub.

    Args:
        name_or_folder: A folder, or a hub id such as ``me/my-adapter``.
        host: The host to attach to, as an object, as an object with its ``HostSpec``, or by name; the one named in
            ``adapter.json`` when None.
        any_host: Attach even where the host's fingerprint differs.

    Raises:
        ConfigError: Nothing of that name.
        CheckpointError: Damaged, of a newer schema, or of another host. A frozen host at hand is then as it was.
    """
    folder, config, state = _read(name_or_folder)
    try:
        backbone = find_host(config, host)
        refuse_other_host(config, backbone, any_host)
        adapter = AdapterConfig.from_dict(config["adapter"])
        model = ReportGuidedSam(backbone, PriorVocabulary.from_dict(config["vocabulary"]), adapter)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is incomplete ({error!r}); save the model again.") from error
    try:
        _fill(model, folder, config, state)
    except BaseException:
        model.remove_lora()
        model.detach()
        raise
    return model.eval()


def load_further(model: ReportGuidedSam, name_or_folder: str, name: str, any_host: bool = False) -> None:
    """Read another adapter onto a model's host, under a name of its own, and let it act.

    Args:
        model: Whose host it joins.
        name_or_folder: A folder, or a hub id.
        name: A new one.
        any_host: Load even where the host's fingerprint differs.

    Raises:
        ConfigError: Nothing there, or the name is taken.
        CheckpointError: Damaged, of a newer schema, of another host, or with a host of its own. The model is then
            as it was.
    """
    folder, config, state = _read(name_or_folder)
    if model.backbone.whole or config["host"]["config"] is not None:
        raise CheckpointError("A model that is trained whole shares no host. Load it on its own: medsegr.load(...).")
    refuse_other_family(config, model.backbone)
    refuse_other_host(config, model.backbone, any_host)
    before = model.active
    try:
        adapter = AdapterConfig.from_dict(config["adapter"])
        model.add_adapter(name, adapter, PriorVocabulary.from_dict(config["vocabulary"]))
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is incomplete ({error!r}); save the model again.") from error
    try:
        _fill(model, folder, config, state)
    except BaseException:
        model.remove_lora()
        model.set_adapter(before)
        del model.adapters[name]
        raise


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
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
        return Path(snapshot_download(name, allow_patterns=[WEIGHTS, LORA, CONFIG, CARD]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ConfigError(f"No folder '{name}', and it cannot be had from the Hugging Face hub.") from error


def _read(name: str) -> tuple[Path, dict[str, Any], dict[str, Tensor]]:
    """A checkpoint's folder, the content of its ``adapter.json``, and its tensors."""
    folder = _fetch(name)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        schema = config["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG} cannot be read; download or save the model again.") from error
    if schema > SCHEMA:
        raise CheckpointError(
            f"{folder} has schema {schema}, this medsegr reads up to {SCHEMA}. Update with: pip install -U medsegr"
        )
    path = folder / WEIGHTS
    try:
        if sha256(path) != config.get("weights_sha256"):
            raise CheckpointError(f"{path} is damaged (its hash differs from {CONFIG}); download or save it again.")
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read; download or save the model again.") from error
    return folder, config, {name: _as_shipped(tensor) for name, tensor in state.items()}


def _loras_of(model: ReportGuidedSam) -> list[str]:
    """The LoRAs that are trained with the adapter that acts: its own, and what the host brought along."""
    return model.host_lora + ([lora_name(model.active)] if model.adapter.lora is not None else [])


def _fill(model: ReportGuidedSam, folder: Path, config: dict[str, Any], state: dict[str, Tensor]) -> None:
    """Give a fresh adapter its tensors, its LoRA and its metadata."""
    parts = {"adapter": model.adapter, **({"host": model.backbone.model} if model.backbone.whole else {})}
    for prefix, module in parts.items():
        own = {name[len(prefix) + 1 :]: t for name, t in state.items() if name.startswith(f"{prefix}.")}
        try:
            module.load_state_dict(own, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"The tensors in {folder / WEIGHTS} do not fit {CONFIG}.") from error
    if (settings := config.get("lora")) is not None:
        try:
            lora = load_file(folder / LORA)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{folder / LORA} cannot be read; download or save the model again.") from error
        if settings:
            model.add_lora(LoraSettings.from_dict(settings))
        load_lora_state(model.backbone, lora, _loras_of(model))
    model.metadata = dict(config.get("metadata", {}), weights_sha256=config["weights_sha256"])
