"""Modulators between a host's blocks: forward hooks that read the guidance of the pass at hand.

A hook is an object that holds its modulator and a shared context, so that
deepcopy, pickle and export carry it along; while the context is empty the hook
does nothing, and removing it restores the host.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from medsegr.backbones.host_spec import HostSpec
from medsegr.errors import ConfigError

Modulate = Callable[[Tensor, Any], tuple[Tensor, Tensor]]
"""(features (B, C, H, W), guidance) -> modulated features and location logits (B, K, H, W)."""


@dataclass
class GuidedPass:
    """One guided encoding: what the hooks read, and what they leave behind."""

    guidance: Any
    location_logits: dict[int, Tensor] = field(default_factory=dict)


class HookContext:
    """Which pass is under way, per thread; so that threads share a model without mixing their reports.

    A checkpoint around a block (``torch.utils.checkpoint``, as some hosts have it)
    runs it again in the backward pass, when the guided pass is over and maybe in
    another thread. The gradient that comes back to the block's output goes before
    it, and leaves the guidance at the block's input, which the checkpoint keeps.
    That needs the non-reentrant kind (``use_reentrant=False``).
    """

    def __init__(self) -> None:
        self._thread = threading.local()
        self._rerun: WeakTensorKeyDictionary = WeakTensorKeyDictionary()

    @property
    def current(self) -> GuidedPass | None:
        """The pass of this thread, or None."""
        return getattr(self._thread, "current", None)

    @current.setter
    def current(self, value: GuidedPass | None) -> None:
        self._thread.current = value

    def remember(self, block_input: Tensor, output: Tensor, guidance: Any) -> None:
        """Have a block's guidance at hand once the backward pass has come to its output."""
        if output.requires_grad:
            output.register_hook(lambda _: self._rerun.update({block_input: guidance}))

    def recall(self, block_input: Tensor) -> Any:
        """The guidance of a block that the backward pass runs again, once; else None."""
        return self._rerun.pop(block_input, None) if torch.is_grad_enabled() else None

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), ()


@dataclass(eq=False)
class BlockHook:
    """Forward hook that applies a modulator to a block's output while guidance is given.

    Args:
        index: Place of the block.
        modulator: What to apply.
        spec: How the block's output lies.
        context: Shared by all hooks of one host.
    """

    index: int
    modulator: Modulate
    spec: HostSpec
    context: HookContext

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        current = self.context.current
        if current is not None:
            guidance = current.guidance
        elif torch.compiler.is_compiling() or not inputs or (guidance := self.context.recall(inputs[0])) is None:
            return None
        features = first_of(output)
        maps = to_maps(features, self.spec)
        modulated, logits = self.modulator(maps, guidance)
        changed = from_maps(modulated, features, self.spec)
        if current is not None:
            current.location_logits[self.index] = logits
            if inputs and torch.is_grad_enabled() and not torch.compiler.is_compiling():
                self.context.remember(inputs[0], changed, guidance)
        return (changed, *output[1:]) if isinstance(output, tuple) else changed


def first_of(output: Any) -> Tensor:
    """The features among what a block returns."""
    return output[0] if isinstance(output, tuple) else output


def to_maps(features: Tensor, spec: HostSpec) -> Tensor:
    """A block's output in any layout -> (B, C, H, W).

    Raises:
        ConfigError: The tokens do not fill the grid.
    """
    if features.ndim == 3:
        tokens = features[:, spec.prefix_tokens :]
        height, width = token_grid(tokens.shape[1], spec)
        return tokens.transpose(1, 2).unflatten(2, (height, width))
    return features.permute(0, 3, 1, 2) if spec.layout == "BHWC" else features


def from_maps(maps: Tensor, like: Tensor, spec: HostSpec) -> Tensor:
    """(B, C, H, W) -> the layout of ``like``, with its prefix tokens."""
    if like.ndim == 3:
        tokens = maps.flatten(2).transpose(1, 2)
        return torch.cat([like[:, : spec.prefix_tokens], tokens], dim=1) if spec.prefix_tokens else tokens
    return maps.permute(0, 2, 3, 1) if spec.layout == "BHWC" else maps


def token_grid(count: int, spec: HostSpec) -> tuple[int, int]:
    """Rows and columns of ``count`` tokens: the stated grid, or a square one.

    Raises:
        ConfigError: The tokens do not fill it.
    """
    side = int(count**0.5)
    height, width = spec.grid if spec.grid is not None and spec.grid[0] * spec.grid[1] == count else (side, side)
    if height * width != count:
        raise ConfigError(
            f"A block of host '{spec.family}' returns {count} tokens, which fill no square. "
            "Set 'grid' and 'prefix_tokens' in its HostSpec."
        )
    return height, width
