"""NIfTI slices and volumes (.nii, .nii.gz): read for display, write masks as the input was stored.

Volumes are shown in the planes that they were taken in, whatever the stored order: axial ones from the feet
upwards, the front at the top and the patient's left on the picture's right. Masks go back exactly. Voxels keep the
file's own type, so that a volume is in memory once, and not as floats.
Whether a file is compressed says its content, not its name, as for ITK and FSL.
"""

import dataclasses
import gzip
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import nibabel as nib
import numpy as np

from medsegr.data.geometry import Geometry, HasGeometry, StatedSpace, displayed_geometry
from medsegr.data.outputs import atomic_write
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError

NIFTI_SUFFIXES = (".nii.gz", ".nii")

MAX_VOXELS = 400_000_000
"""Most voxels of a volume that are decoded at all."""

MAX_LABEL = 1_000_000
"""Largest label value that is taken for one."""

UNIT_MM = {1: 1000.0, 3: 0.001}
"""NIfTI's codes of metres and microns -> mm; all else, also what is not stated, counts as mm."""

UNSTATED_ORIENTATION = "the file states no orientation (sform and qform codes are 0), so left and right are a guess"

MILLIMETRES = StatedSpace(units=2, unit_mm=1.0, sform_code=1, qform_code=1, qform=None)
"""What masks of pictures and arrays state."""

_UNHEARD = logging.Logger("medsegr.unheard")
"""For nibabel, which tells its own logger of a header's small faults, and that one standard error. It mends them."""
_UNHEARD.addHandler(logging.NullHandler())


def read_nifti(path: Path) -> tuple[np.ndarray, Geometry, tuple[str, ...]]:
    """Read a slice or volume.

    Returns:
        (H, W) for a single plane, else (D, H, W), as displayed; integers of up to 32 bits as they are stored, all
        else, also what the header's slope scales, as float32. Its geometry, and notes for the user.

    Raises:
        ImageError: Not NIfTI, truncated, RGB, more than three axes, or too large.
    """
    with opened_nifti(path) as image:
        _check_header(image, path.name)
        geometry = _geometry(image, path.name)
        try:
            displayed = geometry.to_displayed(_voxels(image.dataobj))
        except Exception as error:
            raise ImageError(
                f"{path.name} is truncated or damaged: its header announces {image.shape} voxels "
                "that cannot be read. Copy it again."
            ) from error
    states_orientation = any(int(image.header[code]) > 0 for code in ("sform_code", "qform_code"))
    notes = () if states_orientation else (UNSTATED_ORIENTATION,)
    return (displayed[0] if displayed.shape[0] == 1 else displayed), geometry, notes


def read_label_nifti(path: Path) -> tuple[np.ndarray, Geometry]:
    """Read a mask or label map as displayed, (H, W) or (D, H, W) int32, and where it lies.

    Raises:
        ImageError: Unreadable, or with values that are not whole.
    """
    voxels, geometry, _ = read_nifti(path)
    if voxels.dtype.kind == "f" and not all(map(_is_whole, voxels)):
        raise ImageError(f"{path.name} holds fractions; a mask holds whole label values. Threshold it first.")
    if max(-int(voxels.min()), int(voxels.max())) > MAX_LABEL:
        raise ImageError(f"{path.name} holds values beyond {MAX_LABEL}, no labels. Check the export.")
    return voxels.astype(np.int32), geometry


def _is_whole(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all())


def _voxels(stored: Any) -> np.ndarray:
    """A file's array, in memory once: as it is stored, or as floats that are scaled slab by slab."""
    kind, size = stored.dtype.kind, stored.dtype.itemsize
    if (stored.slope, stored.inter) == (1.0, 0.0) and size <= 4 and (kind in "iu" or (kind, size) == ("f", 4)):
        raw = stored.get_unscaled()
        return raw if raw.dtype.isnative else raw.byteswap(inplace=True).view(raw.dtype.newbyteorder())
    voxels = np.empty(stored.shape, np.float32, order="F")
    with np.errstate(over="ignore", invalid="ignore"):
        for slab in np.ndindex(*stored.shape[2:]):
            place = (..., *slab)
            voxels[place] = stored[place]
    return voxels


