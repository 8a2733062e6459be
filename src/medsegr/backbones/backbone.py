"""A foreign host behind one interface: preprocess, encode with modulators between blocks, decode.

The host is neither copied, subclassed nor renamed. Modulators act through
forward hooks on chosen blocks: a hook is an object that holds its modulator and
a shared context, so that deepcopy, pickle and export carry it along; while the
context is empty the hook does nothing, and removing it restores the host.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from medsegr.backbones.preprocess import Letterbox, to_square
from medsegr.errors import ConfigError

Layout = Literal["BHWC", "BCHW"]
Modulate = Callable[[Tensor, Any], tuple[Tensor, Tensor]]
"""(features (B, C, H, W), guidance) -> modulated features and location logits (B, K, H, W)."""


@dataclass(frozen=True)
class HostSpec:
    """What medsegr must know of a family of hosts, as data.

    Attributes:
        family: Name of the family, for example ``sam``.
        blocks: Dotted path of the list of encoder blocks.
        layout: How a block returns its features.
        mean: Per channel, of pixel values in 0..1.
        std: Per channel, of pixel values in 0..1.
    """

    family: str
    blocks: str
    layout: Layout
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass
class ImageEmbedding:
    """What an encoder leaves for the decoder.

    Attributes:
        features: (B, C, h, w) after the neck.
        high_resolution: Finer feature maps for decoders that take them, finest first.
    """

    features: Tensor
    high_resolution: tuple[Tensor, ...] = ()


@dataclass
class Prompts:
    """Clicks and boxes of a user, per finding, in pixels of the host's square.

    Attributes:
        points: (B, K, P, 2) as x, y; None for none.
        labels: (B, K, P), 1 foreground, 0 background, -10 padding.
        boxes: (B, K, 4) as x1, y1, x2, y2; None for none.
    """

    points: Tensor | None = None
    labels: Tensor | None = None
    boxes: Tensor | None = None

    def flat(self) -> dict[str, Tensor | None]:
        """Every finding as an image of its own, as Hugging Face prompt encoders take them."""
        return {
            "input_points": None if self.points is None else self.points.flatten(0, 1)[:, None],
            "input_labels": None if self.labels is None else self.labels.flatten(0, 1)[:, None],
            "input_boxes": None if self.boxes is None else self.boxes.flatten(0, 1)[:, None],
        }


@dataclass
class HookContext:
    """What the hooks of one host read and write during a guided encoding."""

    guidance: Any = None
    location_logits: dict[int, Tensor] = field(default_factory=dict)


class BlockHook:
    """Forward hook that applies a modulator to a block's output while guidance is given."""

    def __init__(self, index: int, modulator: Modulate, layout: Layout, context: HookContext) -> None:
        self.index = index
        self.modulator = modulator
        self.layout = layout
        self.context = context

    def __call__(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor | None:
        guidance = self.context.guidance
        if guidance is None:
            return None
        features = output.permute(0, 3, 1, 2) if self.layout == "BHWC" else output
        features, logits = self.modulator(features, guidance)
        self.context.location_logits[self.index] = logits
        return features.permute(0, 2, 3, 1) if self.layout == "BHWC" else features


class Backbone(nn.Module):
    """Base of all hosts: the generic attachment. A family adds what truly differs.

    Args:
        model: The foreign host, used as it is.
        spec: The family's data.
        name: Where the host came from (hub id, folder or catalogue name).
    """

    whole = False
    """True when the host is trained and shipped together with the adapter."""

    def __init__(self, model: nn.Module, spec: HostSpec, name: str) -> None:
        super().__init__()
        self.model: Any = model  # a host's parts are found by name
        self.spec = spec
        self.name = name
        self.context = HookContext()
        self._handles: list[RemovableHandle] = []

    @property
    def image_size(self) -> int:
        """Side of the host's square input, in pixels."""
        raise NotImplementedError

    @property
    def embedding_dim(self) -> int:
        """Channels of the image embedding after the neck, and of the decoder's prompt tokens."""
        raise NotImplementedError

    def block_dims(self) -> list[int]:
        """Channels of each block's output."""
        raise NotImplementedError

    def mask_decoder(self) -> nn.Module:
        """The host's mask decoder."""
        raise NotImplementedError

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        """Run the host's image encoder."""
        raise NotImplementedError

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        """Run a mask decoder once for N findings.

        Args:
            embedding: Features (N, C, h, w), one per finding; high-resolution maps (B, ...)
                with N a multiple of B.
            tokens: (N, T, C) further sparse prompts, or None.
            prompts: The user's clicks and boxes, or None.
            decoder: The host's own mask decoder or a tuned copy of it.
        """
        raise NotImplementedError

    def blocks(self) -> list[nn.Module]:
        """The encoder's blocks, in order."""
        found: Any = self.model
        for part in self.spec.blocks.split("."):
            found = getattr(found, part)
        return list(found)

    def default_block_indices(self) -> tuple[int, ...]:
        """About a quarter and a half of the depth: early, so that guidance reaches every later block."""
        depth = len(self.blocks())
        return tuple(sorted({max(0, round(depth * share) - 1) for share in (0.25, 0.5)}))

    def preprocess(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """Pictures (floats in 0..1) -> (B, 3, S, S) as the host wants them, and how they lie in it."""
        return to_square(images, self.image_size, self.spec.mean, self.spec.std)

    def attach(self, modulators: dict[int, Modulate]) -> None:
        """Hook a modulator behind each of the given blocks.

        Raises:
            ConfigError: A block index does not exist.
        """
        blocks = self.blocks()
        for index, modulator in modulators.items():
            if not 0 <= index < len(blocks):
                raise ConfigError(f"Block {index} does not exist; this host has blocks 0 to {len(blocks) - 1}.")
            hook = BlockHook(index, modulator, self.spec.layout, self.context)
            self._handles.append(blocks[index].register_forward_hook(hook))

    def detach(self) -> None:
        """Remove all hooks; the host is as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    @contextmanager
    def guided(self, guidance: Any) -> Iterator[HookContext]:
        """Let the modulators act inside this block; the host is plain again afterwards."""
        self.context.guidance = guidance
        self.context.location_logits = {}
        try:
            yield self.context
        finally:
            self.context.guidance = None

    def _no_mask(self, weight: Tensor, like: Tensor) -> Tensor:
        """The decoder's dense prompt for "no mask given", for every image of ``like`` (N, C, h, w)."""
        return weight.reshape(1, -1, 1, 1).expand(like.shape[0], -1, *like.shape[-2:])


def grid_positions(shared: Any, height: int, width: int, like: Tensor) -> Tensor:
    """SAM's positional encoding of the image embedding's grid: (N, C, h, w)."""
    weight = shared.positional_embedding
    rows = (torch.arange(height, device=weight.device, dtype=weight.dtype) + 0.5) / height
    columns = (torch.arange(width, device=weight.device, dtype=weight.dtype) + 0.5) / width
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    encoded = shared(torch.stack([x, y], dim=-1)).permute(2, 0, 1)[None]
    return encoded.expand(like.shape[0], -1, -1, -1)
