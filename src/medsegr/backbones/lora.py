"""LoRA inside a host's encoder, by PEFT: ours, or what a host already has.

Source: Hu et al., LoRA, ICLR 2022. The low-rank matrices are trained together with the adapter and
saved apart from it (``lora.safetensors``); the host's own weights stay as they are until they are merged.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from medsegr._optional import require
from medsegr._torch_defaults import plain_defaults
from medsegr.backbones.backbone import Backbone
from medsegr.errors import CheckpointError, ConfigError

ATTENTION_NAMES = frozenset({"qkv", "q_proj", "v_proj", "query", "value", "q", "v"})
"""Projections that LoRA adapts by default, where an encoder has them."""


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adaptation of the host's encoder.

    Attributes:
        rank: Rank of the matrices; 0 for none.
        alpha: Scale is ``alpha / rank``; twice the rank when 0.
        dropout: On the matrices' input, in training.
        targets: Ends of the names of the layers that get it; by default the attention's projections
            in all blocks, else all linear layers there, else all plain convolutions.
    """

    rank: int = 0
    alpha: float = 0.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rank < 0 or self.alpha < 0 or not 0 <= self.dropout < 1:
            raise ConfigError(
                f"LoRA has rank {self.rank}, alpha {self.alpha}, dropout {self.dropout}; "
                "expected rank and alpha of at least 0 and a dropout from 0 to below 1."
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "LoraSettings":
        """Read what :meth:`to_dict` wrote.

        Raises:
            ConfigError: A field is not known to this version.
        """
        unknown = set(record) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"Unknown LoRA settings: {sorted(unknown)}. Update medsegr, or remove them.")
        return cls(**{**record, "targets": tuple(record.get("targets", ()))})


def lora_names(model: nn.Module) -> list[str]:
    """Names of the LoRA adapters inside a host."""
    return sorted({_split(name)[1] for name, _ in model.named_parameters() if ".lora_" in name})


def add_lora(backbone: Backbone, settings: LoraSettings, name: str) -> None:
    """Put LoRA into the layers of the encoder's blocks; a fresh one changes nothing.

    Layers that hold a LoRA already get this one beside it; what acts there goes on to act.

    Raises:
        ConfigError: The rank is 0, PEFT is missing, or no layer fits.
    """
    if not settings.rank:
        raise ConfigError("LoRA has rank 0, which is none; expected at least 1.")
    peft = require("peft", "LoRA", "'medsegr[lora]'")
    targets = _targets(backbone, settings.targets)
    if not targets:
        named = list(settings.targets) or "by default"
        raise ConfigError(f"No layer of the host's blocks fits the LoRA targets {named}.")
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha or 2 * settings.rank,
        lora_dropout=settings.dropout,
        target_modules=targets,
    )
    active = [(layer, list(layer.active_adapters)) for layer in _layers(backbone.model)]
    with _gradients_kept(list(backbone.model.parameters())), _without_configs(backbone.model), plain_defaults():
        peft.inject_adapter_in_model(config, backbone.model, adapter_name=name)
        for layer, names in active:
            layer.set_adapter([*names, name] if name in layer.lora_A else names)
    for parameter in _parameters_of(backbone.model, [name]):
        parameter.requires_grad_(True)


def remove_lora(backbone: Backbone, name: str) -> None:
    """Take a LoRA out; layers that hold no other are the host's own again."""
    for path, layer in list(backbone.model.named_modules()):
        if not _is_lora_layer(layer) or name not in layer.lora_A:
            continue
        if len(layer.lora_A) == 1:
            parent, _, leaf = path.rpartition(".")
            setattr(backbone.model.get_submodule(parent), leaf, layer.base_layer)
            continue
        with _gradients_kept(_parameters_of(layer, _others(layer.lora_A, [name]))):
            layer.set_adapter(_others(layer.active_adapters, [name]))
            layer.delete_adapter(name)
    configs = getattr(backbone.model, "peft_config", {})
    configs.pop(name, None)
    if not configs and hasattr(backbone.model, "peft_config"):
        del backbone.model.peft_config


def use_lora(backbone: Backbone, name: str, owned: list[str]) -> None:
    """Let one of our LoRAs act and the others rest; what the host brought along is left alone."""
    for layer in _layers(backbone.model):
        if not any(n in layer.lora_A for n in owned):
            continue
        mine = [n for n in layer.lora_A if n == name]
        theirs = [] if layer.disable_adapters else _others(layer.active_adapters, owned)
        with _gradients_kept(_parameters_of(layer, _others(layer.lora_A, owned))):
            layer.set_adapter(mine + theirs)
            layer.enable_adapters(bool(mine + theirs))


def merge_lora(backbone: Backbone) -> None:
    """Add the matrices that act to the host's weights: no extra work at inference, and no change of output."""
    for layer in _layers(backbone.model):
        layer.merge()


