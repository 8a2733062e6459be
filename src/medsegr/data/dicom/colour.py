"""Palettes: indices -> red, green, blue of 8 bits."""

from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.header import text
from medsegr.data.dicom.quiet_libraries import pydicom

if TYPE_CHECKING:
    from pydicom import Dataset


def is_palette(header: "Dataset") -> bool:
    """True where pixels are indices."""
    return text(header, "PhotometricInterpretation").upper() == "PALETTE COLOR"


def shown_colours(indices: np.ndarray, header: "Dataset") -> np.ndarray:
    """(H, W) indices -> (H, W, 3) uint8. Palettes of 16 bits lose their low byte, which no screen shows."""
    colours = pydicom("pydicom.pixels").apply_color_lut(indices, header)[..., :3]
    return (colours >> 8).astype(np.uint8) if colours.dtype.itemsize > 1 else colours