@contextmanager
def opened_nifti(path: Path) -> Iterator[Any]:
    """A NIfTI-1 or NIfTI-2 file as nibabel's image, whose voxels are read within the block.

    Raises:
        ImageError: Neither, or its header is damaged.
    """
    with path.open("rb") as file:
        is_compressed = file.peek(2)[:2] == b"\x1f\x8b"
        stream: IO[bytes] = gzip.GzipFile(fileobj=file) if is_compressed else file  # type: ignore[assignment]
        try:
            head = stream.read(nib.Nifti2Header.template_dtype.itemsize)
            stream.seek(0)
            kinds: list[Any] = [nib.Nifti1Image, nib.Nifti2Image]
            kind = next((kind for kind in kinds if kind.header_class.may_contain_header(head)), None)
            if kind is None:
                raise nib.filebasedimages.ImageFileError("neither NIfTI-1 nor NIfTI-2")
            header = kind.header_class.from_fileobj(stream, check=False)
            header.check_fix(_UNHEARD)
            image = kind(kind.ImageArrayProxy(stream, header, mmap=False), header.get_best_affine(), header)
        except Exception as error:
            raise ImageError(f"{path.name} is not a NIfTI file, or is damaged ({type(error).__name__}). "
                             "Export it again.") from error  # fmt: skip
        yield image


def write_nifti(path: Path, image: Any) -> None:
    """Write nibabel's image, whole or not at all; compressed where the name ends in .gz.

    Raises:
        OutputError: The place is not writable.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        if not path.name.lower().endswith(".gz"):
            image.to_stream(file)
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as compressed:
            image.to_stream(compressed)


def save_mask_nifti(path: Path | str, mask: np.ndarray, like: HasGeometry) -> None:
    """Write a mask with the shape, order, affine, unit and codes of the image's own file, as uint8 0 and 1.

    Args:
        path: Ends in .nii or .nii.gz; written whole or not at all.
        mask: (H, W) or (D, H, W) bool, as displayed.
        like: The image that the mask belongs to.

    Raises:
        ImageError: The mask's shape is not the image's.
        OutputError: The place is not writable.
    """
    path = Path(path)
    geometry = like.geometry
    mask = np.asarray(mask).astype(bool, copy=False)
    stored = geometry.to_stored(mask)
    affine, stated = geometry.affine, geometry.stated or MILLIMETRES
    if affine is None:  # a plain picture or array: columns, rows, planes are NIfTI's order
        stored = mask.transpose(1, 0) if mask.ndim == 2 else mask.transpose(2, 1, 0)
        z, y, x = geometry.spacing_mm
        affine = np.diag([-x, -y, z, 1.0])
    affine = np.diag([*[1 / stated.unit_mm] * 3, 1.0]) @ affine
    image = nib.Nifti1Image(stored.view(np.uint8), affine)
    image.set_sform(affine, code=stated.sform_code)
    image.set_qform(affine if stated.qform is None else stated.qform, code=stated.qform_code)
    image.header["xyzt_units"] = stated.units
    write_nifti(path, image)


def _geometry(image: Any, name: str) -> Geometry:
    """Place and display of a file, in mm whatever its unit."""
    header = image.header
    units = int(header["xyzt_units"])
    unit_mm = UNIT_MM.get(units & 7, 1.0)
    try:
        qform, qform_code = header.get_qform(coded=True)
    except (ValueError, nib.spatialimages.HeaderDataError):  # broken, and not what places the file
        qform, qform_code = None, 0
    stated = StatedSpace(units, unit_mm, int(header["sform_code"]), int(qform_code), qform)
    affine = np.diag([*[unit_mm] * 3, 1.0]) @ image.affine
    return dataclasses.replace(displayed_geometry(affine, image.shape, name), stated=stated)


def _check_header(image: Any, name: str) -> None:
    shape = image.shape
    if image.get_data_dtype().fields is not None:
        raise ImageError(f"{name} is a colour (RGB) NIfTI; grey was expected. Export it in grey, or as PNG.")
    if image.get_data_dtype().kind == "c":
        raise ImageError(f"{name} holds complex numbers; grey was expected. Export the magnitude.")
    if len(shape) < 2 or any(length != 1 for length in shape[3:]):
        raise ImageError(
            f"{name} has the shape {shape}; a slice or a volume with two or three axes was expected. "
            "Split time points or channels into files."
        )
    if min(shape) < 1 or int(np.prod(shape, dtype=np.float64)) > MAX_VOXELS:
        raise ImageError(f"{name} announces {shape} voxels; between 1 and {MAX_VOXELS:,} are read. "
                         "Cut out a part of it.")  # fmt: skip
    height, width = sorted(shape)[-2:]
    check_size(height, width, name)
