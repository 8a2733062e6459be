"""NRRD and MetaImage, through SimpleITK: slices and volumes as 3D Slicer, ITK-SNAP and elastix write them."""

import re
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

LPS = "left-posterior-superior"
"""What ITK calls the space of an NRRD file that it has put into its own; all others it takes as they are."""

LENGTHS_MM = {"cm": 10.0, "m": 1000.0, "um": 0.001, "\N{MICRO SIGN}m": 0.001, "micron": 0.001, "microns": 0.001}
"""Units that ITK passes over, in mm; what is not here counts as mm."""

HEADER_BYTES = 1 << 16
"""Within which the header of an NRRD file ends."""

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
        length = _unit_mm(path)
    if values.dtype.kind != "f" and values.dtype.itemsize > 4:
        values = values.astype(np.float32)
    if values.ndim == 2:
        x, y = (step * length for step in image.GetSpacing())
        return values, replace(plain_geometry(values.shape, (1.0, y, x)), measured=True), (UNPLACED,)
    stored = values.transpose(2, 1, 0)
    states_space = not _is_nrrd(path) or (image.HasMetaDataKey("NRRD_space") and image.GetMetaData("NRRD_space") == LPS)
    geometry = displayed_geometry(np.diag([*[length] * 3, 1.0]) @ _affine(image), stored.shape, path.name)
    displayed = np.ascontiguousarray(geometry.to_displayed(stored))
    notes = () if states_space else (UNPLACED,)
    if not states_space:
        z, y, x = (step * length for step in reversed(image.GetSpacing()))
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


def _is_nrrd(path: Path) -> bool:
    return path.suffix.lower() in (".nrrd", ".nhdr")


def _unit_mm(path: Path) -> float:
    """The length that an NRRD file's numbers are multiples of, in mm: of its space, else of its axes."""
    if not _is_nrrd(path):
        return 1.0
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES).replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    units = re.search(r"^space units: *\"([^\"]*)\"|^units: *\"([^\"]*)\"", header, re.MULTILINE)
    return 1.0 if units is None else LENGTHS_MM.get((units[1] or units[2] or "").strip().lower(), 1.0)


def _affine(image: Any) -> np.ndarray:
    """(4, 4), stored (i, j, k) -> RAS+ mm; ITK's space is LPS."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
