"""Pictures as other programs write them: PNGs of any depth and colour type, palettes in any order."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
COLOUR_TYPES = {"grey": 0, "rgb": 2, "grey_alpha": 4, "rgba": 6}


def deep_png(array: np.ndarray, interlaced: bool = False, transparent: Sequence[int] | None = None) -> bytes:
    """A 16-bit PNG.

    Args:
        array: (H, W) grey, or (H, W, C) grey with alpha, RGB or RGBA; uint16.
        interlaced: In seven passes.
        transparent: The one colour (tRNS) that is.
    """
    samples = array.reshape(*array.shape[:2], -1)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples.shape[-1]]
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, kind, 0, 0, interlaced)
    key = None if transparent is None else np.array(transparent, ">u2").tobytes()
    parts = [samples[y::down, x::right] for y, x, down, right in ADAM7] if interlaced else [samples]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in parts if part.size for row in part)
    content = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"tRNS", key), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        if body is not None:
            content += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return content


def with_palette(
    indices: np.ndarray, colours: Sequence[tuple[int, int, int]], opacity: bytes | None = None
) -> Image.Image:
    """A palette picture; ``opacity`` is that of each index."""
    picture = Image.frombytes("P", indices.shape[::-1], indices.astype(np.uint8).tobytes())
    picture.putpalette([value for colour in colours for value in colour])
    if opacity is not None:
        picture.info["transparency"] = opacity
    return picture
