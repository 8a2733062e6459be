"""From stored numbers to what they mean: Hounsfield units, a dose, a signal; frame by frame.

Whole numbers stay whole, in the narrowest type that holds them, so that a CT needs two bytes a voxel.
"""

from collections.abc import Sequence

import numpy as np

from medsegr.data.dicom.header import first, number, value, whole
from medsegr.data.dicom.planes import StoredPlane
from medsegr.data.dicom.quiet_libraries import pydicom

TYPES = (np.uint8, np.int16, np.uint16, np.int32)
"""Types of whole values, narrowest first; signed before unsigned, since most values of rescaled images are."""


def rescale(plane: StoredPlane) -> tuple[float, float]:
    """Slope and intercept of one frame: of its functional group, else of the header; (1, 0) where none is stated."""
    item = plane.item("PixelValueTransformationSequence")
    slope = number(item, "RescaleSlope") or 1.0
    return slope, number(item, "RescaleIntercept") or 0.0


def has_table(plane: StoredPlane) -> bool:
    """Whether a table (Modality LUT) says what the numbers mean, and no slope does."""
    item = plane.item("PixelValueTransformationSequence")
    return value(item, "RescaleSlope") is None and first(plane.header, "ModalityLUTSequence") is not None


def meaning(frame: np.ndarray, plane: StoredPlane) -> np.ndarray:
    """Stored numbers -> values: whole ones as int64 or as stored, others float32."""
    if has_table(plane):
        return pydicom("pydicom.pixels").apply_modality_lut(frame, plane.header)
    slope, intercept = rescale(plane)
    if (slope, intercept) == (1.0, 0.0):
        return frame
    if frame.dtype.kind in "iu" and slope.is_integer() and intercept.is_integer():
        return frame.astype(np.int64) * int(slope) + int(intercept)
    return (frame * np.float64(slope) + intercept).astype(np.float32)


def value_type(planes: Sequence[StoredPlane]) -> np.dtype:
    """The type to begin with: whole values of up to 16 bits in 16, which is widened should any not fit."""
    header = planes[0].header
    if whole(header, "BitsStored") is None:  # floats have none
        return np.dtype(np.float32)
    bits = min(whole(header, "BitsStored") or 16, 32)
    signed = bool(whole(header, "PixelRepresentation"))
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if any(has_table(plane) for plane in planes):
        return np.dtype(np.int32)
    pairs = [rescale(plane) for plane in planes]
    if not all(part.is_integer() for pair in pairs for part in pair):
        return np.dtype(np.float32)
    ends = [slope * end + intercept for slope, intercept in pairs for end in (least, most)]
    fitting = fitting_type(min(ends), max(ends))
    return np.dtype(np.int16) if fitting.itemsize > 2 >= bits / 8 else fitting


def fitting_type(least: float, most: float) -> np.dtype:
    """The narrowest type that holds whole values between two ends; float32 where none does."""
    fitting = (kind for kind in TYPES if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return np.dtype(next(fitting, np.float32))
