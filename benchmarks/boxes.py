"""Boxes as an expert would draw them around a truth, in pixels of a host's square: x1, y1, x2, y2.

LiteMedSAM's own convention: the first and the last column and row that hold a pixel of the truth, at its size in the
square.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from medsegr.square import Square

Box = Float[np.ndarray, "4"]

DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))
"""Left, right, up, down: the ways in which a box is shifted."""


def box_around(truth: Bool[np.ndarray, "h w"], square: Square) -> Box:
    """The smallest box around a truth.

    Args:
        truth: Of the picture's own size, with at least one pixel.
        square: How the picture lies in the host's square.

    Raises:
        ValueError: The truth is empty.
    """
    rows, columns = (np.flatnonzero(square.shrunk_mask(truth).any(axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError("The truth is empty; a box needs something to be around.")
    return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float32)


def larger(box: Box, share: float, square: Square) -> Box:
    """A box whose sides are longer by a share of themselves, with the same centre, cut at the picture's edges."""
    more = _sides(box) * share / 2
    return _inside(box + np.concatenate([-more, more]), square)


def shifted(box: Box, share: float, square: Square) -> Iterator[Box]:
    """A box moved by a share of its sides, once in each of :data:`DIRECTIONS`, cut at the picture's edges."""
    for direction in DIRECTIONS:
        yield _inside(box + np.tile(_sides(box) * share * np.array(direction), 2), square)


def part_boxes(truth: Bool[np.ndarray, "h w"], square: Square) -> list[Box]:
    """A box around each connected component; corners connect."""
    labelled, _ = ndimage.label(truth, np.ones((3, 3), int))
    return [box_around(_only(labelled, number, place), square)
            for number, place in enumerate(ndimage.find_objects(labelled), 1)]  # fmt: skip


def _only(labelled: np.ndarray, number: int, place: tuple[slice, slice]) -> np.ndarray:
    part = np.zeros(labelled.shape, bool)
    part[place] = labelled[place] == number
    return part


def _sides(box: Box) -> Float[np.ndarray, "2"]:
    """Width and height, in pixels: those of the first and the last column and row count."""
    return box[2:] - box[:2] + 1


def _inside(box: Box, square: Square) -> Box:
    height, width = square.resized
    return np.clip(box, 0, np.array([width - 1, height - 1] * 2)).astype(np.float32)
