"""Slides: the tiles of a whole slide image, put together into the picture that they are cut from."""

from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.header import text, whole
from medsegr.data.dicom.planes import StoredPlane, first_of
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset


def is_tiled(header: "Dataset") -> bool:
    """True where frames are tiles of one picture."""
    return bool(whole(header, "TotalPixelMatrixRows") and whole(header, "TotalPixelMatrixColumns"))


def slide_size(plane: StoredPlane) -> tuple[int, int]:
    """(rows, columns) of the whole picture.

    Raises:
        ImageError: Too large, or several focal planes or stains in one file.
    """
    rows, columns = (whole(plane.header, f"TotalPixelMatrix{side}") or 0 for side in ("Rows", "Columns"))
    check_size(rows, columns, plane.file.name)
    layers = max(whole(plane.header, "TotalPixelMatrixFocalPlanes") or 1,
                 whole(plane.header, "NumberOfOpticalPaths") or 1)  # fmt: skip
    if layers > 1:
        raise ImageError(f"{plane.file.name} holds {layers} focal planes or stains of a slide; one was expected. "
                         "Export one of them.")  # fmt: skip
    return rows, columns


def corner(plane: StoredPlane) -> tuple[int, int]:
    """(row, column) of a tile's first pixel in the whole picture."""
    place = first_of(plane, "PlanePositionSlideSequence")
    tiled_full = text(plane.header, "DimensionOrganizationType").upper() == "TILED_FULL"
    if place is None or tiled_full or not plane.shared.groups:
        height, width = plane.size
        across = -(-(whole(plane.header, "TotalPixelMatrixColumns") or 1) // width)
        return (plane.number - 1) // across * height, (plane.number - 1) % across * width
    down, along = (whole(place, f"{side}PositionInTotalImagePixelMatrix") or 1 for side in ("Row", "Column"))
    return down - 1, along - 1


def place_tile(picture: np.ndarray, tile: np.ndarray, plane: StoredPlane) -> None:
    """Write one tile where it belongs; what reaches beyond the picture is padding."""
    down, along = corner(plane)
    if down < 0 or along < 0:
        raise ImageError(f"{plane}: a tile lies outside its slide. The file is damaged; export it again.")
    part = picture[down : down + tile.shape[0], along : along + tile.shape[1]]
    part[...] = tile[: part.shape[0], : part.shape[1]]
