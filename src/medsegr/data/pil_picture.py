"""PNG, JPEG and BMP, and whatever PIL has opened or made, through Pillow.

PIL keeps the high byte alone of colour and of grey with alpha in 16 bits. Such PNGs are decoded by imagecodecs.
A picture that PIL has opened from a file of which it loses something is read from that file.
"""

import logging
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT, TiffImageFile

from medsegr.data.stored_picture import ORIENTATION, StoredPicture, check_size, palette_of, upright_picture
from medsegr.data.tiff import read_tiff
from medsegr.errors import ImageError

PIL_READERS: dict[bytes, Any] = {b"\x89PNG": PngImageFile, b"\xff\xd8\xff": JpegImageFile, b"BM": BmpImageFile}
"""First bytes of a file -> PIL's class for it. ``Image.open`` would warn about large pictures that we do read."""

DEEP_LAYOUTS = ("RGB;16B", "RGBA;16B", "LA;16B")
"""PIL's names of how the pixels of a PNG are stored, where it keeps the high byte alone."""

OPENED = "The PIL picture"

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what nobody listens to


def read_with_pil(content: bytes, name: str) -> StoredPicture:
    """Decode the content of a PNG, JPEG or BMP.

    Raises:
        ImageError: Too large.
        Exception: Damaged; PIL raises nearly anything.
    """
    reader = next(reader for head, reader in PIL_READERS.items() if content.startswith(head))
    with reader(BytesIO(content)) as picture:
        check_size(picture.height, picture.width, name)
        layout = _layout(picture)
        if layout == "BGRX":
            return _stored(picture, _bmp_channels(content))
        if layout in DEEP_LAYOUTS:
            from imagecodecs import png_decode

            return _stored(picture, png_decode(content))
        return _stored(picture)


def read_opened(picture: Image.Image) -> StoredPicture:
    """What PIL has opened or made.

    Raises:
        ImageError: PIL has lost bits of its file, which cannot be read again.
        Exception: Damaged, or closed; PIL raises nearly anything.
    """
    if not isinstance(picture, (PngImageFile, TiffImageFile)):
        return _stored(picture)
    content, is_tiff = _file_of(picture), isinstance(picture, TiffImageFile)
    if isinstance(picture, TiffImageFile):
        loses = _loses(picture)
    else:
        loses = content.startswith(b"\x89PNG") and _layout(PngImageFile(BytesIO(content))) in DEEP_LAYOUTS
    is_read_again = is_tiff or (loses and not picture.tell())  # a later picture of an animation is not
    if content and is_read_again and _is_as_opened(picture, content):
        return read_tiff(BytesIO(content), OPENED, picture.tell()) if is_tiff else read_with_pil(content, OPENED)
    if loses:
        raise ImageError(f"{OPENED} was changed since it was opened, or its file is gone, and PIL does not keep all "
                         "that the file holds. Give the file's path, or an array.")  # fmt: skip
    return _stored(picture)


def _file_of(picture: Any) -> bytes:
    """The file that a picture was opened from; empty where it is not to be had any more."""
    # Of a decoded picture that came from a stream, PIL keeps that stream, and names it by ``_fp`` alone.
    stream, path = picture.fp or picture._fp, Path(picture.filename)
    if picture.tile or not getattr(stream, "closed", True):  # not decoded yet, or still open
        stream.seek(0)  # PIL itself goes where it wants to be before it decodes
        return bytes(stream.read())
    return path.read_bytes() if path.is_file() else b""


def _is_as_opened(picture: Any, content: bytes) -> bool:
    """False where somebody has changed the decoded pixels, or where the file is another by now."""
    if picture.tile:
        return True
    path = Path(picture.filename)  # by name where it has one: a TIFF that PIL maps into memory is not turned upright
    with type(picture)(path if path.is_file() else BytesIO(content)) as again:
        again.seek(picture.tell())
        again.load()
        alike = (again.mode, again.size) == (picture.mode, picture.size)
        return alike and bool(again.tobytes() == picture.tobytes())


def _loses(picture: TiffImageFile) -> bool:
    """Whether PIL keeps less than a TIFF holds: of several deep channels, of the sign, of what black is."""
    bits, formats = picture.tag_v2.get(BITSPERSAMPLE, (1,)), set(picture.tag_v2.get(SAMPLEFORMAT, (1,)))
    if max(bits) <= 8:
        return formats != {1}
    is_white_first = picture.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
    return len(bits) > 1 or is_white_first or (picture.mode == "I" and formats == {1})


def _layout(picture: Any) -> str:
    """How the file stores its pixels, in PIL's words; empty once they are decoded."""
    layout = picture.tile[0][3] if picture.tile else ""
    return str(layout if isinstance(layout, str) else layout[0])


def _bmp_channels(content: bytes) -> np.ndarray | None:
    """(H, W, 4) of a BMP of 32 bits, whose last 8 PIL writes as opacity and leaves out; None where they are none."""
    picture: Any = BmpImageFile(BytesIO(content))
    picture._mode = "RGBA"
    picture.tile = [(codec, extents, offset, ("BGRA", *how[1:])) for codec, extents, offset, how in picture.tile]
    channels = np.array(picture)
    return channels if np.array_equal(np.unique(channels[..., 3]), (0, 255)) else None


def _stored(picture: Image.Image, deep: np.ndarray | None = None) -> StoredPicture:
    """A picture of any mode, or one whose deep channels, (H, W, C), were decoded apart."""
    picture.load()
    is_tiff = isinstance(picture, TiffImageFile)  # PIL turns it while it decodes
    orientation = None if is_tiff else picture.getexif().get(ORIENTATION)
    if picture.mode == "P":
        shown = np.array(picture.convert("RGBA"))[..., 3] / np.float32(255)
        palette = palette_of(picture.getpalette("RGB") or ())
        opacity = shown if shown.min() < 1 else None
        return upright_picture(StoredPicture(np.array(picture), opacity, palette), orientation)
    if picture.mode in ("CMYK", "YCbCr", "HSV", "LAB", "PA"):
        picture = picture.convert("RGBA" if picture.mode == "PA" else "RGB")
    values = np.array(picture) if deep is None else deep
    opacity = None
    if values.ndim == 3 and values.shape[-1] in (2, 4):
        if picture.mode not in ("La", "RGBa", "RGBX"):  # in the first two, colours lie over black already
            opacity = (values[..., -1] / np.iinfo(values.dtype).max).astype(np.float32)
        values = values[..., 0] if values.shape[-1] == 2 else values[..., :3]
    elif (key := picture.info.get("transparency")) is not None:
        same = values * np.uint8(255) == key if values.dtype == bool else values == key
        opacity = (~(same.all(axis=-1) if same.ndim == 3 else same)).astype(np.float32)
    return upright_picture(StoredPicture(values, opacity), orientation)
