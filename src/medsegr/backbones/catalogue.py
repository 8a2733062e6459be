"""Hosts by name: a literal table, and an error that lists its keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.sam import SamBackbone, set_image_size
from medsegr.backbones.tiny import TinyBackbone, TinyConfig, TinySam
from medsegr.errors import ConfigError

FAMILIES: dict[str, Callable[..., Backbone]] = {"sam": SamBackbone, "tiny": TinyBackbone}
"""Family -> backbone class."""


def wrap_host(model: nn.Module, name: str | None = None) -> Backbone:
    """The backbone that fits a host object.

    Args:
        model: A ``transformers.SamModel`` or a ``TinySam``.
        name: Where it came from; taken from the model where it says so.

    Raises:
        ConfigError: The host's class is not in the catalogue.
    """
    if isinstance(model, Backbone):
        return model
    if isinstance(model, TinySam):
        return TinyBackbone(model, name or "tiny")
    if type(model).__name__ == "SamModel":
        return SamBackbone(model, name or getattr(model.config, "_name_or_path", "") or "sam")
    raise ConfigError(
        f"No host of class '{type(model).__name__}' is in the catalogue. Known: transformers.SamModel, TinySam."
    )


def build_host(name: str, image_size: int | None = None, config: dict[str, Any] | None = None) -> Backbone:
    """A host by name.

    Args:
        name: ``tiny`` (fresh weights), or a Hugging Face id or folder of a ``SamModel``.
        image_size: Side of the square input; the host's own by default.
        config: For ``tiny``: fields of :class:`TinyConfig`.

    Raises:
        ConfigError: No such host, or it cannot be loaded.
    """
    if name == "tiny":
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in (config or {}).items()}
        if image_size:
            fields["image_size"] = image_size
        return TinyBackbone(TinySam(TinyConfig(**fields)))
    model = _load_sam(name)
    return SamBackbone(set_image_size(model, image_size) if image_size else model, name)


def _load_sam(name: str) -> nn.Module:
    from transformers import AutoConfig, SamModel

    try:
        config = AutoConfig.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        here = "That folder holds no readable Hugging Face model." if Path(name).is_dir() else ""
        raise ConfigError(
            f"Host '{name}' cannot be loaded. Expected 'tiny', a folder written by save_pretrained, or a "
            f"Hugging Face id of a SAM model such as 'facebook/sam-vit-base'. {here}".strip()
        ) from error
    if config.model_type != "sam":
        raise ConfigError(f"Host '{name}' is of type '{config.model_type}'; the catalogue knows 'sam' and 'tiny'.")
    try:
        return SamModel.from_pretrained(name)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ConfigError(f"The weights of host '{name}' cannot be read; download or save them again.") from error
