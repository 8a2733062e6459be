"""A host and the adapters that live on it: which one acts, what is trained, how to take them off."""

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import nn

from medsegr._torch_defaults import plain_defaults
from medsegr.backbones import lora
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.lora import LoraSettings
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.text_encoder import TextEncoder
from medsegr.errors import ConfigError
from medsegr.model.adapter import Adapter, AdapterConfig
from medsegr.model.engine import Engine
from medsegr.model.host_state import give_back, remember

Own = TypeVar("Own", bound="AdaptedHost")
"""A model's own class, as ``typing.Self`` of later Pythons."""


class AdaptedHost(nn.Module):
    """A host with one or several adapters, by name; one of them acts.

    The host is frozen, but for a LoRA that it brings along (PEFT) or that is put
    in with the adapter, and but for hosts that are trained whole.

    Args:
        vocabulary: Names that have a row in the embedding tables.
        name: Of the adapter.

    Raises:
        ConfigError: The config does not fit the host, or the name cannot be one. The host is then as it was.
    """

    def __init__(
        self,
        backbone: Backbone,
        vocabulary: PriorVocabulary | None = None,
        config: AdapterConfig | None = None,
        name: str = "default",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self._before = remember(backbone.model, self)
        self.attached = True
        self.host_lora = lora.lora_names(backbone.model)
        self._checkpointing = False
        self._merged = False
        self.text_encoders: dict[str, Any] = {}
        self.engine: Engine | None = None
        for parameter_name, parameter in backbone.model.named_parameters():
            inside = ".lora_" in parameter_name and parameter.requires_grad
            parameter.requires_grad_(backbone.whole or inside)
        self.adapters = nn.ModuleDict()
        self.active = name
        try:
            self.add_adapter(name, config, vocabulary)
        except BaseException:
            self.detach()
            raise
        self.train(backbone.model.training)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self.attached:
            remember(self.backbone.model, self, self._before)

    @property
    def adapter(self) -> Adapter:
        """The adapter that acts."""
        return self.adapters[self.active]  # type: ignore[return-value]

    @property
    def vocabulary(self) -> PriorVocabulary:
        """Names that have a row in the tables of the adapter that acts."""
        return self.adapter.vocabulary

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts about the adapter that acts: training data, seed, thresholds."""
        return self.adapter.metadata

    @metadata.setter
    def metadata(self, value: dict[str, Any]) -> None:
        self.adapter.metadata = value

    def add_adapter(
        self, name: str, config: AdapterConfig | None = None, vocabulary: PriorVocabulary | None = None
    ) -> Adapter:
        """Put a further, fresh adapter on the host, and let it act.

        Args:
            name: A new one, without dots, and none that ``nn.ModuleDict`` uses itself (``keys``, ``items``).
            config: Sizes of the adapter; what suits the host's size by default.
            vocabulary: Names with a row in its tables; the built-in lexicon's by default.

        Raises:
            ConfigError: The name is taken or cannot be one, the config does not fit the host, a LoRA is merged, or
                the adapters were taken off.
        """
        self._refuse_unready()
        if hasattr(self.adapters, name) or not name or "." in name:
            raise ConfigError(
                f"'{name}' cannot name a further adapter; there are: {', '.join(self.adapters) or 'none'}."
            )
        config = config or AdapterConfig.for_host(self.backbone)
        with plain_defaults():
            adapter = Adapter(self.backbone, vocabulary or PriorVocabulary.of_lexicon(load_lexicon()), config)
        device = next(self.backbone.model.parameters()).device
        self.adapters[name] = adapter.to(device).train(self.training)
        self.set_adapter(name)
        return adapter

    def set_adapter(self, name: str) -> None:
        """Let the adapter of that name act, and its LoRA; it alone is trained. Nothing is loaded.

        Raises:
            ConfigError: No adapter of that name, a LoRA is merged, or the adapters were taken off.
        """
        self._refuse_unready()
        if name not in self.adapters:
            raise ConfigError(f"No adapter '{name}'; there are: {', '.join(self.adapters)}.")
        self.backbone.detach()
        self.active = name
        for other, adapter in self.adapters.items():
            adapter.requires_grad_(other == name)
        self.backbone.attach({int(index): modulator for index, modulator in self.adapter.modulators.items()})
        if any(adapter.lora for adapter in self.adapters.values()):
            lora.use_lora(self.backbone, lora_name(name), [lora_name(other) for other in self.adapters])

    def add_lora(self, settings: LoraSettings) -> None:
        """Adapt the host's encoder as well, together with the adapter that acts; see ``backbones.lora``.

        Raises:
            ConfigError: The host is trained whole, the adapter has a LoRA already, PEFT is missing, no layer fits, a
                LoRA is merged, or the adapters were taken off.
        """
        self._refuse_unready()
        if self.backbone.whole:
            raise ConfigError(
                f"Host '{self.backbone.name}' is trained whole, which leaves a LoRA nothing to do. Train it without."
            )
        if self.adapter.lora is not None:
            raise ConfigError(f"Adapter '{self.active}' has a LoRA already.")
        lora.add_lora(self.backbone, settings, lora_name(self.active))
        self.adapter.lora = settings
        self.set_adapter(self.active)
        self.train(self.training)

    def remove_lora(self) -> None:
        """Take the LoRA of the adapter that acts out of the host again; nothing happens where there is none.

        Raises:
            ConfigError: It is merged, or the adapters were taken off.
        """
        self._refuse_unready()
        if self.adapter.lora is not None:
            lora.remove_lora(self.backbone, lora_name(self.active))
            self.adapter.lora = None
            self.set_adapter(self.active)

    def merge_lora(self) -> None:
        """Fold the LoRA that acts into the host's weights, for inference."""
        lora.merge_lora(self.backbone)
        self._merged = lora.is_merged(self.backbone)

    def unmerge_lora(self) -> None:
        """Take it out again, to train, save or switch."""
        lora.unmerge_lora(self.backbone)
        self._merged = False

    def gradient_checkpointing_enable(self) -> None:
        """Trade time for memory in training: the host's blocks run again in the backward pass.

        Raises:
            ConfigError: The host cannot.
        """
        if not getattr(self.backbone.model, "supports_gradient_checkpointing", False):
            raise ConfigError("This host has no gradient checkpointing of its own; train with a smaller batch.")
        self.backbone.model.gradient_checkpointing_enable({"use_reentrant": False})
        self._checkpointing = True
        self.train(self.training)

    def trainable_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that training changes: the adapter's, a LoRA's, and a whole host's."""
        return ((name, p) for name, p in self.named_parameters() if p.requires_grad)

    def train(self: Own, mode: bool = True) -> Own:
        """Training mode for what is trained; a frozen host stays in evaluation mode, but for its LoRA's dropout."""
        super().train(mode)
        if not self.backbone.whole:
            self.backbone.model.eval()
            for name, module in self.backbone.model.named_modules():
                if ".lora_dropout" in name:
                    module.train(mode)
            for block in self.backbone.blocks() if self._checkpointing else ():
                block.training = mode  # the flag alone: it is what lets a block be checkpointed
        return self

    def text_encoder(self) -> TextEncoder | None:
        """The frozen text encoder, loaded at first use and never part of the delta; None where none is configured.

        Raises:
            ConfigError: It cannot be loaded, or its vectors have another width than ``text_dim``.
        """
        name, dim = self.adapter.config.text_encoder, self.adapter.config.text_dim
        if not name:
            return None
        if name not in self.text_encoders:
            self.text_encoders[name] = TextEncoder.from_pretrained(name)
        encoder: TextEncoder = self.text_encoders[name]
        if encoder.dim != dim:
            raise ConfigError(
                f"Text encoder '{name}' has vectors of width {encoder.dim}, and text_dim is {dim}; set it to the width."
            )
        return encoder

    def detach(self) -> nn.Module:
        """Take the adapters off; returns the host as it was before (with its LoRA, where one was put in).

        Where another model has its adapters on the same host, its flags are put back when the last one goes.
        """
        if self.attached:
            self.backbone.detach()
            self.attached = self._checkpointing = False
            give_back(self.backbone.model, self)
        return self.backbone.model

    def engine_for(self: Own, part: str) -> Engine | None:
        """What runs a part of the model in torch's stead; None where torch does: in training, in an export."""
        engine = self.engine
        if engine is None or self.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return None
        return engine if engine.can(part, self) else None  # type: ignore[arg-type]

    def _refuse_unready(self) -> None:
        """Raise a ConfigError where adapters cannot be put on, switched or used."""
        self.refuse_detached()
        if self._merged:
            raise ConfigError("A LoRA is merged into the host's weights. Call unmerge_lora() before changing adapters.")

    def refuse_detached(self) -> None:
        """Raise a ConfigError where the adapters were taken off."""
        if not self.attached:
            raise ConfigError(
                "The adapter was taken off its host by detach(). Load it again, or put a fresh one on with "
                "medsegr.attach(host)."
            )


def lora_name(adapter: str) -> str:
    """Name of the LoRA that goes with an adapter, among the host's own."""
    return f"medsegr_{adapter}"
