"""Pictures: PNG, JPEG, TIFF and BMP, 8 and 16 bit, grey and colour.

Decisions: an orientation (EXIF, TIFF) is applied to pictures and to masks that are read, so that
"upper left" means what a reader saw; masks then have the upright picture's geometry, and a note
says so. Alpha is laid over black, in arrays as well. CMYK and palettes become RGB; grey whose 0
is white is inverted. 16 bits stay 16 bits, in grey and in colour.
"""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.data.damage import damage_told
from medsegr.data.opacity import over_black
from medsegr.data.outputs import atomic_write
from medsegr.data.pil_picture import OPENED, PIL_READERS, read_opened, read_with_pil
from medsegr.data.stored_picture import StoredPicture, check_size
from medsegr.data.tiff import TIFF_HEADS, read_tiff
from medsegr.errors import ImageError

RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def read_picture(source: Path | Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a picture to look at, from a file or as PIL has opened or made it.

    Returns:
        (H, W) or (H, W, 3), uint8, uint16, int32, uint32 or float32, and notes for the user.

    Raises:
        ImageError: Not a picture, truncated, too large, several pages, or closed by PIL.
    """
    if isinstance(source, Path):
        return _as_shown(read_stored(source))
    check_size(source.height, source.width, OPENED)
    with damage_told(f"{OPENED} cannot be decoded", ": it is damaged, truncated or closed. Open or export it again."):
        return _as_shown(read_opened(source))


def read_stored(path: Path) -> StoredPicture:
    """Read a picture as its file stores it; refuses what :func:`read_picture` does."""
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(TIFF_HEADS):
        advice = ": it is damaged or truncated, or of a rare kind. Copy it again, or save it without compression."
        with damage_told(f"{path.name} cannot be decoded", advice):
            return read_tiff(path, path.name)
    if head.startswith(b"\x89PNG") and len(head) >= 24:  # the sides are known before anything else is looked at
        width, height = struct.unpack(">II", head[16:24])
        check_size(height, width, path.name)
    if head.startswith(tuple(PIL_READERS)):
        with damage_told(f"{path.name} cannot be decoded", ": it is damaged or truncated. Copy or export it again."):
            return read_with_pil(path.read_bytes(), path.name)
    kind = "text" if head and b"\0" not in head and head.isascii() else "something else"
    raise ImageError(f"{path.name} holds {kind}, not a picture. Expected PNG, JPEG, TIFF or BMP.")


def save_mask_png(path: Path | str, mask: np.ndarray) -> None:
    """Write a mask, (H, W) bool, as an 8-bit grey PNG, 0 and 255, that any viewer shows; whole or not at all.

    Raises:
        ImageError: The mask is not one plane.
        OutputError: The place is not writable.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ImageError(f"A PNG holds one plane; the mask's shape is {mask.shape}. Save volumes as NIfTI.")
    with atomic_write(path) as temporary:
        Image.fromarray(mask.astype(bool).astype(np.uint8) * 255).save(temporary, format="PNG")


def _as_shown(stored: StoredPicture) -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W) or (H, W, 3), and notes for the user."""
    values, notes = _common_type(stored.colours), stored.notes
    if stored.opacity is not None:
        values, said = over_black(values, stored.opacity)
        notes += said
    if values.ndim == 3 and bool((values == values[..., :1]).all()):
        values = values[..., 0]
    return np.ascontiguousarray(values), notes


def _common_type(values: np.ndarray) -> np.ndarray:
    """uint8 stays, bool becomes 0 and 255, other integers native uint16 where they fit, else int32, else uint32."""
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    lowest, highest = values.min(), values.max()
    fitting = (kind for kind in (np.uint16, np.int32, np.uint32) if np.iinfo(kind).min <= lowest
               and highest <= np.iinfo(kind).max)  # fmt: skip
    with np.errstate(over="ignore"):
        return values.astype(np.float32 if values.dtype.kind == "f" else next(fitting, np.float32))
