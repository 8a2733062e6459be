"""Load an image, from whatever holds one."""

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from medsegr.data.array_picture import read_array
from medsegr.data.dicom.files import dicom_source
from medsegr.data.dicom.reader import chosen_stack, list_stacks, read_stack
from medsegr.data.dicom.stacks import Stack
from medsegr.data.geometry import Geometry, plain_geometry
from medsegr.data.given_name import may_be_report
from medsegr.data.itk_image import ITK_SUFFIXES, is_itk, read_itk
from medsegr.data.medical_image import MedicalImage
from medsegr.data.nifti import NIFTI_SUFFIXES, PAIRS, read_nifti
from medsegr.data.raster import RASTER_SUFFIXES, read_picture
from medsegr.errors import ImageError

MIN_SIDE = 8
"""Shortest side in px of an image in which anything could be found."""

PAIR_SUFFIXES = tuple(name for pair in PAIRS.items() for name in pair)

IMAGE_SUFFIXES = (*RASTER_SUFFIXES, *NIFTI_SUFFIXES)

ImageSource: TypeAlias = "Path | str | np.ndarray | Image.Image | MedicalImage | Stack"


def load_image(source: ImageSource, modality: str | None = None) -> MedicalImage:
    """Load an image from a file, a DICOM series, an array or a PIL picture.

    Args:
        source: Path of a PNG, JPEG, TIFF, BMP, NIfTI, NRRD, MetaImage or DICOM file, or of a folder, zip archive or
            DICOMDIR that holds one DICOM series; of several, one is named behind a ``#`` by its number or its UID
            (``study.zip#2``). Or one of :func:`medsegr.data.dicom.reader.list_stacks`; or an array (H, W),
            (H, W, 3), (H, W, 4) with opacity last or (D, H, W), bool (shown as 0 and 255), uint8, wider
            integers or floats; or a PIL picture; or a MedicalImage.
        modality: Kept with the image; by default what a DICOM header says.

    Raises:
        ImageError: It is missing, unreadable, too small, too large, constant or not finite; or a folder holds
            several images, which are then listed.
    """
    if isinstance(source, MedicalImage):
        return source if modality is None else replace(source, modality=modality)
    if isinstance(source, Stack):
        return _of_stack(source, modality)
    if isinstance(source, (str, Path)) and (named := dicom_source(source)) is not None:
        return _of_stack(chosen_stack(list_stacks(named[0]), *named), modality)
    path: Path | None = None
    geometry: Geometry | None = None
    if isinstance(source, np.ndarray):
        voxels, notes = read_array(source)
    elif isinstance(source, Image.Image):
        _check_side(source.height, source.width, "The image")
        voxels, notes = read_picture(source)
    elif isinstance(source, (str, Path)):
        path = existing_file(Path(source))
        if is_nifti(path) or is_itk(path):
            voxels, geometry, notes = (read_nifti if is_nifti(path) else read_itk)(path)
            _check_side(voxels.shape[-2], voxels.shape[-1], path.name)
        else:
            voxels, notes = read_picture(path)
    else:
        raise ImageError(f"An image cannot be made from {type(source).__name__}. "
                         "Give a path, a NumPy array or a PIL picture.")  # fmt: skip
    _check_content(voxels, path.name if path else "The image")
    return MedicalImage(voxels, geometry or plain_geometry(_without_channels(voxels)), modality, path, notes)


def load_series(path: Path | str, modality: str | None = None) -> list[MedicalImage]:
    """Load all images of a DICOM file, folder, archive or DICOMDIR: of every study, series, direction and time.

    To read one at a time, or to go on after one that cannot be read, take
    :func:`medsegr.data.dicom.reader.list_stacks` and :func:`load_image`.

    Raises:
        ImageError: There is none, or one of them cannot be read.
    """
    if may_be_report(path):
        existing_file(Path(path))
    return [_of_stack(stack, modality) for stack in list_stacks(Path(path))]


def _of_stack(stack: Stack, modality: str | None) -> MedicalImage:
    image = read_stack(stack)
    _check_content(image.voxels, stack.first.file.path.name)
    return image if modality is None else replace(image, modality=modality)


def is_nifti(path: Path) -> bool:
    """True when the name says NIfTI, in one file or in two."""
    return path.name.lower().endswith((*NIFTI_SUFFIXES, *PAIR_SUFFIXES))


def existing_file(path: Path) -> Path:
    """Refuse what is not a readable image file by name and first bytes.

    Raises:
        ImageError: Missing, a folder, empty, DICOM, or of an unknown kind.
    """
    if may_be_report(path):
        raise ImageError(
            "The image file that was given does not exist (its name is not repeated, for it may be a report). "
            "Check the names and the order of what was given."
        )
    try:
        if path.is_dir():
            raise ImageError(f"{path} is a folder; an image file was expected. Name the files in it.")
        if not path.exists():
            raise ImageError(f"{path} does not exist. Check the name.")
        with path.open("rb") as file:
            head = file.read(132)
    except OSError as error:
        raise ImageError(f"{path} cannot be opened ({error.strerror}). Check permissions.") from error
    if not head:
        raise ImageError(f"{path.name} is empty (0 bytes). Copy or export it again.")
    if path.suffix.lower() in (".dcm", ".dicom") or head[128:] == b"DICM":
        raise ImageError(f"{path.name} is DICOM; a picture or NIfTI was expected here. Convert it to one of them.")
    if not path.name.lower().endswith((*IMAGE_SUFFIXES, *PAIR_SUFFIXES, *ITK_SUFFIXES)):
        raise ImageError(f"{path.name} has an unknown kind of name; known are {', '.join(IMAGE_SUFFIXES)}. "
                         "Convert or rename it.")  # fmt: skip
    return path


def _without_channels(voxels: np.ndarray) -> tuple[int, ...]:
    return voxels.shape[:-1] if voxels.ndim > 2 and voxels.shape[-1] == 3 else voxels.shape


def _check_content(voxels: np.ndarray, name: str) -> None:
    height, width = _without_channels(voxels)[-2:]
    _check_side(height, width, name)
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise ImageError(f"{name} holds values that are not finite (NaN or infinite). Replace them first.")
    if voxels.min() == voxels.max():
        raise ImageError(f"{name} is constant: all pixels have the same value. Check the export.")


def _check_side(height: int, width: int, name: str) -> None:
    if min(height, width) < MIN_SIDE:
        raise ImageError(
            f"{name} is {width} x {height} px, too small to find anything in; at least {MIN_SIDE} a side are needed."
        )
