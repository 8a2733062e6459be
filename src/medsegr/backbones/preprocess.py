"""Pictures into a host's square and masks back out.

SAM's way resizes the longest side and pads at the right and the bottom; SAM 2's stretches both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.host_spec import Fit
from medsegr.errors import ImageError


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in a host's square: content at the top left, padding at the right and bottom.

    Attributes:
        original: (H, W) of the picture, in pixels.
        resized: (h, w) of its content inside the square.
        size: Side of the square.
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    size: int

    @classmethod
    def fit(cls, original: tuple[int, int], size: int, fit: Fit = "pad") -> "Letterbox":
        """The letterbox of a picture of ``original`` (H, W) in a square of ``size``; stretched, it fills the square."""
        if fit == "stretch":
            return cls(original, (size, size), size)
        scale = size / max(original)
        height, width = (min(size, max(1, round(side * scale))) for side in original)
        return cls(original, (height, width), size)

    @property
    def content(self) -> tuple[float, float]:
        """Share (height, width) of the square that the picture fills."""
        return self.resized[0] / self.size, self.resized[1] / self.size


def resize(images: Float[Tensor, "n c h w"], size: tuple[int, int]) -> Float[Tensor, "n c y x"]:
    """Bilinear with antialiasing where it shrinks. Bit-true identity when nothing changes."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    shrinks = images.shape[-1] > size[1] or images.shape[-2] > size[0]
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=shrinks)


def to_square(
    images: Sequence[np.ndarray], size: int, mean: Sequence[float], std: Sequence[float], fit: Fit = "pad"
) -> tuple[Float[Tensor, "b 3 s s"], list[Letterbox]]:
    """Normalised, padded squares.

    Args:
        images: Each (H, W) or (H, W, 3), floats in 0..1.
        size: Side of the host's input.
        mean: Per channel, of values in 0..1.
        std: Per channel, of values in 0..1.
        fit: Pad the shorter side, or stretch it.

    Raises:
        ImageError: An image has another shape.
    """
    squares, boxes = [], []
    center, spread = (torch.from_numpy(np.asarray(each, np.float32))[:, None, None] for each in (mean, std))
    for image in images:
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise ImageError(f"An image has shape {image.shape}; expected (H, W) or (H, W, 3).")
        box = Letterbox.fit((image.shape[0], image.shape[1]), size, fit)
        pixels = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))
        pixels = pixels.expand(3, *pixels.shape) if pixels.ndim == 2 else pixels.permute(2, 0, 1)
        pixels = (resize(pixels[None], box.resized)[0] - center) / spread
        squares.append(F.pad(pixels, (0, size - box.resized[1], 0, size - box.resized[0])))
        boxes.append(box)
    return torch.stack(squares), boxes


def logits_to_original(logits: Float[Tensor, "n s s"], box: Letterbox) -> Float[Tensor, "n h w"]:
    """Logits over the square, cropped to the content and resized to the picture's own size (bilinear)."""
    square = F.interpolate(logits[:, None].float(), (box.size, box.size), mode="bilinear", align_corners=False)
    content = square[..., : box.resized[0], : box.resized[1]]
    return F.interpolate(content, box.original, mode="bilinear", align_corners=False)[:, 0]
