"""Pixels as a PNG file with one filter for all rows, where Pillow tries five for each, which takes most of its time."""

import struct
import zlib

import numpy as np
from imagecodecs import png_encode
from jaxtyping import UInt8

UP = 0x20
"""libpng's name of a filter: each row less the one above it, which suits white paper, text and smooth pictures."""

LEVEL = 2
"""Of compression: little more time than the lowest, and less than Pillow's size."""

HEADER = 33
"""Bytes of the signature and the chunk IHDR, with which every file begins."""


def png_of(rgb: UInt8[np.ndarray, "h w 3"], dpi: int) -> bytes:
    """The file's bytes, with the resolution, of which imagecodecs says nothing.

    Source: Portable Network Graphics (PNG) Specification, W3C, sections 5 and 11.
    """
    encoded = png_encode(rgb, LEVEL, filter=UP)
    metre = round(dpi / 0.0254)
    resolution = struct.pack(">4sIIB", b"pHYs", metre, metre, 1)
    chunk = struct.pack(">I", len(resolution) - 4) + resolution + struct.pack(">I", zlib.crc32(resolution))
    return bytes(encoded[:HEADER]) + chunk + bytes(encoded[HEADER:])
