"""Frames as a file stores them: decoded by pydicom's plugins, each checked for size before and after.

Colour comes as red, green, blue; indices of a palette stay indices; MONOCHROME1 stays as stored. pydicom takes off
what lies above BitsStored, where old files keep overlays; overlays of their own are not read.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.codestream import stated_size
from medsegr.data.dicom.files import PLAIN_SYNTAXES, DicomFile, read_whole
from medsegr.data.dicom.header import whole
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError, MissingExtraError

if TYPE_CHECKING:
    from pydicom import Dataset

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""Where pixels may lie. An icon's lie inside a sequence and are no picture."""


def decoded_frames(file: DicomFile, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """Frames of a file, by their numbers (from 1): (H, W) or (H, W, 3), in the file's own type.

    Raises:
        ImageError: No pixels, an unknown compression, truncated, or of another size than the header states.
        MissingExtraError: A decoder is missing.
    """
    dataset = read_whole(file)
    rows, columns = whole(dataset, "Rows") or 0, whole(dataset, "Columns") or 0
    check_size(rows, columns, file.name)
    if not any(keyword in dataset for keyword in PIXELS):
        raise ImageError(f"{file.name} holds no pixels; an image was expected. It may be cut off: copy it again.")
    try:
        _check_streams(dataset, file, rows, columns)
        below = _bits_below(dataset)
        pixels = pydicom("pydicom.pixels").iter_pixels(dataset, indices=[number - 1 for number in numbers])
        for frame in pixels:
            if frame.shape[:2] != (rows, columns):
                raise ImageError(f"{file.name} decodes to {frame.shape[1]} x {frame.shape[0]} px where its header "
                                 f"states {columns} x {rows}. It is damaged; export it again.")  # fmt: skip
            yield frame >> below if below else frame
    except (ImageError, MissingExtraError):
        raise
    except Exception as error:
        raise ImageError(_undecodable(dataset, file, error)) from error


def _bits_below(dataset: "Dataset") -> int:
    """How many bits lie below a value's own, as in files from before HighBit had to be BitsStored - 1.

    pydicom does not look at HighBit, so it is told of values that reach down to the lowest bit.
    """
    stored, highest = whole(dataset, "BitsStored"), whole(dataset, "HighBit")
    if stored is None or highest is None or not stored <= highest < (whole(dataset, "BitsAllocated") or 0):
        return 0
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:  # decoders give values, whatever their place was
        return 0
    dataset.BitsStored = highest + 1
    return highest + 1 - stored


def _undecodable(dataset: "Dataset", file: DicomFile, error: Exception) -> str:
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    named = pydicom("pydicom.uid").UID_dictionary.get(syntax, ("unknown",))[0]
    compressed = syntax not in PLAIN_SYNTAXES.values()
    said = f"{file.name} cannot be decoded ({type(error).__name__}; transfer syntax: {named}). "
    if isinstance(error, NotImplementedError | RuntimeError) and compressed:
        return said + 'Decoders for compressed files: pip install "medsegr[dicom]". Or it is damaged: copy it again.'
    return said + "It is truncated, or its header and its pixels contradict each other. Copy or export it again."


def _check_streams(dataset: "Dataset", file: DicomFile, rows: int, columns: int) -> None:
    """Refuse a compressed stream that states another size than the header: a decoder would make room for it."""
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated or "PixelData" not in dataset:
        return
    frames = whole(dataset, "NumberOfFrames") or 1
    for stream in pydicom("pydicom.encaps").generate_frames(dataset.PixelData, number_of_frames=frames):
        stated = stated_size(stream)
        if stated is not None and stated != (rows, columns):
            raise ImageError(f"{file.name}: a frame states {stated[1]} x {stated[0]} px, its header "
                             f"{columns} x {rows}. It is damaged; export it again.")  # fmt: skip
