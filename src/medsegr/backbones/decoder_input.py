"""What a mask decoder gets of an image and its findings."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor


@dataclass
class ImageEmbedding:
    """What an encoder leaves for the decoder.

    Attributes:
        features: After the neck: of B images, or of N findings, those of one image after another.
        high_resolution: Further maps of the images that decoders take as they are, finest first.
        added: What each finding adds to each of these maps, once the decoder has projected them.
        full_size: A map of the images at the square's own grid, where the encoder has one.
    """

    features: Float[Tensor, "n c h w"]
    high_resolution: tuple[Float[Tensor, "b _ _ _"], ...] = ()
    added: tuple[Float[Tensor, "n _ _ _"], ...] = ()
    full_size: Float[Tensor, "b _ y x"] | None = None

    def of(self, rows: Bool[Tensor, "n"]) -> "ImageEmbedding":
        """Some of the findings, each as an image of its own."""
        count = len(rows)
        finer = tuple(per_finding(level, count)[rows] for level in self.high_resolution)
        full_size = None if self.full_size is None else per_finding(self.full_size, count)[rows]
        return ImageEmbedding(self.features[rows], finer, tuple(level[rows] for level in self.added), full_size)


@dataclass
class Prompts:
    """Clicks and boxes, per finding, in pixels of the host's square, and masks over it.

    Attributes:
        points: As x, y; None for none.
        labels: 1 foreground, 0 background, -10 padding.
        boxes: As x1, y1, x2, y2: first and last column and row. None for none; a row that is NaN has none.
        masks: Logits over the square, at any grid; None for none.
    """

    points: Float[Tensor, "b k p 2"] | None = None
    labels: Shaped[Tensor, "b k p"] | None = None
    boxes: Float[Tensor, "b k 4"] | None = None
    masks: Float[Tensor, "b k _ _"] | None = None

    @property
    def given(self) -> bool:
        """Whether there is any click or box."""
        return self.points is not None or self.boxes is not None

    def to(self, device: torch.device) -> "Prompts":
        """The same on another device."""
        return Prompts(**{name: part.to(device) for name, part in vars(self).items() if part is not None})

    def flat(self) -> dict[str, Tensor | None]:
        """Clicks and boxes of every finding as an image of its own, as Hugging Face prompt encoders take them."""
        parts = {f"input_{name}": part for name, part in vars(self).items() if name != "masks"}
        return {name: None if part is None else part.flatten(0, 1)[:, None] for name, part in parts.items()}

    def of(self, rows: Bool[Tensor, "n"]) -> "Prompts":
        """Some of the findings, each as an image of its own."""
        return Prompts(**{n: part.flatten(0, 1)[rows][:, None] for n, part in vars(self).items() if part is not None})

    def mask_input(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 y x"] | None:
        """The masks as SAM's prompt encoders take them: at four times the embedding's grid."""
        if self.masks is None:
            return None
        size = (4 * features.shape[-2], 4 * features.shape[-1])
        return F.interpolate(self.masks.flatten(0, 1)[:, None], size, mode="bilinear", align_corners=False)


def per_finding(level: Float[Tensor, "b *shape"], findings: int) -> Float[Tensor, "n *shape"]:
    """A map that all findings of an image share, repeated for each."""
    if findings == level.shape[0]:
        return level
    return level.repeat_interleave(findings // level.shape[0], dim=0)


def finer_maps(projected: Sequence[Tensor], embedding: ImageEmbedding) -> list[Tensor]:
    """The decoder's projections (B, ...) of the finer maps as each finding gets them: (N, ...)."""
    levels = [per_finding(level, embedding.features.shape[0]) for level in projected]
    if not embedding.added:
        return levels
    return [level + more.to(level.dtype) for level, more in zip(levels, embedding.added, strict=True)]
