"""TIFF, through tifffile and imagecodecs: every depth, sign, compression and order of channels that they read.

What tifffile has to say about a file goes to its own logger; an application that listens there hears it.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TIFF, TiffPage

from medsegr.data.opacity import guessed_opacity
from medsegr.data.stored_picture import ORIENTATION, StoredPicture, check_size, palette_of, upright_picture
from medsegr.errors import ImageError

TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of a TIFF and a BigTIFF in both byte orders."""

MAX_SAMPLES = 8
"""Most channels of a picture that are decoded at all."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else Python prints what nobody listens to


def read_tiff(source: Path | BinaryIO, name: str, index: int | None = None) -> StoredPicture:
    """Decode the page of this index; with None the file has to hold one alone.

    Raises:
        ImageError: Too large, several pages, or channels that make no picture.
        Exception: Damaged; tifffile and its codecs raise nearly anything.
    """
    with tifffile.TiffFile(source) as file:
        if index is None and len(file.pages) > 1:
            raise ImageError(f"{name} holds {len(file.pages)} pages; one picture was expected. "
                             "Save each page as a file, or the stack as NIfTI.")  # fmt: skip
        page: Any = file.pages[index or 0]
        check_size(page.imagelength, page.imagewidth, name)
        if page.imagedepth > 1 or page.samplesperpixel > MAX_SAMPLES or page.dtype is None or page.dtype.kind == "c":
            raise ImageError(f"{name} is a TIFF of the shape {page.shape} and {page.dtype}; "
                             "one grey or RGB picture was expected.")  # fmt: skip
        _refuse_missing_parts(page, file.filehandle.size)
        array = np.asarray(page.asarray())
        array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else array
        channels = array.reshape(page.imagelength, page.imagewidth, -1)
        orientation, opacity = page.tags.valueof(ORIENTATION), _opacity(channels, page)
        if page.photometric == PHOTOMETRIC.PALETTE:
            stored = StoredPicture(channels[..., 0].astype(np.uint16), opacity, _palette(page))
        else:
            stored = StoredPicture(_colours(channels, page, name), opacity)
        return upright_picture(replace(stored, doubt=_doubt(stored, channels, page)), orientation)


def _doubt(stored: StoredPicture, channels: np.ndarray, page: TiffPage) -> str | None:
    """What is not said of values whose 0 is white (booleans of tifffile), and of channels beside the colours."""
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        return "its 0 is white (MinIsWhite), so that its values and what is seen are opposites"
    if not page.extrasamples or stored.opacity is not None:
        return None
    further, painted = channels[..., -1] != 0, stored.colours != 0
    painted = painted.any(axis=-1) if painted.ndim == 3 else painted
    if further.all() or (painted == further).all():
        return None
    return "a further channel differs from its colours in what is object and what is not"


def _refuse_missing_parts(page: TiffPage, size: int) -> None:
    """What is not in the file would be filled with zeros, or by the codec."""
    is_coded = page.compression != COMPRESSION.NONE
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if not offset or not count or (is_coded and offset + count > size):
            raise ValueError("parts of the picture are not in the file")


def _colours(channels: np.ndarray, page: TiffPage, name: str) -> np.ndarray:
    """(H, W) grey with 0 as black, or (H, W, 3)."""
    if page.photometric == PHOTOMETRIC.SEPARATED and channels.shape[-1] >= 4:
        return _cmyk_to_rgb(channels[..., :4])
    if page.photometric == PHOTOMETRIC.YCBCR and page.compression not in TIFF.IMAGE_COMPRESSIONS:
        return np.array(Image.fromarray(channels[..., :3], "YCbCr").convert("RGB"))
    if page.photometric in (PHOTOMETRIC.CIELAB, PHOTOMETRIC.ICCLAB, PHOTOMETRIC.ITULAB):
        raise ImageError(f"{name} holds Lab colours, which are not read. Save it as RGB.")
    if channels.shape[-1] >= 3:
        return channels[..., :3]
    grey = channels[..., 0]
    is_inverted = page.photometric == PHOTOMETRIC.MINISWHITE
    if grey.dtype == bool:
        return grey != is_inverted
    if grey.dtype.kind == "u" and is_inverted:
        grey = grey.dtype.type(_full(page)) - grey
    return np.rint(grey * (255 / _full(page))).astype(np.uint8) if page.bitspersample < 8 else grey


def _opacity(channels: np.ndarray, page: TiffPage) -> np.ndarray | None:
    """Of a channel that is stated to be one; under associated alpha the colours lie over black already."""
    if EXTRASAMPLE.UNASSALPHA not in page.extrasamples:
        return None
    place = channels.shape[-1] - len(page.extrasamples) + page.extrasamples.index(EXTRASAMPLE.UNASSALPHA)
    channel = channels[..., place]
    return guessed_opacity(channel) if channel.dtype.kind == "f" else (channel / _full(page)).astype(np.float32)


def _full(page: TiffPage) -> int:
    """The highest value of the stated bits."""
    return int(2 ** (page.bitspersample - (page.dtype is not None and page.dtype.kind == "i"))) - 1


def _palette(page: TiffPage) -> np.ndarray:
    """Of 16 bits, or of 8 as some programs write it."""
    colours = np.asarray(page.colormap)
    return palette_of((colours >> 8 if colours.max() > 255 else colours).T.ravel(), 2**16)


def _cmyk_to_rgb(array: np.ndarray) -> np.ndarray:
    """(H, W, 4), 0 is no ink, unsigned or floats to 1, as (H, W, 3) of that type: each takes of what black leaves."""
    full = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1
    colours = (full - array[..., :3]) * (1 - array[..., 3:] / full)
    return (np.rint(colours) if array.dtype.kind in "ui" else colours).astype(array.dtype)
