"""A picture as its file stores it, before anybody says whether it is one to look at, a mask, or a label map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from medsegr.errors import ImageError

MAX_SIDE = 12_000
"""Longest side in px that is decoded at all."""

MAX_PIXELS = 100_000_000
"""Most pixels of one plane that are decoded at all."""

ORIENTATION = 274
"""The tag of TIFF and EXIF that says which side is up, 1 (as stored) to 8."""


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A picture as stored but upright: an orientation (EXIF, TIFF) is applied, and grey whose 0 is white is inverted.

    Attributes:
        values: (H, W) grey or indices of the palette, or (H, W, 3) red, green, blue, in the file's own depth;
            bool, integers or floats.
        opacity: (H, W) float32, 0 to 1; None where the file has none.
        palette: (N, 3) uint8, red, green, blue of every index; None where values are no indices.
        notes: What the user should know about how it was read.
        doubt: Why nobody can tell what is meant, should it be a mask; None where nothing speaks against one.
    """

    values: np.ndarray
    opacity: np.ndarray | None = None
    palette: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    doubt: str | None = None

    @property
    def colours(self) -> np.ndarray:
        """(H, W) or (H, W, 3), through the palette where there is one."""
        return self.values if self.palette is None else self.palette[self.values]


def upright_picture(stored: StoredPicture, orientation: object) -> StoredPicture:
    """What was decoded as it lies in the file, upright, and a note where it was turned or mirrored for that.

    Orientations are 1 to 8; what is none changes nothing. From 5 on the sides change places.
    """
    if orientation not in range(2, 9):
        return stored
    note = f"EXIF orientation {orientation} was applied; the masks lie on the upright picture"
    opacity = None if stored.opacity is None else _upright(stored.opacity, orientation)
    return replace(stored, values=_upright(stored.values, orientation), opacity=opacity, notes=(note,))


def check_size(height: int, width: int, name: str) -> None:
    """Refuse what is too large, before anything is decoded.

    Raises:
        ImageError: More than ``MAX_SIDE`` a side or ``MAX_PIXELS`` in all.
    """
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise ImageError(
            f"{name} is {width} x {height} px, too large: at most {MAX_SIDE} a side and {MAX_PIXELS:,} "
            "pixels are read. Make it smaller or cut out a part."
        )


def _upright(array: np.ndarray, orientation: object) -> np.ndarray:
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def palette_of(colours: Sequence[int] | np.ndarray, length: int = 256) -> np.ndarray:
    """(length, 3) uint8 from red, green, blue one after the other; indices that the file leaves out are black."""
    flat = np.zeros(3 * length, np.uint8)
    flat[: min(len(colours), flat.size)] = colours[: flat.size]
    return flat.reshape(-1, 3)
