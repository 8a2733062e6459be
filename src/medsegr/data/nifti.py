"""NIfTI slices and volumes (.nii, .nii.gz), read for display; ``nifti_masks`` writes masks as the input was stored.

Volumes are shown in the planes that they were taken in, whatever the stored order: axial ones from the feet
upwards, the front at the top and the patient's left on the picture's right. Masks go back exactly. Voxels keep the
file's own type, so that a volume is in memory once, and not as floats.
Whether a file is compressed says its content, not its name, as for ITK and FSL.
"""

import dataclasses
import gzip
import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from medsegr.data.damage import damage_told
from medsegr.data.geometry import PLACE_TOLERANCE, Geometry, StatedUnits, displayed_geometry
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError

NIFTI_SUFFIXES = (".nii.gz", ".nii")

PAIRS = {".hdr.gz": ".img.gz", ".hdr": ".img"}
"""Names of the header and of the voxels of a volume in two files; either may be given."""

MAX_VOXELS = 400_000_000
"""Most voxels of a volume that are decoded at all."""

MAX_LABEL = 1_000_000
"""Largest label value that is taken for one."""

UNIT_MM = {1: 1000.0, 3: 0.001}
"""NIfTI's codes of metres and microns -> mm; all else, also what is not stated, counts as mm."""

UNSTATED_ORIENTATION = "the file states no orientation (sform and qform codes are 0), so left and right are a guess"

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
    return (displayed[0] if displayed.shape[0] == 1 else displayed), geometry, _notes(image, geometry)


def read_label_nifti(path: Path) -> tuple[np.ndarray, Geometry]:
    """Read a mask or label map as displayed, (H, W) or (D, H, W) int32, and where it lies.

    Raises:
        ImageError: Unreadable, or with values that are not whole.
    """
    voxels, geometry, _ = read_nifti(path)
    return as_labels(voxels, path.name), geometry


def as_labels(voxels: np.ndarray, name: str) -> np.ndarray:
    """Values of a mask or label map as int32.

    Raises:
        ImageError: They are not whole, or too large for labels.
    """
    if voxels.dtype.kind == "f" and not all(map(_is_whole, voxels)):
        raise ImageError(f"{name} holds fractions; a mask holds whole label values. Threshold it first.")
    if max(-int(voxels.min()), int(voxels.max())) > MAX_LABEL:
        raise ImageError(f"{name} holds values beyond {MAX_LABEL}, no labels. Check the export.")
    return voxels.astype(np.int32)


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
    import nibabel as nib

    head_path, voxel_path = _two_files(path)
    with _unpacked(head_path) as stream, _unpacked(voxel_path) as voxels:
        with damage_told(f"{path.name} is not a NIfTI file, or is damaged", ". Export it again."):
            head = stream.read(nib.Nifti2Header.template_dtype.itemsize)
            stream.seek(0)
            kinds: list[Any] = [nib.Nifti1Image, nib.Nifti2Image]
            if head_path != voxel_path:
                kinds = [nib.Nifti1Pair, nib.Nifti2Pair]
            kind = next((kind for kind in kinds if kind.header_class.may_contain_header(head)), None)
            if kind is None:
                raise nib.filebasedimages.ImageFileError("neither NIfTI-1 nor NIfTI-2")
            header = kind.header_class.from_fileobj(stream, check=False)
            header.check_fix(_UNHEARD)
            image = kind(kind.ImageArrayProxy(voxels, header, mmap=False), header.get_best_affine(), header)
        yield image


def _two_files(path: Path) -> tuple[Path, Path]:
    """The files of the header and of the voxels: the same one, unless the name says that there are two."""
    for head, voxels in PAIRS.items():
        suffix = next((each for each in (head, voxels) if path.name.lower().endswith(each)), None)
        if suffix is not None:
            stem = path.name[: -len(suffix)]
            other = path.with_name(stem + (voxels if suffix == head else head))
            if not other.is_file():
                raise ImageError(f"{path.name} is one half of a NIfTI pair; {other.name} is not beside it.")
            return (path, other) if suffix == head else (other, path)
    return path, path


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        is_compressed = file.peek(2)[:2] == b"\x1f\x8b"
        yield gzip.GzipFile(fileobj=file) if is_compressed else file  # type: ignore[misc]


def _geometry(image: Any, name: str) -> Geometry:
    """Place and display of a file, in mm whatever its unit."""
    units = int(image.header["xyzt_units"])
    length_mm = UNIT_MM.get(units & 7, 1.0)
    affine = np.diag([*[length_mm] * 3, 1.0]) @ image.affine
    return dataclasses.replace(displayed_geometry(affine, image.shape, name), units=StatedUnits(units, length_mm))


def _notes(image: Any, geometry: Geometry) -> tuple[str, ...]:
    """What is doubtful about a file's place: no form at all, or two that say different things."""
    from nibabel.affines import apply_affine
    from nibabel.spatialimages import HeaderDataError

    header = image.header
    if not any(int(header[code]) > 0 for code in ("sform_code", "qform_code")):
        return (UNSTATED_ORIENTATION,)
    try:
        forms = [header.get_sform(coded=True), header.get_qform(coded=True)]
    except (ValueError, HeaderDataError):  # a broken qform, which is not what places the file
        return ()
    if any(code == 0 for _, code in forms):
        return ()
    unit = StatedUnits(0, 1.0) if geometry.units is None else geometry.units
    corners = np.array(list(itertools.product(*((0, length - 1) for length in (*image.shape, 1)[:3]))))
    sform, qform = (apply_affine(form, corners) * unit.length_mm for form, _ in forms)
    apart = float(np.linalg.norm(sform - qform, axis=1).max())
    if apart <= PLACE_TOLERANCE * min(geometry.spacing_mm):
        return ()
    return (f"its sform and qform place it up to {apart:.3g} mm apart; the sform counts, and masks state it in both",)


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
