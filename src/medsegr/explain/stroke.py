"""Smooth lines of any width, with a dark rim and dashes, on pixels; and the outline of a mask as such a line."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from contourpy import LineType, contour_generator
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image, ImageColor, ImageFilter

CHUNK = 4096
"""Places of a line that are drawn at once; it bounds the memory."""

COARSEST = 22
"""The largest blocks of pixels that are outlined as one: of larger ones, a share of one pixel is rounded to none."""


@dataclass(frozen=True)
class Line:
    """How a line is drawn; lengths in the unit of the page.

    Attributes:
        colour: As ``#RRGGBB``.
        width: Of the coloured line.
        rim: Width of the dark rim at either side.
        rim_shade: 0..1, how dark the rim is.
        dash: Lengths of a dash and of the gap behind it, or None.
    """

    colour: str
    width: float
    rim: float = 0.0
    rim_shade: float = 0.55
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Paths:
    """Chains of straight lines.

    Attributes:
        points: (N, 2), x and y of one chain after another.
        starts: (M + 1,) where each chain begins in ``points``, and N.
    """

    points: Float[np.ndarray, "n 2"]
    starts: Int[np.ndarray, " m"]

    @classmethod
    def of(cls, *points: tuple[float, float]) -> "Paths":
        """One chain through these points."""
        return cls(np.array(points, np.float64), np.array([0, len(points)]))

    def __bool__(self) -> bool:
        return len(self.points) > 0

    def chain(self, index: int) -> Float[np.ndarray, "k 2"]:
        """The points of one chain."""
        return self.points[self.starts[index] : self.starts[index + 1]]

    def scaled(self, scale: tuple[float, float], shift: tuple[float, float]) -> "Paths":
        """The same chains in other coordinates."""
        return Paths(self.points * scale + shift, self.starts)


def outlines(mask: Bool[np.ndarray, "h w"], finest: float = 1.0) -> Paths:
    """Closed chains around a mask, in its pixels from the picture's corner; at the picture's edge they run along it.

    Args:
        mask: What is outlined.
        finest: Detail of fewer pixels than this is not needed. Parts that are thinner stay.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return Paths(np.zeros((0, 2)), np.zeros(1, int))
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    step = max(1, min(int(finest), COARSEST))
    filled = np.pad(_coarse(inside, step), 1)
    chains = cast(list[np.ndarray], contour_generator(z=filled, name="serial", line_type=LineType.Separate).lines(0.5))
    around = Paths(np.concatenate(chains), np.cumsum([0, *map(len, chains)]))
    return around.scaled((step, step), (columns[0] - 0.5 * step, rows[0] - 0.5 * step))


def _coarse(mask: Bool[np.ndarray, "h w"], step: int) -> Float[np.ndarray, "p q"]:
    """Shares of blocks of pixels that are inside; a part that fills no block by half has its blocks filled."""
    if step == 1:
        return mask.astype(np.float64)
    grown = np.pad(mask, [(0, -side % step) for side in mask.shape])
    share = np.asarray(Image.fromarray(255 * grown.astype(np.uint8)).reduce(step))
    near = np.asarray(
        Image.fromarray(np.where(share > 127, np.uint8(255), np.uint8(0))).filter(ImageFilter.MaxFilter(3))
    )
    return np.where((share > 0) & (near == 0), 1.0, share / 255)


def draw(canvas: UInt8[np.ndarray, "h w 3"], paths: Paths, line: Line) -> None:
    """Draw chains on a canvas, in its pixels from its corner; what lies outside is left out.

    Every pixel's share of colour follows from its distance to the chains, so edges are smooth, and ends are round.
    """
    reach = line.width / 2 + line.rim + 0.5
    height, width = canvas.shape[:2]
    places = _places(paths, line)
    places = places[((places > -reach) & (places < (width + reach, height + reach))).all(1)].astype(np.float32)
    if not len(places):
        return
    left, top = np.floor(places.min(0) - reach).astype(int).tolist()
    near, top, left = _cut(_nearness(places - (left, top), reach), top, left, canvas.shape)
    rows, columns = np.nonzero(near)
    distance = reach * (1 - near[rows, columns, None] / np.float32(255))
    rows, columns = rows + top, columns + left
    colours = canvas[rows, columns].astype(np.float32)
    if line.rim:
        colours *= 1 - line.rim_shade * np.clip(reach - distance, 0, 1)
    colours += (np.array(ImageColor.getrgb(line.colour)) - colours) * np.clip(line.width / 2 + 0.5 - distance, 0, 1)
    canvas[rows, columns] = np.rint(colours)


def _cut(near: UInt8[np.ndarray, "p q"], top: int, left: int, shape: tuple[int, ...]) -> tuple[np.ndarray, int, int]:
    """What of a patch lies on a canvas, and the place of that part's corner there."""
    first_row, first_column = max(0, -top), max(0, -left)
    on = near[first_row : max(0, shape[0] - top), first_column : max(0, shape[1] - left)]
    return on, top + first_row, left + first_column


def _places(paths: Paths, line: Line) -> Float[np.ndarray, "n 2"]:
    """Points on the chains, without those in gaps; so near to each other that the line between them is smooth."""
    sides = np.diff(paths.points, axis=0)
    sides[paths.starts[1:-1] - 1] = 0  # from one chain to the next
    lengths = np.hypot(*sides.T)
    count = np.maximum(1, np.ceil(lengths / min(1.0, line.width / 4))).astype(int)
    of = np.repeat(np.arange(len(sides)), count)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)) / count[of]
    places = paths.points[of] + share[:, None] * sides[of]
    if line.dash is None:
        return places
    before = np.cumsum(lengths) - lengths
    before -= np.repeat(before[paths.starts[:-1]], np.diff(paths.starts))[:-1]  # a dash begins each chain
    along = before[of] + share * lengths[of]
    dash, gap = line.dash
    return places[along % (dash + gap) <= max(dash - line.width, 0.5)]


def _nearness(places: Float[np.ndarray, "n 2"], reach: float) -> UInt8[np.ndarray, "h w"]:
    """255 where a place is, falling to 0 at the distance ``reach``; places are at least that far from the corner."""
    margin = int(np.ceil(reach))
    width, height = np.ceil(places.max(0)).astype(int) + margin + 1
    near = np.zeros((height, width), np.uint8)
    side = np.arange(-margin, margin + 1)
    for first in range(0, len(places), CHUNK):
        some = places[first : first + CHUNK]
        cells = np.floor(some).astype(np.int32)[..., None] + side
        apart = (cells + np.float32(0.5) - some[..., None]) ** 2
        distance = np.sqrt(apart[:, 1, :, None] + apart[:, 0, None, :])
        index = cells[:, 1, :, None] * width + cells[:, 0, None, :]
        inside = distance < reach
        np.maximum.at(near.reshape(-1), index[inside], (255 * (1 - distance[inside] / reach)).astype(np.uint8))
    return near
