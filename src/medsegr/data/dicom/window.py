"""Which values are shown black and which white: the header's window, else that of the modality, else percentiles.

A window is (black, white) in the values' own unit; white is the smaller one where small values are shown bright, as
in MONOCHROME1. So the inversion is made once, here, and the values stay what they are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.header import first, number, numbers, text, value, whole
from medsegr.data.dicom.planes import StoredPlane
from medsegr.data.dicom.values import rescale

if TYPE_CHECKING:
    from pydicom import Dataset

CT_WINDOWS = {"chest_ct": (-910.0, 590.0), "brain_ct": (0.0, 80.0)}
"""Hounsfield units, for series without a usable window (MedSAM, Ma et al. 2024, Methods: lung and brain)."""

SOFT_TISSUE = (-160.0, 240.0)
"""Hounsfield units, of all other CT (the same source)."""

ROBUST_PERCENTILES = (0.5, 99.5)

SAMPLED = 4_000_000
"""Voxels that percentiles are taken of; of larger volumes every n-th."""


def shown_range(planes: Sequence[StoredPlane], values: np.ndarray, modality: str | None) -> tuple[float, float] | None:
    """The (black, white) of grey values; None for full 8 bits, which are shown as they are.

    Args:
        planes: All planes of the image; each may have its own window, then their median counts.
        values: What is shown.
        modality: Our name of it, or None.
    """
    plane = planes[0]
    ends = _of_headers(planes, values)
    if ends is None and text(plane.header, "Modality").upper() == "CT":
        ends = _if_it_shows(CT_WINDOWS.get(modality or "", SOFT_TISSUE), values)
    if ends is None and (values.dtype != np.uint8 or (whole(plane.header, "BitsStored") or 8) < 8):
        ends = _robust(values, _padding(plane))
    if not is_inverted(plane):
        return ends
    black, white = ends or (0.0, 255.0)
    return white, black


def is_inverted(plane: StoredPlane) -> bool:
    """True where small values are shown bright. MONOCHROME1 says INVERSE as well and is inverted once."""
    photometric = text(plane.header, "PhotometricInterpretation").upper()
    inverse = text(plane.header, "PresentationLUTShape").upper() == "INVERSE"
    return photometric == "MONOCHROME1" or (photometric == "MONOCHROME2" and inverse)


def _of_headers(planes: Sequence[StoredPlane], values: np.ndarray) -> tuple[float, float] | None:
    found = [ends for plane in planes if (ends := header_window(plane)) is not None]
    if not found:
        return None
    black, white = np.median(np.array(found), axis=0)
    return _if_it_shows((float(black), float(white)), values)


def header_window(plane: StoredPlane) -> tuple[float, float] | None:
    """(black, white) of one frame's first window, or of its table's rising part; None where there is none.

    A width below 1 is none. Source: DICOM PS3.3 C.11.2.1.2; the sigmoid is taken by its tangent.
    """
    item = plane.item("FrameVOILUTSequence")
    centre, width = number(item, "WindowCenter"), number(item, "WindowWidth")
    if centre is None or width is None:
        return _of_table(plane)
    if width < 1:
        return None
    if text(item, "VOILUTFunction").upper() in ("LINEAR_EXACT", "SIGMOID"):
        return centre - width / 2, centre + width / 2
    return (centre - width / 2, centre + width / 2 - 1) if width > 1 else (centre - 1, centre)


def _of_table(plane: StoredPlane) -> tuple[float, float] | None:
    """The values between which a table (VOI LUT) climbs or falls from 0.5 to 99.5 % of its range."""
    item = first(plane.header, "VOILUTSequence")
    descriptor, table = numbers(item, "LUTDescriptor", 3), _entries(item)
    if descriptor is None or table is None or table.min() == table.max():
        return None
    share = (table - table.min()) / (table.max() - table.min())
    inside = np.flatnonzero((share > 0.005) & (share < 0.995))
    if len(inside) < 2:
        return None
    ends = float(descriptor[1] + inside[0]), float(descriptor[1] + inside[-1])
    return ends if table[inside[0]] < table[inside[-1]] else ends[::-1]


def _entries(item: "Dataset | None") -> np.ndarray | None:
    """The entries of a table, which a file holds as numbers or as bytes."""
    found = value(item, "LUTData")
    return np.frombuffer(found, "<u2").astype(np.float64) if isinstance(found, bytes) else numbers(item, "LUTData")


def _if_it_shows(ends: tuple[float, float], values: np.ndarray) -> tuple[float, float] | None:
    """A window, unless all values are on one side of it."""
    low, high = sorted(ends)
    return ends if low < high and values.min() < high and values.max() > low else None


def _padding(plane: StoredPlane) -> tuple[float, float] | None:
    """The values, both included, that fill what lies outside the picture; None where none is stated."""
    stated = [number(plane.header, f"PixelPadding{end}") for end in ("Value", "RangeLimit")]
    slope, intercept = rescale(plane)
    ends = [slope * end + intercept for end in stated if end is not None]
    return None if stated[0] is None else (min(ends) - abs(slope) / 2, max(ends) + abs(slope) / 2)


def _robust(values: np.ndarray, padding: tuple[float, float] | None) -> tuple[float, float] | None:
    """The percentiles of values, but for padding, unless there is nothing else."""
    flat = values.reshape(-1) if values.flags.c_contiguous else values.ravel("K")
    flat = flat[:: max(1, values.size // SAMPLED)]
    if padding is not None:
        inside = flat[(flat < padding[0]) | (flat > padding[1])]
        flat = inside if inside.size else flat
    low, high = (float(end) for end in np.percentile(flat, ROBUST_PERCENTILES))
    if low < high:
        return low, high
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else None