def unmerge_lora(backbone: Backbone) -> None:
    """Take merged matrices out again."""
    for layer in _layers(backbone.model):
        layer.unmerge()


def is_merged(backbone: Backbone) -> bool:
    """Whether the host's weights hold LoRA matrices at the moment."""
    return any(layer.merged for layer in _layers(backbone.model))


def lora_state(backbone: Backbone, names: list[str]) -> dict[str, Tensor]:
    """The matrices of the named LoRAs, under names without the LoRA's own.

    Where one layer holds several of them, the last one named has these names, and the others keep theirs in full.
    """
    return {
        key: tensor.detach().to("cpu", torch.float32).contiguous() for key, tensor in _matrices(backbone, names).items()
    }


@torch.no_grad()
def load_lora_state(backbone: Backbone, state: dict[str, Tensor], names: list[str]) -> None:
    """Fill the named LoRAs with what :func:`lora_state` gave.

    Raises:
        CheckpointError: The matrices do not fit.
    """
    own = _matrices(backbone, names)
    if own.keys() != state.keys() or any(own[key].shape != state[key].shape for key in own):
        raise CheckpointError(
            f"The LoRA of this adapter has {len(state)} matrices that do not fit the host's {len(own)}. "
            "Load the host that it was trained on, with its PEFT layers if it had any."
        )
    for key, tensor in state.items():
        own[key].copy_(tensor)


def plain_name(key: str) -> str | None:
    """A parameter's name as in the host without LoRA; None for LoRA's own."""
    return None if ".lora_" in key else key.replace(".base_layer.", ".")


def _layers(model: nn.Module) -> list[Any]:
    return [module for module in model.modules() if _is_lora_layer(module)]


def _is_lora_layer(module: nn.Module) -> bool:
    return hasattr(module, "lora_A") and hasattr(module, "merge")


def _others(names: Collection[str], left_out: list[str]) -> list[str]:
    return [name for name in names if name not in left_out]


def _parameters_of(module: nn.Module, names: list[str]) -> list[nn.Parameter]:
    """The matrices of the named LoRAs."""
    named = [(f".{key}", parameter) for key, parameter in module.named_parameters()]
    return [parameter for key, parameter in named if ".lora_" in key and _split(key)[1] in names]


@contextmanager
def _gradients_kept(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Which of them require gradients is afterwards as before: PEFT turns gradients on for all that acts."""
    flags = [(parameter, parameter.requires_grad) for parameter in parameters]
    yield
    for parameter, flag in flags:
        parameter.requires_grad_(flag)


@contextmanager
def _without_configs(model: nn.Module) -> Iterator[None]:
    """Settings of LoRAs that a model has already are laid aside for a while: PEFT would warn that there are some."""
    configs = vars(model).pop("peft_config", {})
    try:
        yield
    finally:
        configs.update(vars(model).pop("peft_config", {}))
        if configs:
            vars(model)["peft_config"] = configs


def _matrices(backbone: Backbone, names: list[str]) -> dict[str, Tensor]:
    """Name in a file -> matrix; see :func:`lora_state`."""
    state, found = backbone.model.state_dict(), {}
    for name in reversed(dict.fromkeys(names)):
        for key, tensor in state.items():
            if ".lora_" in key and _split(key)[1] == name:
                plain = _split(key)[0]
                found[key if plain in found else plain] = tensor
    return found


def _split(key: str) -> tuple[str, str]:
    """``a.lora_A.default.weight`` -> ``a.lora_A.weight`` and ``default``."""
    head, _, tail = key.partition(".lora_")
    kind, name, *rest = tail.split(".")
    return ".".join((f"{head}.lora_{kind}", *rest)), name


def _own_layers(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Names and layers as if there were no PEFT: one of its layers stands for what it wraps, its parts for nothing."""
    if hasattr(module, "get_base_layer"):
        yield path, module.get_base_layer()  # type: ignore[operator]
        return
    yield path, module
    for name, child in module.named_children():
        yield from _own_layers(child, f"{path}.{name}" if path else name)


def _targets(backbone: Backbone, wanted: tuple[str, ...]) -> list[str]:
    """Names of the layers that get a LoRA; see :class:`LoraSettings`."""
    inside = tuple(f"{path}." for path in backbone.spec.block_paths)
    layers = {name: layer for name, layer in _own_layers(backbone.model) if name.startswith(inside)}
    linear = [name for name, layer in layers.items() if isinstance(layer, nn.Linear)]
    plain = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d) and layer.groups == 1]
    if wanted:
        return [name for name in (*linear, *plain) if name.endswith(wanted)]
    return [name for name in linear if name.rpartition(".")[2] in ATTENTION_NAMES] or linear or plain
