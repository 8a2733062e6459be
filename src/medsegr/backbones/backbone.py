"""A foreign host behind one interface: preprocess, encode with modulators between blocks, decode.

The host is neither copied, subclassed nor renamed; see ``attachment`` for how
modulators act on it.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any
from weakref import finalize

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from medsegr.backbones.block_hooks import BlockHook, GuidedPass, HookContext, Modulate, first_of, to_maps
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts
from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.preprocess import check_images, to_pixels
from medsegr.errors import ConfigError
from medsegr.square import Square
from medsegr.view import View

DYNAMIC = "dynamic_multimask_via_stability"
"""Flag of decoders of SAM 2's build, Hugging Face's and Meta's alike."""


@dataclass(frozen=True)
class HostShapes:
    """Sizes that a plain encoding of one image shows.

    Attributes:
        block_dims: Channels of each block's output.
        block_grids: Rows and columns of each block's output.
        embedding: (C, h, w) of the image embedding.
    """

    block_dims: tuple[int, ...]
    block_grids: tuple[tuple[int, int], ...]
    embedding: tuple[int, int, int]


class Backbone(nn.Module, ABC):
    """Base of all hosts: the generic attachment. A family adds what truly differs.

    Args:
        model: The foreign host, used as it is.
        spec: The family's data.
        name: Where the host came from (hub id, folder or catalogue name).
    """

    whole = False
    """True when the host is trained and shipped together with the adapter."""

    fine_maps = False
    """True when the decoder also takes finer maps, from the encoder's early stages."""

    divides = False
    """True when the encoder can stop behind a block and go on from there: :meth:`before`, :meth:`after`."""

    takes_boxes = True
    """True when the host has a prompt encoder for boxes (and clicks)."""

    takes_masks = True
    """True when the host's prompt encoder also takes a mask."""

    def __init__(self, model: nn.Module, spec: HostSpec, name: str) -> None:
        super().__init__()
        self.model: Any = model  # a host's parts are found by name
        self.spec = spec
        self.name = name
        self.context = HookContext()
        self._handles: list[RemovableHandle] = []
        self._hooks: dict[int, BlockHook] = {}
        finalize(self, _remove, self._handles).atexit = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        finalize(self, _remove, self._handles).atexit = False

    @property
    @abstractmethod
    def image_size(self) -> int:
        """Side of the host's square input, in pixels."""

    @abstractmethod
    def mask_decoder(self) -> nn.Module:
        """The host's mask decoder."""

    def decoder_copy(self) -> nn.Module:
        """A copy of the mask decoder, to be trained.

        Decoders of SAM 2's build give one mask in training, but at test put another of their masks in its place
        where it seems unstable. Nothing trains those others, so the copy gives its one mask always.
        """
        copied = copy.deepcopy(self.mask_decoder()).requires_grad_(True)
        if hasattr(copied, DYNAMIC):
            setattr(copied, DYNAMIC, False)
        return copied

    @abstractmethod
    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        """Run the host's image encoder."""

    def before(self, block: int, pixel_values: Float[Tensor, "b 3 s s"]) -> Tensor:
        """What block number ``block`` leaves, in its own layout and before its modulator; only of hosts that divide."""
        raise ConfigError(f"Hosts of family '{self.spec.family}' cannot stop behind a block.")

    def after(self, block: int, features: Tensor) -> ImageEmbedding:
        """The image embedding from what block number ``block`` left; only of hosts that divide."""
        raise ConfigError(f"Hosts of family '{self.spec.family}' cannot go on from behind a block.")

    def modulated(self, block: int, features: Tensor) -> Tensor:
        """A block's output as the modulator behind it leaves it; as it is outside of a guided pass."""
        hook = self._hooks.get(block)
        changed = None if hook is None else hook(self.blocks()[block], (), features)
        return features if changed is None else changed

    def fine_dims(self) -> tuple[tuple[int, int], ...]:
        """Channels of each finer map, as the encoder gives it and as the decoder adds it; finest first.

        Empty where the decoder takes none, or none that could be added to.
        """
        return ()

    @abstractmethod
    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        """Run a mask decoder once for N findings.

        Args:
            embedding: Features of N findings; high-resolution maps of B images, N a multiple of B.
            tokens: (N, T, C) further sparse prompts, or None.
            prompts: Clicks, boxes and masks, or None.
            decoder: The host's own mask decoder or a tuned copy of it.
        """

    def blocks(self) -> list[nn.Module]:
        """The encoder's blocks, in order.

        Raises:
            ConfigError: The host has no such part.
        """
        found: list[nn.Module] = []
        for path in self.spec.block_paths:
            try:
                found += list(self.model.get_submodule(path))
            except (AttributeError, TypeError) as error:
                raise ConfigError(
                    f"Host of family '{self.spec.family}' has no list of blocks at '{path}'. Correct its HostSpec."
                ) from error
        return found

    @cached_property
    def shapes(self) -> HostShapes:
        """Sizes of blocks and embedding, seen in one plain encoding of an empty picture.

        The encoding is a real one: fake or meta tensors would stay behind in the caches that some hosts keep.
        """
        seen: list[Tensor] = []
        handles = [
            block.register_forward_hook(lambda _, __, output: seen.append(first_of(output))) for block in self.blocks()
        ]
        like = next(self.model.parameters())
        training = self.model.training
        try:
            self.model.eval()
            with torch.no_grad():
                size = (1, 3, self.image_size, self.image_size)
                features = self.encode(torch.zeros(size, device=like.device, dtype=like.dtype)).features
        finally:
            self.model.train(training)
            for handle in handles:
                handle.remove()
        maps = [to_maps(output, self.spec) for output in seen]
        channels, height, width = features.shape[1:]
        return HostShapes(
            tuple(m.shape[1] for m in maps), tuple((m.shape[2], m.shape[3]) for m in maps), (channels, height, width)
        )

    @property
    def embedding_dim(self) -> int:
        """Channels of the image embedding after the neck, and of the decoder's prompt tokens."""
        return self.shapes.embedding[0]

    def block_dims(self) -> list[int]:
        """Channels of each block's output."""
        return list(self.shapes.block_dims)

    def default_block_indices(self) -> tuple[int, ...]:
        """About a quarter and a half of the depth: early, so that guidance reaches every later block.

        Where early stages feed the decoder's finer maps, the ends of the first two: these maps would
        else never hear of the report.
        """
        if self.spec.default_blocks is not None:
            return self.spec.default_blocks
        dims = self.block_dims()
        ends = [index for index, (here, after) in enumerate(pairwise(dims)) if here != after]
        if self.fine_maps and len(ends) >= 2:
            return tuple(ends[:2])
        return tuple(sorted({max(0, round(len(dims) * share) - 1) for share in (0.25, 0.5)}))

    def square(self, size: tuple[int, int]) -> Square:
        """How a picture of (H, W) pixels lies in the host's square."""
        return Square.fit(size, self.image_size, self.spec.fit)

    def preprocess(
        self, images: Sequence[np.ndarray], views: Sequence[View] | None = None
    ) -> tuple[Float[Tensor, "b 3 s s"], list[View]]:
        """Pictures -> the host's squares, and their views, which now know how they lie in them.

        Args:
            images: Each (H, W) or (H, W, 3), floats in 0..1.
            views: What each shows; nothing is known of them by default.

        Raises:
            ImageError: An image has another shape.
        """
        check_images(images)
        squares = [self.square((image.shape[0], image.shape[1])) for image in images]
        pixels = torch.stack([to_pixels(*each, self.spec) for each in zip(images, squares, strict=True)])
        views = [View()] * len(images) if views is None else views
        return pixels, [view.in_square(square) for view, square in zip(views, squares, strict=True)]

    def attach(self, modulators: dict[int, Modulate]) -> None:
        """Hook a modulator behind each of the given blocks.

        Raises:
            ConfigError: A block index does not exist.
        """
        blocks = self.blocks()
        for index, modulator in modulators.items():
            if not 0 <= index < len(blocks):
                raise ConfigError(f"Block {index} does not exist; this host has blocks 0 to {len(blocks) - 1}.")
            self._hooks[index] = hook = BlockHook(index, modulator, self.spec, self.context)
            self._handles.append(blocks[index].register_forward_hook(hook))

    def detach(self) -> None:
        """Remove all hooks; the host is as it was. They also go with a backbone that nobody refers to any more."""
        _remove(self._handles)
        self._hooks.clear()

    @contextmanager
    def guided(self, guidance: Any) -> Iterator[GuidedPass]:
        """Let the modulators act inside this block, in this thread; the host is plain again afterwards."""
        self.context.current = GuidedPass(guidance)
        try:
            yield self.context.current
        finally:
            self.context.current = None

    def _no_mask(self, weight: Tensor, like: Tensor) -> Tensor:
        """The decoder's dense prompt for "no mask given", for every image of ``like`` (N, C, h, w)."""
        return weight.to(like.dtype).reshape(1, -1, 1, 1).expand(like.shape[0], -1, *like.shape[-2:])


def _remove(handles: list[RemovableHandle]) -> None:
    while handles:
        handles.pop().remove()


def convolution_dims(*convolutions: Any) -> tuple[tuple[int, int], ...]:
    """Channels that convolutions take and give."""
    return tuple((int(c.weight.shape[1]), int(c.weight.shape[0])) for c in convolutions)


def grid_positions(shared: Any, height: int, width: int, like: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """SAM's positional encoding of the image embedding's grid."""
    weight = shared.positional_embedding
    rows = (torch.arange(height, device=weight.device, dtype=weight.dtype) + 0.5) / height
    columns = (torch.arange(width, device=weight.device, dtype=weight.dtype) + 0.5) / width
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    encoded = shared(torch.stack([x, y], dim=-1)).permute(2, 0, 1)[None].to(like.dtype)
    return encoded.expand(like.shape[0], -1, -1, -1)
