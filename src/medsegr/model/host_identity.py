"""Which host an adapter belongs to: its name, its revision, and a fingerprint of its weights."""

import hashlib
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import CATALOGUE, build_host, wrap_host
from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.lora import plain_name
from medsegr.backbones.tiny import BEFORE
from medsegr.errors import CheckpointError

Host = nn.Module | str | tuple[nn.Module, HostSpec]
"""A host object, one with what medsegr must know of it, or the name of one."""


def host_record(backbone: Backbone) -> dict[str, Any]:
    """What ``adapter.json`` says of the host."""
    return {
        "family": backbone.spec.family,
        "name": backbone.name,
        "revision": getattr(getattr(backbone.model, "config", None), "_commit_hash", None),
        "image_size": backbone.image_size,
        "fingerprint": None if backbone.whole else host_fingerprint(backbone),
        "config": asdict(backbone.model.config) if backbone.whole else None,
    }


def host_fingerprint(backbone: Backbone) -> str:
    """SHA-256 over names, shapes and a sample of the values of the host's own weights, without any LoRA.

    Fast, and of values as bfloat16 has them: a copy that was bfloat16 once has the same.
    """
    digest = hashlib.sha256()
    named = {plain_name(key): tensor for key, tensor in backbone.model.state_dict().items()}
    for name, tensor in sorted((key, tensor) for key, tensor in named.items() if key is not None):
        flat = tensor.detach().flatten()
        step = max(1, flat.numel() // 64)
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(flat[::step].to("cpu", torch.bfloat16).view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def find_host(config: dict[str, Any], host: Host | None) -> Backbone:
    """The host that an adapter belongs to: the object at hand, else by its name.

    Args:
        config: Content of ``adapter.json``.
        host: A host, or None for the one that the config names.

    Raises:
        ConfigError: It cannot be loaded by its name.
        CheckpointError: The object is of another family or size, or only its author can build the host.
    """
    wanted = config["host"]
    if host is None:
        if ":" in wanted["name"] or wanted["family"] not in CATALOGUE:
            raise CheckpointError(
                f"This adapter is for a host of its author's own, '{wanted['name']}'. Build that host and hand it over "
                "(host=(model, spec), or --host module:function)."
            )
        if wanted["family"] == "tiny":
            return build_host("tiny", wanted["image_size"], {**BEFORE, **wanted["config"]})
        return build_host(wanted["name"], wanted["image_size"], wanted["config"], wanted.get("revision"))
    if isinstance(host, str):
        backbone = build_host(host, wanted["image_size"])
    else:
        model, spec = host if isinstance(host, tuple) else (host, None)
        backbone = wrap_host(model, None if spec is None else wanted["name"], spec)
    refuse_other_family(config, backbone)
    return backbone


def refuse_other_family(config: dict[str, Any], backbone: Backbone) -> None:
    """Raise a CheckpointError where the host is of another family or size than the adapter's."""
    wanted = config["host"]
    if backbone.spec.family != wanted["family"] or backbone.image_size != wanted["image_size"]:
        raise CheckpointError(
            f"This adapter is for a host of family '{wanted['family']}' at {wanted['image_size']} px; "
            f"came '{backbone.spec.family}' at {backbone.image_size} px."
        )


def refuse_other_host(config: dict[str, Any], backbone: Backbone, any_host: bool) -> None:
    """Raise a CheckpointError where the host's weights are others than the adapter's, unless ``any_host``."""
    if not backbone.whole and not any_host and host_fingerprint(backbone) != config["host"]["fingerprint"]:
        raise CheckpointError(
            f"This adapter was trained on host '{config['host']['name']}', and the host at hand has other "
            "weights. Load that host (a function of your own: with the same weights on each call); in Python "
            "any_host=True attaches it nevertheless."
        )
