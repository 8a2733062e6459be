"""Load masks and label maps, pictures, NIfTI or NRRD, and say where they lie."""

from collections.abc import Callable, Container
from functools import partial
from pathlib import Path

import numpy as np

from medsegr.data.geometry import Geometry, plain_geometry
from medsegr.data.image import existing_file, is_nifti
from medsegr.data.itk_image import is_itk, read_label_itk
from medsegr.data.mask_picture import read_label_picture, read_structure_picture
from medsegr.data.nifti import read_label_nifti


def load_label_map(path: Path | str, labels: Container[int] | None = None) -> np.ndarray:
    """Load a label map as displayed: (H, W) or (D, H, W) int32. In a palette picture the indices are the labels.

    What a palette of grey values means is decided by the labels that it may hold, 0 among them; None where
    nobody knows them.

    Raises:
        ImageError: Missing, unreadable, coloured, or with values that are not whole or can mean two things.
    """
    return load_placed_label_map(path, labels)[0]


def load_placed_label_map(path: Path | str, labels: Container[int] | None = None) -> tuple[np.ndarray, Geometry]:
    """Load a label map, as :func:`load_label_map` does, and where it lies."""
    return _load_placed_mask(existing_file(Path(path)), partial(read_label_picture, labels=labels))


def load_placed_structure(path: Path | str) -> tuple[np.ndarray, Geometry]:
    """Load the mask of one structure as displayed, int32, not 0 where the structure is, and where it lies.

    Of a palette picture the colours count, and an opacity (alpha) where it is the mask.

    Raises:
        ImageError: Missing, unreadable, coloured, or it cannot be told what is object and what is not.
    """
    return _load_placed_mask(existing_file(Path(path)), read_structure_picture)


def _load_placed_mask(path: Path, read: Callable[[Path], np.ndarray]) -> tuple[np.ndarray, Geometry]:
    if is_nifti(path):
        return read_label_nifti(path)
    if is_itk(path):
        return read_label_itk(path)
    mask = read(path)
    return mask, plain_geometry(mask.shape)
