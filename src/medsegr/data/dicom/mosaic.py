"""Siemens mosaics: the slices of a volume as tiles of one picture, row by row from the top left.

ImagePositionPatient is that of the whole picture, as if it were one slice of the scanner; the first slice lies
where the middle of the picture and the middle of a tile coincide.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.header import number, words
from medsegr.data.dicom.planes import StoredPlane
from medsegr.data.dicom.quiet_libraries import csa_reader
from medsegr.data.dicom.slice_order import LPS_TO_RAS

if TYPE_CHECKING:
    from pydicom import Dataset

SIEMENS_GROUP, CREATOR = 0x0019, "SIEMENS MR HEADER"
CSA_GROUP, CSA_CREATOR = 0x0029, "SIEMENS CSA HEADER"


def tile_count(header: "Dataset") -> int | None:
    """How many slices a mosaic holds; None where the file is none."""
    if "MOSAIC" not in words(header, "ImageType"):
        return None
    try:
        count = int(header.private_block(SIEMENS_GROUP, CREATOR)[0x0A].value)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return count if 1 < count <= 4096 else None


def tile_side(header: "Dataset", rows: int, columns: int) -> tuple[int, int, int]:
    """(tiles a row, rows of a tile, columns of a tile)."""
    count = tile_count(header)
    assert count is not None
    across = math.ceil(math.sqrt(count))
    return across, rows // across, columns // across


def untiled(picture: np.ndarray, plane: StoredPlane) -> np.ndarray:
    """(H, W) mosaic -> (slices, h, w), in order of growing distance along row direction x column direction."""
    count = tile_count(plane.header)
    across, height, width = tile_side(plane.header, *picture.shape)
    tiles = picture[: across * height, : across * width].reshape(across, height, across, width)
    slices = tiles.transpose(0, 2, 1, 3).reshape(-1, height, width)[:count]
    return slices if _along(plane) > 0 else slices[::-1]


def mosaic_affine(plane: StoredPlane) -> np.ndarray | None:
    """(4, 4), stored (i, j, k) of the volume -> RAS+ mm; None where the mosaic states no place."""
    if plane.directions is None or plane.position is None or plane.spacing is None:
        return None
    step = number(plane.header, "SpacingBetweenSlices") or plane.thickness or 1.0
    _, height, width = tile_side(plane.header, *plane.size)
    rows, columns = plane.size
    (row, column), (down, along) = plane.directions, plane.spacing
    count, normal = tile_count(plane.header) or 1, np.cross(*plane.directions) * step
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * along, column * down, normal
    first = plane.position + row * along * (columns - width) / 2 + column * down * (rows - height) / 2
    affine[:3, 3] = first if _along(plane) > 0 else first - normal * (count - 1)
    return LPS_TO_RAS @ affine


def _along(plane: StoredPlane) -> int:
    """1 where the tiles run along row direction x column direction, -1 against it, as Siemens's own header says."""
    normal = _slice_normal(plane.header)
    if normal is None or plane.directions is None:
        return 1
    return 1 if float(np.cross(*plane.directions) @ normal) > 0 else -1


def _slice_normal(header: "Dataset") -> np.ndarray | None:
    """(3,) LPS, of Siemens's private header (CSA); None where there is none, or a broken one."""
    reader = csa_reader()
    try:
        content = header.private_block(CSA_GROUP, CSA_CREATOR)[0x10].value
        return reader.get_slice_normal(reader.read(content))
    except Exception:  # whatever a broken header leads to
        return None
