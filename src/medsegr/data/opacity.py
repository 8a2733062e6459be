"""Opacity (alpha): what is transparent lies over black, in pictures and in arrays."""

import numpy as np

from medsegr.errors import ImageError

TRANSPARENT = "transparent parts of the picture were taken as black"
"""A note for the user."""


def over_black(values: np.ndarray, opacity: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """A picture, (H, W) or (H, W, 3), without its opacity, (H, W) from 0 to 1; of its own type, and notes.

    Opaque pixels keep their values.
    """
    see_through = opacity < 1
    if not see_through.any():
        return values, ()
    share = opacity[see_through].astype(np.float64).reshape(-1, *[1] * (values.ndim - 2))
    shown = values[see_through] * share
    values = values.copy()
    values[see_through] = shown if values.dtype.kind == "f" else np.rint(shown)
    return values, (TRANSPARENT,)


def guessed_opacity(channel: np.ndarray) -> np.ndarray:
    """A channel of opacity, (H, W), whose scale nobody states, as float32 from 0 to 1.

    It is full at the first of 1 (in floats alone), 255 and 65535 that no value of it exceeds.

    Raises:
        ImageError: Opacity is negative, not finite, or beyond 65535.
    """
    lowest, highest = float(channel.min()), float(channel.max())
    if not (lowest >= 0 and highest <= 65535):
        raise ImageError(f"The fourth channel, opacity, reaches from {lowest:g} to {highest:g}; 0 to 1, to 255 or to "
                         "65535 was expected. Give (H, W, 3) where there is none.")  # fmt: skip
    full = next(value for value in ((1, 255, 65535) if channel.dtype.kind == "f" else (255, 65535)) if highest <= value)
    return (channel / full).astype(np.float32)
