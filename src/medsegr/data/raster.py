"""Pictures: PNG, JPEG, TIFF and BMP, 8 and 16 bit, grey and colour.

Decisions: an orientation (EXIF, TIFF) is applied to pictures and to masks that are read, so that
"upper left" means what a reader saw; masks then have the upright picture's geometry, and a note
says so. Alpha is laid over black, in arrays as well. CMYK and palettes become RGB; grey whose 0
is white is inverted. 16-bit grey keeps its 16 bits, 16-bit colour where the file is a TIFF.
"""

import logging
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from medsegr._process_state import PROCESS_STATE
from medsegr.data import tiff_pixels
from medsegr.data.opacity import array_over_black, picture_over_black
from medsegr.data.outputs import atomic_write
from medsegr.errors import ImageError

RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
RASTER_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")

MAX_SIDE = 12_000
"""Longest side in px that is decoded at all."""

MAX_PIXELS = 100_000_000
"""Most pixels of one plane that are decoded at all."""

_READERS = tuple(logging.getLogger(name) for name in ("PIL", "tifffile"))
for _reader in _READERS:
    _reader.addHandler(logging.NullHandler())  # else what does not propagate goes to standard error


def read_picture(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a picture.

    Returns:
        (H, W) or (H, W, 3), uint8, uint16, int32, uint32 or float32, and notes for the user.

    Raises:
        ImageError: Not a picture, truncated, too large, or several pages.
    """
    with _quiet():
        try:
            with Image.open(path, formats=RASTER_FORMATS) as picture:
                check_size(picture.size[1], picture.size[0], path.name)
                if picture.format == "TIFF" and getattr(picture, "n_frames", 1) > 1:
                    raise ImageError(f"{path.name} holds {picture.n_frames} pages; one picture was expected. "
                                     "Save each page as a file, or the stack as NIfTI.")  # fmt: skip
                if isinstance(picture, TiffImageFile) and tiff_pixels.is_deep_colour(picture.tag_v2):
                    return _read_deep_tiff(path)
                return _picture_to_array(*_decode(picture))
        except ImageError:
            raise
        except Image.DecompressionBombError:
            raise ImageError(
                f"{path.name} is too large: at most {MAX_SIDE} a side and {MAX_PIXELS:,} pixels are read. "
                "Make it smaller or cut out a part."
            ) from None
        except Image.UnidentifiedImageError:
            return _read_foreign(path)
        except Exception as error:  # decoders of damaged files raise nearly anything
            raise ImageError(f"{path.name} is damaged or truncated and cannot be decoded "
                             f"({type(error).__name__}). Copy or export it again.") from error  # fmt: skip


def read_opened_picture(picture: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """What PIL has opened or made, as :func:`read_picture` gives it.

    Raises:
        ImageError: Too large, truncated, closed, or in a mode that becomes neither grey nor RGB.
    """
    check_size(picture.height, picture.width, "The picture")
    with _quiet():
        try:
            return _picture_to_array(*_decode(picture))
        except Exception as error:  # decoders of damaged files raise nearly anything
            raise ImageError(f"The PIL picture cannot be decoded ({type(error).__name__}): it is damaged, truncated or "
                             "closed. Open it again, or export it again.") from error  # fmt: skip


def _picture_to_array(picture: Image.Image, notes: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """What :func:`_decode` returns as (H, W) or (H, W, 3), and all notes for the user."""
    tags = getattr(picture, "tag_v2", {})
    if picture.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in picture.info:
        picture, said = picture_over_black(picture)
        notes += said
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode in ("P", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
        picture = picture.convert("RGB")
    array = np.array(picture)
    if array.dtype.kind in "ui" and array.dtype.itemsize > 1:
        array = _native_integers(tiff_pixels.grey_as_displayed(array, tags))
    if array.ndim == 3 and bool((array == array[..., :1]).all()):
        array = np.ascontiguousarray(array[..., 0])
    return array, notes


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


def save_mask_png(path: Path | str, mask: np.ndarray) -> None:
    """Write a mask as an 8-bit grey PNG, 0 and 255, so that any viewer shows it.

    Args:
        path: Where to; written whole or not at all.
        mask: (H, W) bool.

    Raises:
        ImageError: The mask is not one plane.
        OutputError: The place is not writable.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ImageError(f"A PNG holds one plane; the mask's shape is {mask.shape}. Save volumes as NIfTI.")
    with atomic_write(path) as temporary:
        Image.fromarray(mask.astype(bool).astype(np.uint8) * 255).save(temporary, format="PNG")


def read_label_picture(path: Path) -> np.ndarray:
    """Read a mask or label map, (H, W) int32, upright as its image is; no palette is applied.

    Raises:
        ImageError: Unreadable, or coloured with channels that differ.
    """
    with _quiet():
        try:
            with Image.open(path, formats=RASTER_FORMATS) as picture:
                check_size(picture.size[1], picture.size[0], path.name)
                shown, _ = _decode(picture)
                array = np.array(shown)
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(f"{path.name} cannot be read as a mask ({type(error).__name__}). "
                             "Expected a grey picture of label values.") from error  # fmt: skip
    if array.dtype.kind in "ui" and array.dtype.itemsize > 1:
        array = tiff_pixels.grey_as_displayed(array, getattr(shown, "tag_v2", {}))
    if array.ndim == 3:
        colours = array[..., :3]
        if (colours != colours[..., :1]).any():
            raise ImageError(f"{path.name} is a coloured picture; a mask holds one label value a pixel. "
                             "Save it as 8-bit grey.")  # fmt: skip
        array = array[..., 0]
    if array.dtype.kind == "f" and (array != np.rint(array)).any():
        raise ImageError(f"{path.name} holds fractions; a mask holds whole label values. Threshold it first.")
    if array.max() > np.iinfo(np.int32).max:
        raise ImageError(f"{path.name} holds values that are no labels. Check the export.")
    return array.astype(np.int32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Readers warn and log about damaged files; the user gets our one message instead.

    Levels are left alone: to set one empties the caches of all loggers, which costs more than to read a small picture.
    """
    with PROCESS_STATE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = [logger.propagate for logger in _READERS]
        for logger in _READERS:
            logger.propagate = False
        try:
            yield
        finally:
            for logger, value in zip(_READERS, before, strict=True):
                logger.propagate = value


def _decode(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Decode now; the picture upright, and a note where it was turned or mirrored for that.

    To be called within :func:`_quiet`, for standard error is the whole process's.
    """
    if isinstance(picture, TiffImageFile):  # PIL turns it while it decodes, and forgets what the file said
        notes = tiff_pixels.orientation_notes(picture.getexif().get(tiff_pixels.ORIENTATION))
        _decode_tiff(picture)
        return picture, notes
    picture.load()
    notes = tiff_pixels.orientation_notes(picture.getexif().get(tiff_pixels.ORIENTATION))
    return ImageOps.exif_transpose(picture) if notes else picture, notes


def _decode_tiff(picture: TiffImageFile) -> None:
    """Decode now, without the file's name.

    By the name PIL would map uncompressed pixels into memory, and there it takes the sides of the
    upright picture for those of the stored one: the rows come out scrambled.
    """
    name, picture.filename = picture.filename, ""
    try:
        with _silent_libtiff(picture):
            picture.load()
    finally:
        picture.filename = name


@contextmanager
def _silent_libtiff(picture: TiffImageFile) -> Iterator[None]:
    """Libtiff writes its complaints to file descriptor 2; they are kept from the user.

    Where standard error was closed there is none, or the picture's own file has got its number.
    """
    own = kept = -1
    with suppress(AttributeError, OSError):  # read from memory, or decoded already
        own = picture.fp.fileno()  # type: ignore[union-attr]
    with suppress(OSError):
        kept = -1 if own == 2 else os.dup(2)
    if kept < 0:
        yield
        return
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def _native_integers(array: np.ndarray) -> np.ndarray:
    """Native uint16 where the values fit, else int32, else uint32."""
    lowest, highest = array.min(), array.max()
    if lowest >= 0 and highest <= np.iinfo(np.uint16).max:
        return array.astype(np.uint16)
    return array.astype(np.int32 if highest <= np.iinfo(np.int32).max else np.uint32)


def _read_foreign(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """What PIL does not know: a rarer TIFF, a picture cut off in its header, or no picture at all."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _read_deep_tiff(path)
    if head.startswith(b"\x89PNG") and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        check_size(height, width, path.name)
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"BM")):
        raise ImageError(f"{path.name} is damaged or truncated in its header. Copy or export it again.")
    kind = "text" if head and b"\0" not in head and head.isascii() else "something else"
    raise ImageError(f"{path.name} holds {kind}, not a picture. Expected PNG, JPEG, TIFF or BMP.")


def _read_deep_tiff(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """A TIFF through tifffile: (H, W) or (H, W, 3) in the file's own depth, and notes."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            if len(file.pages) > 1:
                raise ImageError(f"{path.name} holds {len(file.pages)} pages; one picture was expected. "
                                 "Save each page as a file, or the stack as NIfTI.")  # fmt: skip
            check_size(page.imagelength, page.imagewidth, path.name)
            array = np.asarray(page.asarray())
            has_opacity = tifffile.EXTRASAMPLE.UNASSALPHA in page.extrasamples  # else none, or black lies under it
            is_cmyk = page.photometric == tifffile.PHOTOMETRIC.SEPARATED
            tags = {
                tag: page.tags.valueof(tag)
                for tag in (tiff_pixels.BITS, tiff_pixels.PHOTOMETRIC, tiff_pixels.ORIENTATION)
            }
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(f"{path.name} is a TIFF that cannot be decoded ({type(error).__name__}). "
                         "Save it again without compression.") from error  # fmt: skip
    notes = tiff_pixels.orientation_notes(tags[tiff_pixels.ORIENTATION])
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[-1] not in (3, 4):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        array = tiff_pixels.upright(array, tags[tiff_pixels.ORIENTATION])
        if array.shape[-1] == 4 and has_opacity:
            array, said = array_over_black(array)
            return array, notes + said
        colour = tiff_pixels.cmyk_to_rgb(array) if array.shape[-1] == 4 and is_cmyk else array[..., :3]
        return np.ascontiguousarray(colour), notes
    if array.ndim != 2 or array.dtype.kind not in "uif":
        raise ImageError(f"{path.name} is a TIFF of the shape {array.shape} and {array.dtype}; "
                         "one grey or RGB picture was expected.")  # fmt: skip
    return tiff_pixels.grey_as_displayed(tiff_pixels.upright(array, tags[tiff_pixels.ORIENTATION]), tags), notes
