"""Where a picture lies in a host's square: pixels, masks, maps, clicks and boxes go in and out by it alone.

SAM's way resizes the longest side and pads at the right and the bottom; SAM 2's stretches both sides.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

Fit = Literal["pad", "stretch"]
"""How a picture becomes a square: the longest side fits and the rest is padding, or both sides are stretched."""

Window = tuple[int, int, int, int]
"""First row and column of a part of a picture, and the row and column behind its last ones."""


@dataclass(frozen=True)
class Square:
    """A picture's place in a host's square: content at the top left, padding at the right and bottom.

    Attributes:
        original: (H, W) of the picture, in pixels.
        resized: (h, w) of its content inside the square.
        size: Side of the square.
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    size: int

    @classmethod
    def fit(cls, original: tuple[int, int], size: int, fit: Fit = "pad") -> "Square":
        """The place of a picture of ``original`` (H, W) in a square of ``size``; stretched, it fills the square."""
        if fit == "stretch":
            return cls(original, (size, size), size)
        scale = size / max(original)
        height, width = (min(size, max(1, round(side * scale))) for side in original)
        return cls(original, (height, width), size)

    @property
    def content(self) -> tuple[float, float]:
        """Share (height, width) of the square that the picture fills."""
        return self.resized[0] / self.size, self.resized[1] / self.size

    def shrunk(self, planes: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c y x"]:
        """Planes of the picture at their size in the square, without padding.

        Bilinear with antialiasing where it shrinks. Bit-true identity when nothing changes.
        """
        if tuple(planes.shape[-2:]) == self.resized:
            return planes
        shrinks = planes.shape[-1] > self.resized[1] or planes.shape[-2] > self.resized[0]
        return F.interpolate(planes, self.resized, mode="bilinear", align_corners=False, antialias=shrinks)

    def shrunk_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """A picture at its size in the square: floats 0..1, (H, W) or (H, W, 3), as uint8."""
        grey = pixels.ndim == 2
        planes = torch.from_numpy(np.ascontiguousarray(pixels, np.float32))
        planes = planes[None, None] if grey else planes.permute(2, 0, 1)[None]
        small = self.shrunk(planes)[0].mul(255).round().clamp(0, 255).to(torch.uint8)
        return (small[0] if grey else small.permute(1, 2, 0)).contiguous().numpy()

    def shrunk_mask(self, mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "y x"]:
        """A mask of the picture at its size in the square; one that would vanish keeps its strongest pixel."""
        if mask.shape == self.resized:
            return np.ascontiguousarray(mask, bool)
        share = self.shrunk(torch.from_numpy(np.ascontiguousarray(mask, np.float32))[None, None])[0, 0].numpy()
        small = share >= 0.5
        return share >= share.max() if mask.any() and not small.any() else small

    def padded(self, planes: Tensor) -> Tensor:
        """Planes (..., h, w), shrunk as above -> (..., S, S), zeros at the right and bottom."""
        return F.pad(planes, (0, self.size - planes.shape[-1], 0, self.size - planes.shape[-2]))

    def map_in(self, drawn: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "r r"]:
        """A square map over the whole picture -> the same number of cells over the whole square, 0 in the padding."""
        side = drawn.shape[0]
        height, width = (max(1, round(side * share)) for share in self.content)
        if (height, width) == drawn.shape:
            return drawn
        fitted = F.interpolate(
            torch.from_numpy(np.ascontiguousarray(drawn))[None, None], (height, width), mode="bilinear"
        )
        laid = np.zeros_like(drawn)
        laid[:height, :width] = fitted[0, 0].numpy()
        return laid

    def points_in(self, points: Float[Tensor, "... 2"]) -> Float[Tensor, "... 2"]:
        """(x, y) in pixels of the picture -> in pixels of the square."""
        (height, width), (h, w) = self.original, self.resized
        return points * points.new_tensor([w / width, h / height])

    def points_out(self, points: Float[Tensor, "... 2"]) -> Float[Tensor, "... 2"]:
        """(x, y) in pixels of the square -> in pixels of the picture, none beyond it."""
        (height, width), (h, w) = self.original, self.resized
        sides = points.new_tensor([width, height])
        return (points * sides / points.new_tensor([w, h])).clamp(min=points.new_zeros(2), max=sides)

    def logits_out(self, logits: Float[Tensor, "n s s"], window: Window | None = None) -> Float[Tensor, "n h w"]:
        """Logits over the square, at any resolution -> over the picture, in its own pixels (bilinear).

        Args:
            logits: Of N masks.
            window: First row, first column, and those behind the last ones, of a part of the picture; each of its
                pixels gets exactly what it gets in the whole.
        """
        height, width = self.original
        top, left, bottom, right = window or (0, 0, height, width)
        for dim, (first, last) in ((1, (top, bottom)), (2, (left, right))):
            for step in self._steps(logits.shape[dim], dim - 1, first, last):
                logits = step.of(logits.float(), dim)
        return logits.float()

    def reached(self, cells: Bool[np.ndarray, "s s"]) -> Window | None:
        """The part of the picture whose pixels read one of some cells of a square map; None where none does.

        Args:
            cells: At any resolution.
        """
        if not cells.any():
            return None
        bounds = []
        for dim in (0, 1):
            along = np.flatnonzero(cells.any(1 - dim))
            low = high = np.arange(cells.shape[dim])
            for step in self._steps(cells.shape[dim], dim, 0, self.original[dim]):
                low, high = low[step.low], high[step.high]
            touched = np.flatnonzero((high >= along[0]) & (low <= along[-1]))
            if not len(touched):
                return None
            bounds.append((int(touched[0]), int(touched[-1]) + 1))
        (top, bottom), (left, right) = bounds
        return top, left, bottom, right

    def _steps(self, cells: int, dim: int, first: int, last: int) -> list["_Step"]:
        """From a side of a map to pixels ``first`` to ``last`` of the picture's: to the square's, then to its own."""
        own = _Step.between(self.resized[dim], self.original[dim], first, last)
        start, stop = int(own.low[0]), int(own.high[-1]) + 1
        shifted = _Step(own.low - start, own.high - start, own.weight)
        return [_Step.between(cells, self.size, start, stop), shifted]


@dataclass(frozen=True)
class _Step:
    """Bilinear interpolation along one side: two places of the source for each of the target, and the second's share.

    Each pixel is one product and one sum of what it reads, so that a part of a picture is the part of the whole.
    """

    low: Int[np.ndarray, "n"]
    high: Int[np.ndarray, "n"]
    weight: Float[np.ndarray, "n"]

    @classmethod
    def between(cls, source: int, target: int, first: int, last: int) -> "_Step":
        """Of positions ``first`` to ``last`` of the target; pixels' centres correspond, edges are repeated."""
        place = np.maximum((np.arange(first, last) + 0.5) * source / target - 0.5, 0.0)
        low = np.minimum(place.astype(np.int64), source - 1)
        return cls(low, np.minimum(low + 1, source - 1), np.minimum(place - low, 1.0).astype(np.float32))

    def of(self, maps: Float[Tensor, "n h w"], dim: int) -> Float[Tensor, "n y x"]:
        """The maps at the target's positions along one of their sides."""
        low, high, weight = (torch.from_numpy(part).to(maps.device) for part in (self.low, self.high, self.weight))
        share = weight.view(-1, *([1] * (2 - dim)))
        return maps.index_select(dim, low).mul_(1 - share).add_(maps.index_select(dim, high).mul_(share))
