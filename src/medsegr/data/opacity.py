"""Opacity (alpha): what is transparent lies over black, in pictures and in arrays."""

import numpy as np
from PIL import Image

from medsegr.errors import ImageError

TRANSPARENT = "transparent parts of the picture were taken as black"
"""A note for the user."""


def picture_over_black(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """A PIL picture without its transparency, and notes; opaque pictures keep their values."""
    if picture.mode in ("I;16", "I", "F"):  # a transparent grey value, nothing to flatten
        return picture, ()
    rgba = picture.convert("RGBA")
    notes = (TRANSPARENT,) if np.asarray(rgba.getchannel("A")).min() < 255 else ()
    black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, rgba).convert("L" if picture.mode in ("LA", "La", "L") else "RGB"), notes


def array_over_black(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """An array without its opacity, (H, W, 3) of its own type, and notes.

    Args:
        array: (H, W, 4), opacity last: full at the first of 1 (in floats alone), 255 and 65535
            that no value of it exceeds.

    Raises:
        ImageError: Opacity is negative, not finite, or beyond 65535.
    """
    opacity = array[..., 3:].astype(np.float64)
    lowest, highest = float(opacity.min()), float(opacity.max())
    if not (lowest >= 0 and highest <= 65535):
        raise ImageError(f"The fourth channel, opacity, reaches from {lowest:g} to {highest:g}; 0 to 1, to 255 or to "
                         "65535 was expected. Give (H, W, 3) where there is none.")  # fmt: skip
    is_float = array.dtype.kind == "f"
    full = next(value for value in ((1, 255, 65535) if is_float else (255, 65535)) if highest <= value)
    colours = array[..., :3] * (opacity / full)
    return (colours if is_float else np.rint(colours)).astype(array.dtype), (TRANSPARENT,) if lowest < full else ()
