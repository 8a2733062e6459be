"""Arrays as images: which shapes and types are read, and what becomes of opacity."""

import numpy as np

from medsegr.data.opacity import guessed_opacity, over_black
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError


def read_array(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W), (H, W, 1 | 3 | 4) or (D, H, W) -> a copy without opacity, and notes for the user.

    Raises:
        ImageError: Another shape, no real numbers, or too large.
    """
    if array.dtype.kind not in "buif":
        raise ImageError(f"The array holds {array.dtype}; real numbers were expected.")
    if array.ndim not in (2, 3) or not array.size:
        raise ImageError(f"The array has the shape {array.shape}; expected (H, W), (H, W, 3), (H, W, 4) "
                         "or (D, H, W), none of them 0.")  # fmt: skip
    has_channels = array.ndim == 3 and array.shape[-1] in (1, 3, 4)
    height, width = array.shape[:2] if has_channels else array.shape[-2:]
    check_size(height, width, "The array")
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    notes: tuple[str, ...] = ()
    if has_channels and array.shape[-1] == 4:
        array, notes = over_black(array[..., :3], guessed_opacity(array[..., 3]))
        array = array[..., 0] if bool((array == array[..., :1]).all()) else array
    elif has_channels and array.shape[-1] == 1:
        array = array[..., 0]
    with np.errstate(over="ignore"):
        return np.array(array if array.dtype.kind != "f" else array.astype(np.float32)), notes
