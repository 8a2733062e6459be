"""MedicalImage: voxels, their geometry, and the modality; and how to load one."""

import math
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from medsegr.data.geometry import Geometry, plain_geometry
from medsegr.data.given_name import may_be_report
from medsegr.data.mask_picture import read_label_picture, read_structure_picture
from medsegr.data.nifti import NIFTI_SUFFIXES, UNSTATED_ORIENTATION, read_label_nifti, read_nifti
from medsegr.data.opacity import guessed_opacity, over_black
from medsegr.data.raster import RASTER_SUFFIXES, read_picture
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError
from medsegr.view import Frame, Kinds, View

MIN_SIDE = 8
"""Shortest side in px of an image in which anything could be found."""

IMAGE_SUFFIXES = (*RASTER_SUFFIXES, *NIFTI_SUFFIXES)

ROBUST_PERCENTILES = (0.5, 99.5)
"""Grey values of deep images between these percentiles become 0..1."""

SAMPLED = 2**24
"""Values that the percentiles of an image are taken of; of larger ones every so many-th value."""

DARKEST_UNIT_PICTURE = 1 / 256
"""Floats from 0 that reach this count as a picture in 0..1, however dark.

Any 8-bit picture that was divided by 255 reaches it. What does not would show as black in every
viewer, so it is taken for a map in physical units, such as diffusion in mm2/s (water: 0.003).
"""

ImageSource: TypeAlias = "Path | str | np.ndarray | Image.Image | MedicalImage"


@dataclass(frozen=True, eq=False)
class MedicalImage:
    """An image with its place in the patient, and what it shows.

    Attributes:
        voxels: (H, W), (H, W, 3) or (D, H, W), as displayed, in the file's own values.
        geometry: Place, orientation and spacing.
        modality: For example ``chest_xray``; None when unknown.
        path: The file it came from; None for arrays.
        notes: What the user should know about how it was read.
        view: What it shows, once somebody who knows kinds of pictures has said so; see :meth:`seen`.
    """

    voxels: np.ndarray
    geometry: Geometry
    modality: str | None = None
    path: Path | None = None
    notes: tuple[str, ...] = ()
    view: View = field(default_factory=View)

    def seen(self, kinds: Kinds, modality: str | None = None, frame: Frame | None = None) -> "MedicalImage":
        """The same image, with the view that it gives of the patient.

        Args:
            kinds: A lexicon.
            modality: Of the image; its own by default.
            frame: Whose left and right its data set says that it shows; by default what was said before, else as
                pictures of its modality do.
        """
        modality = modality or self.modality
        frame = frame or (None if self.view.placed else self.view.frame)
        affine = None if self.geometry.affine is None else self.geometry.displayed_affine()
        view = View.of(kinds.kind(modality), affine, frame, guessed=UNSTATED_ORIENTATION in self.notes)
        return replace(self, modality=modality, view=view)

    @property
    def is_volume(self) -> bool:
        """True for (D, H, W)."""
        return self.voxels.ndim == 3 and not self.is_colour

    @property
    def is_colour(self) -> bool:
        """True for (H, W, 3)."""
        return self.voxels.ndim == 3 and self.voxels.shape[-1] == 3

    @property
    def planes(self) -> int:
        """How many planes; 1 for a picture."""
        return self.voxels.shape[0] if self.is_volume else 1

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of a mask of this image: (H, W) or (D, H, W)."""
        return self.voxels.shape[:2] if self.is_colour else self.voxels.shape

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of a plane."""
        height, width = self.mask_shape[-2:]
        return height, width

    def plane(self, index: int = 0) -> np.ndarray:
        """One plane, (H, W) or (H, W, 3) float32 in 0..1.

        8-bit values are divided by 255. Deeper ones are scaled between the
        whole image's robust percentiles, so that all planes of a volume share
        one scale. Floats that already lie in 0..1 stay as they are, unless none
        reaches ``DARKEST_UNIT_PICTURE``: then they are scaled as deeper ones.
        """
        if not 0 <= index < self.planes:
            raise IndexError(f"plane {index} of an image with {self.planes}")
        values = self.voxels[index] if self.is_volume else self.voxels
        low, high = self._grey_range
        return np.clip((values.astype(np.float32) - low) / (high - low), 0.0, 1.0, dtype=np.float32)

    def only(self, index: int) -> "MedicalImage":
        """One plane of a volume as an image of its own, at its own place, with the grey values of :meth:`plane`."""
        return replace(self, voxels=self.plane(index), geometry=self.geometry.of_plane(index))

    @cached_property
    def _grey_range(self) -> tuple[float, float]:
        if self.voxels.dtype == np.uint8:
            return 0.0, 255.0
        lowest, highest = float(self.voxels.min()), float(self.voxels.max())
        if self.voxels.dtype.kind == "f" and lowest >= 0.0 and DARKEST_UNIT_PICTURE <= highest <= 1.0:
            return 0.0, 1.0
        low, high = (float(value) for value in np.percentile(_sample(self.voxels), ROBUST_PERCENTILES))
        return (low, high) if high > low else (lowest, highest)


