"""MedicalImage: voxels, their geometry, and the modality; and how to load one."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from medsegr.data.array_picture import read_array
from medsegr.data.dicom.files import dicom_source
from medsegr.data.dicom.reader import chosen_stack, list_stacks, read_stack
from medsegr.data.dicom.series import DicomSeries
from medsegr.data.dicom.stacks import Stack
from medsegr.data.geometry import Geometry, plain_geometry
from medsegr.data.given_name import may_be_report
from medsegr.data.itk_image import ITK_SUFFIXES, is_itk, read_itk
from medsegr.data.nifti import NIFTI_SUFFIXES, PAIRS, UNSTATED_ORIENTATION, read_nifti
from medsegr.data.raster import RASTER_SUFFIXES, read_picture
from medsegr.errors import ImageError
from medsegr.view import Frame, Kinds, View

MIN_SIDE = 8
"""Shortest side in px of an image in which anything could be found."""

PAIR_SUFFIXES = tuple(name for pair in PAIRS.items() for name in pair)

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

ImageSource: TypeAlias = "Path | str | np.ndarray | Image.Image | MedicalImage | Stack"


@dataclass(frozen=True, eq=False)
class MedicalImage:
    """An image with its place in the patient, and what it shows.

    Attributes:
        voxels: (H, W), (H, W, 3), (D, H, W) or (D, H, W, 3), as displayed, in the file's own values: of CT in
            Hounsfield units.
        geometry: Place, orientation and spacing.
        modality: For example ``chest_xray``; None when unknown.
        path: The file it came from; None for arrays.
        notes: What the user should know about how it was read.
        view: What it shows, once somebody who knows kinds of pictures has said so; see :meth:`seen`.
        window: The values that are shown black and white; white is the smaller one where small values are bright.
            None where the values themselves decide.
        dicom: The headers that it came from, where it is DICOM.
    """

    voxels: np.ndarray
    geometry: Geometry
    modality: str | None = None
    path: Path | None = None
    notes: tuple[str, ...] = ()
    view: View = field(default_factory=View)
    window: tuple[float, float] | None = None
    dicom: DicomSeries | None = None

    def seen(self, kinds: Kinds, modality: str | None = None, frame: Frame | None = None) -> "MedicalImage":
        """The same image, with the view that it gives of the patient.

        Args:
            modality: Of the image; its own by default.
            frame: Whose left and right its data set says that it shows; by default what was said before, else as
                pictures of its modality do.
        """
        modality = modality or self.modality
        frame = frame or (None if self.view.placed else self.view.frame)
        affine = self.geometry.displayed_affine() if self.geometry.is_directed else None
        view = View.of(kinds.kind(modality), affine, frame, guessed=UNSTATED_ORIENTATION in self.notes)
        return replace(self, modality=modality, view=view)

    @property
    def is_volume(self) -> bool:
        """True for (D, H, W) and (D, H, W, 3)."""
        return self.voxels.ndim - self.is_colour == 3

    @property
    def is_colour(self) -> bool:
        """True where red, green and blue are the last axis."""
        return self.voxels.ndim > 2 and self.voxels.shape[-1] == 3

    @property
    def planes(self) -> int:
        """How many planes; 1 for a picture."""
        return self.voxels.shape[0] if self.is_volume else 1

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of a mask of this image: (H, W) or (D, H, W)."""
        return self.voxels.shape[:-1] if self.is_colour else self.voxels.shape

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of a plane."""
        height, width = self.mask_shape[-2:]
        return height, width

    def plane(self, index: int = 0, neighbours: bool = False) -> np.ndarray:
        """One plane, (H, W) or (H, W, 3) float32 in 0..1.

        With ``neighbours`` a grey volume's plane has three channels: the plane before it, itself, and the one behind
        it, as displayed (of axial planes: below, itself, above). The first and the last plane stand for what is not
        there. Pictures and colours are what they are without.

        Values between those of the window become 0..1, if there is one. Else
        8-bit values are divided by 255. Deeper ones are scaled between the
        whole image's robust percentiles, so that all planes of a volume share
        one scale. Floats that already lie in 0..1 stay as they are, unless none
        reaches ``DARKEST_UNIT_PICTURE``: then they are scaled as deeper ones.
        """
        if not 0 <= index < self.planes:
            raise IndexError(f"plane {index} of an image with {self.planes}")
        if neighbours and self.is_volume and not self.is_colour:
            around = (max(index - 1, 0), index, min(index + 1, self.planes - 1))
            return np.stack([self.plane(each) for each in around], axis=-1)
        values = self.voxels[index] if self.is_volume else self.voxels
        low, high = self.grey_range
        return np.clip((values.astype(np.float32) - low) / (high - low), 0.0, 1.0, dtype=np.float32)

    def only(self, index: int, neighbours: bool = False) -> "MedicalImage":
        """One plane of a volume as an image of its own, at its own place, with the values of :meth:`plane`."""
        voxels = self.plane(index, neighbours)
        return replace(self, voxels=voxels, geometry=self.geometry.of_plane(index), window=(0.0, 1.0))

    @cached_property
    def grey_range(self) -> tuple[float, float]:
        """The values that :meth:`plane` shows as 0 and 1."""
        if self.window is not None:
            return self.window
        if self.voxels.dtype == np.uint8:
            return 0.0, 255.0
        lowest, highest = float(self.voxels.min()), float(self.voxels.max())
        if self.voxels.dtype.kind == "f" and lowest >= 0.0 and DARKEST_UNIT_PICTURE <= highest <= 1.0:
            return 0.0, 1.0
        low, high = (float(value) for value in np.percentile(_sample(self.voxels), ROBUST_PERCENTILES))
        return (low, high) if high > low else (lowest, highest)


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
    content = read_stack(stack)
    path = stack.first.file.path
    _check_content(content.voxels, path.name)
    return MedicalImage(
        content.voxels,
        content.geometry,
        modality or content.modality,
        path,
        content.notes,
        window=content.window,
        dicom=content.series,
    )


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


def _sample(voxels: np.ndarray) -> np.ndarray:
    """All values of an image, or evenly spread ones, so that no copy of a volume is made."""
    step = -(-voxels.size // SAMPLED)
    if step == 1:
        return voxels
    while math.gcd(step, voxels.size) > 1:  # else the same columns would be taken of every row
        step += 1
    return np.concatenate([part.ravel()[place % step :: step] for place, part in enumerate(voxels)])


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
