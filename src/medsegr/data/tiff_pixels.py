"""What the tags of a TIFF say about its pixels: which side is up, how deep they are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

ORIENTATION = 274
"""The tag that says which side is up, 1 (as stored) to 8; EXIF uses the same number in other formats."""

BITS = 258


def orientation_notes(orientation: object) -> tuple[str, ...]:
    """What the user is told about an orientation that was applied; nothing for 1 and for what is none."""
    if orientation not in range(2, 9):
        return ()
    return (f"EXIF orientation {orientation} was applied; the masks lie on the upright picture",)


def upright(array: np.ndarray, orientation: object) -> np.ndarray:
    """Turn and mirror an array as its orientation says.

    Args:
        array: (H, W) or (H, W, C), as stored.
        orientation: 1 to 8; what is none changes nothing.

    Returns:
        As displayed; H and W have changed places for 5 to 8.
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def is_deep_colour(tags: Mapping[int, Any]) -> bool:
    """True for more than 8 bits in several channels, which PIL would cut to 8."""
    bits = tags.get(BITS)
    return isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8