def load_image(source: ImageSource, modality: str | None = None) -> MedicalImage:
    """Load an image from a file, an array or a PIL picture.

    Args:
        source: Path of a PNG, JPEG, TIFF, BMP or NIfTI file; or an array (H, W), (H, W, 3),
            (H, W, 4) with opacity last or (D, H, W), bool (shown as 0 and 255), uint8, wider
            integers or floats; or a PIL picture; or a MedicalImage.
        modality: Kept with the image.

    Raises:
        ImageError: It is missing, unreadable, too small, too large, constant or not finite.
    """
    if isinstance(source, MedicalImage):
        return source if modality is None else replace(source, modality=modality)
    path: Path | None = None
    geometry: Geometry | None = None
    if isinstance(source, np.ndarray):
        voxels, notes = _read_array(source)
    elif isinstance(source, Image.Image):
        _check_side(source.height, source.width, "The image")
        voxels, notes = read_picture(source)
    elif isinstance(source, (str, Path)):
        path = existing_file(Path(source))
        if is_nifti(path):
            voxels, geometry, notes = read_nifti(path)
            _check_side(voxels.shape[-2], voxels.shape[-1], path.name)
        else:
            voxels, notes = read_picture(path)
    else:
        raise ImageError(f"An image cannot be made from {type(source).__name__}. "
                         "Give a path, a NumPy array or a PIL picture.")  # fmt: skip
    _check_content(voxels, path.name if path else "The image")
    return MedicalImage(voxels, geometry or plain_geometry(_without_channels(voxels)), modality, path, notes)


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
    mask = read(path)
    return mask, plain_geometry(mask.shape)


def is_nifti(path: Path) -> bool:
    """True when the name says NIfTI."""
    return path.name.lower().endswith(NIFTI_SUFFIXES)


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
        raise ImageError(f"{path.name} is DICOM, not supported yet by this version. Convert it to NIfTI.")
    if not path.name.lower().endswith(IMAGE_SUFFIXES):
        raise ImageError(f"{path.name} has an unknown kind of name; known are {', '.join(IMAGE_SUFFIXES)}. "
                         "Convert or rename it.")  # fmt: skip
    return path


def _read_array(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    if array.dtype.kind not in "buif":
        raise ImageError(f"The array holds {array.dtype}; real numbers were expected.")
    if array.ndim not in (2, 3) or not array.size:
        raise ImageError(f"The array has the shape {array.shape}; expected (H, W), (H, W, 3), (H, W, 4) "
                         "or (D, H, W), none of them 0.")  # fmt: skip
    has_channels = array.ndim == 3 and array.shape[-1] in (1, 3, 4)
    height, width = array.shape[:2] if has_channels else array.shape[-2:]
    check_size(height, width, "The array")
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    notes: tuple[str, ...] = ()
    if has_channels and array.shape[-1] == 4:
        array, notes = over_black(array[..., :3], guessed_opacity(array[..., 3]))
        array = array[..., 0] if bool((array == array[..., :1]).all()) else array
    elif has_channels and array.shape[-1] == 1:
        array = array[..., 0]
    with np.errstate(over="ignore"):
        return np.array(array if array.dtype.kind != "f" else array.astype(np.float32)), notes


def _sample(voxels: np.ndarray) -> np.ndarray:
    """All values of an image, or evenly spread ones, so that no copy of a volume is made."""
    step = -(-voxels.size // SAMPLED)
    if step == 1:
        return voxels
    while math.gcd(step, voxels.size) > 1:  # else the same columns would be taken of every row
        step += 1
    return np.concatenate([part.ravel()[place % step :: step] for place, part in enumerate(voxels)])


def _without_channels(voxels: np.ndarray) -> tuple[int, ...]:
    return voxels.shape[:2] if voxels.ndim == 3 and voxels.shape[-1] == 3 else voxels.shape


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
