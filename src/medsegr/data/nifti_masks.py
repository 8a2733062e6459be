"""NIfTI written: masks as the image that they belong to was stored, sform = qform."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medsegr.data.geometry import HasGeometry, StatedUnits, is_sheared
from medsegr.data.outputs import atomic_write

MILLIMETRES = StatedUnits(code=2, length_mm=1.0)
"""What masks of pictures, arrays and DICOM state."""

STACK, LABEL_MAP = "masks.nii.gz", "label_map.nii.gz"
"""Names of the files that hold all masks of a case."""


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
    """Write a mask with the shape, order, affine and units of the image's own file, as uint8 0 and 1.

    Its sform and its qform are the affine that the image was read by, both with code 1, so that all readers place it
    alike. A qform holds no shear: the mask of a sheared image has a qform of code 0, that is none.

    Args:
        path: Ends in .nii or .nii.gz; written whole or not at all.
        mask: (H, W) or (D, H, W) bool, as displayed.
        like: The image that the mask belongs to.

    Raises:
        ImageError: The mask's shape is not the image's.
        OutputError: The place is not writable.
    """
    write_nifti(Path(path), _mask_image(_stored(np.asarray(mask, bool), like).astype(np.uint8), like))


def save_masks_nifti(path: Path | str, masks: Sequence[np.ndarray], like: HasGeometry) -> None:
    """Write several masks of an image into one file of four axes, uint8 0 and 1; the last axis counts the masks.

    One mask after the other is laid out, so no second copy of all of them is held.

    Raises:
        ImageError: A mask's shape is not the image's.
        OutputError: The place is not writable.
    """
    path = Path(path)
    shape = (*_stored(masks[0], like).shape, 1, 1)[:3]
    empty = _mask_image(np.broadcast_to(np.uint8(0), (*shape, len(masks))), like)
    head = empty.header.copy()
    head["vox_offset"], head["magic"] = head.single_vox_offset, head.single_magic
    with (
        atomic_write(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as file,
    ):
        file.write(head.binaryblock + bytes(4))
        for mask in masks:
            file.write(_stored(np.asarray(mask, bool), like).astype(np.uint8).tobytes(order="F"))


def save_values_nifti(path: Path | str, values: np.ndarray, like: HasGeometry) -> None:
    """Write labels or grey values as :func:`save_mask_nifti` writes a mask; uint8, or uint16 for more than 255."""
    stored = _stored(values, like)
    write_nifti(Path(path), _mask_image(stored.astype(np.uint8 if stored.max() < 256 else np.uint16), like))


def _stored(mask: np.ndarray, like: HasGeometry) -> np.ndarray:
    """A mask in the order of the image's file; a picture's or array's is columns, rows, planes, as NIfTI has them."""
    mask = np.asarray(mask)
    if like.geometry.affine is not None:
        return like.geometry.to_stored(mask)
    if mask.shape != like.geometry.shape:
        like.geometry.to_stored(mask)
    return mask.transpose(1, 0) if mask.ndim == 2 else mask.transpose(2, 1, 0)


def _mask_image(stored: np.ndarray, like: HasGeometry) -> Any:
    """nibabel's image of a stored mask: sform = qform, both code 1, but no qform where the affine is sheared."""
    import nibabel as nib

    affine, units = like.geometry.affine, like.geometry.units or MILLIMETRES
    if affine is None:
        z, y, x = like.geometry.spacing_mm
        affine = np.diag([-x, -y, z, 1.0])
    affine = np.diag([*[1 / units.length_mm] * 3, 1.0]) @ affine
    image = nib.Nifti1Image(stored, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=0 if is_sheared(affine) else 1)
    image.header["xyzt_units"] = units.code
    return image


def flattened(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Masks -> one label map, from 1 in their order; where several meet, the smallest keeps its label."""
    labels = np.zeros(masks[0].shape, np.uint16)
    for number in sorted(range(len(masks)), key=lambda number: -int(masks[number].sum())):
        labels[masks[number]] = number + 1
    return labels
