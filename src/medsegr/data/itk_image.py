"""NRRD and MetaImage, through SimpleITK: slices and volumes as 3D Slicer, ITK-SNAP and elastix write them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from medsegr._optional import require
from medsegr.data.damage import damage_told
from medsegr.data.geometry import Geometry, displayed_geometry, plain_geometry
from medsegr.data.nifti import MAX_VOXELS, as_labels
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError

ITK_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd")

UNPLACED = "the file states no directions in the patient, so left and right are not known"


def is_itk(path: Path) -> bool:
    """True when the name says NRRD or MetaImage."""
    return path.name.lower().endswith(ITK_SUFFIXES)


def read_itk(path: Path) -> tuple[np.ndarray, Geometry, tuple[str, ...]]:
    """Read a slice or volume.

    Returns:
        (H, W) or (D, H, W) as displayed, in the file's own type, or float32; its geometry, and notes for the user.

    Raises:
        ImageError: Damaged, coloured, more than three axes, or too large.
        MissingExtraError: SimpleITK is not installed.
    """
    sitk = require("SimpleITK", "Reading NRRD and MetaImage", install='"medsegr[nrrd]"')
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    advice = ": it is damaged, truncated, sheared, or its data file is not beside it. Export it again, or as NIfTI."
    with damage_told(f"{path.name} cannot be read", advice):
        reader.ReadImageInformation()
        _check(reader, path.name)
        image = reader.Execute()
        values = sitk.GetArrayFromImage(image)
    if values.dtype.kind != "f" and values.dtype.itemsize > 4:
        values = values.astype(np.float32)
    if values.ndim == 2:
        x, y = image.GetSpacing()
        return values, replace(plain_geometry(values.shape, (1.0, y, x)), measured=True), (UNPLACED,)
    stored = values.transpose(2, 1, 0)
    states_space = path.suffix.lower() not in (".nrrd", ".nhdr") or "NRRD_space" in reader.GetMetaDataKeys()
    geometry = displayed_geometry(_affine(image), stored.shape, path.name)
    displayed = np.ascontiguousarray(geometry.to_displayed(stored))
    notes = () if states_space else (UNPLACED,)
    if not states_space:
        z, y, x = reversed(image.GetSpacing())
        displayed, geometry = values, replace(plain_geometry(values.shape, (z, y, x)), measured=True)
    return (displayed[0] if displayed.shape[0] == 1 else displayed), geometry, notes


def read_label_itk(path: Path) -> tuple[np.ndarray, Geometry]:
    """Read a label map as displayed, int32, and where it lies."""
    values, geometry, _ = read_itk(path)
    return as_labels(values, path.name), geometry


def _check(reader: Any, name: str) -> None:
    size = reader.GetSize()
    shape = [length for length in size if length > 1]
    if reader.GetNumberOfComponents() != 1 or len(shape) < 2 or len(size) > 3:
        raise ImageError(f"{name} has the shape {tuple(size)} of {reader.GetNumberOfComponents()} value(s); a grey "
                         "slice or volume with two or three axes was expected. Split it into files.")  # fmt: skip
    if int(np.prod(size, dtype=np.float64)) > MAX_VOXELS:
        raise ImageError(f"{name} announces {tuple(size)} voxels; up to {MAX_VOXELS:,} are read. Cut out a part of it.")
    height, width = sorted(shape)[-2:]
    check_size(height, width, name)


def _affine(image: Any) -> np.ndarray:
    """(4, 4), stored (i, j, k) -> RAS+ mm; ITK's space is LPS."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
