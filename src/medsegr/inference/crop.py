"""Windows of a picture: around a finding, inside the picture, and back."""

import math
from dataclasses import dataclass

import numpy as np

Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels from the picture's corner; right and bottom are outer edges."""


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels inside a picture."""

    left: int
    top: int
    width: int
    height: int

    def of(self, picture: np.ndarray) -> np.ndarray:
        """The part of a picture (H, W) or (H, W, 3) in the window; a view, so that it can be written through."""
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]


def bounds_of(mask: np.ndarray) -> Bounds:
    """Of a mask (H, W) with at least one pixel."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def united(first: Bounds, second: Bounds) -> Bounds:
    """What holds both."""
    return (*map(min, first[:2], second[:2]), *map(max, first[2:], second[2:]))  # type: ignore[return-value]


def longest_side(bounds: Bounds) -> float:
    """In pixels."""
    return max(bounds[2] - bounds[0], bounds[3] - bounds[1])


def window_around(bounds: Bounds, frame: tuple[int, int], side: float) -> Window:
    """A square around something, shifted to lie inside the picture; a rectangle where the picture is narrower.

    Args:
        bounds: Inside the picture; all of it is in the window, whatever the side.
        frame: (H, W) of the picture.
        side: Of the square, in pixels; rounded up.
    """
    left, width = _along(bounds[0], bounds[2], math.ceil(side), frame[1])
    top, height = _along(bounds[1], bounds[3], math.ceil(side), frame[0])
    return Window(left, top, width, height)


def _along(low: float, high: float, side: int, whole: int) -> tuple[int, int]:
    """Start and length on one axis: centred where there is room, always holding ``low`` to ``high``."""
    # Bounds between pixels (a user's click) may need one pixel more than their length.
    length = min(max(side, math.ceil(high) - math.floor(low)), whole)
    start = round((low + high - length) / 2)
    start = min(max(start, math.ceil(high) - length), math.floor(low))
    return min(max(start, 0), whole - length), length
