"""What the tags of a TIFF say about its pixels: which side is up, whether 0 is white, what the channels are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

ORIENTATION = 274
"""The tag that says which side is up, 1 (as stored) to 8; EXIF uses the same number in other formats."""

BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
_MIN_IS_WHITE, _UNSIGNED = 0, 1


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


def grey_as_displayed(array: np.ndarray, tags: Mapping[int, Any]) -> np.ndarray:
    """Deep grey with 0 as black, and without the sign that unsigned 32 bits get from PIL.

    Args:
        array: (H, W); what is coloured or signed or a fraction stays as it is.
        tags: Of the page: ``BITS``, ``PHOTOMETRIC`` and ``SAMPLE_FORMAT``, each its value or one of a channel.

    Returns:
        (H, W) in the same number of bits.
    """
    bits, photometric, sample_format = (_first(tags.get(tag)) for tag in (BITS, PHOTOMETRIC, SAMPLE_FORMAT))
    if array.dtype.kind == "i" and bits == 32 and sample_format in (None, _UNSIGNED):
        array = array.view(array.dtype.str.replace("i", "u"))
    if array.ndim == 2 and array.dtype.kind == "u" and photometric == _MIN_IS_WHITE:
        is_packed = isinstance(bits, int) and 0 < bits < 8 * array.dtype.itemsize
        array = array.dtype.type(2**bits - 1 if is_packed else np.iinfo(array.dtype).max) - array
    return array


def cmyk_to_rgb(array: np.ndarray) -> np.ndarray:
    """Four inks as (H, W, 3) of the same type: each takes its share of what black leaves.

    Args:
        array: (H, W, 4), unsigned, 0 is no ink; floats from 0 to 1.
    """
    full = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1
    colours = (full - array[..., :3]) * (1 - array[..., 3:] / full)
    return (np.rint(colours) if array.dtype.kind in "ui" else colours).astype(array.dtype)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value
