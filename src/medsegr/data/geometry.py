"""Where voxels lie in the patient, and how the stored array becomes the displayed one.

Two index spaces: *stored* is the file's own array, *displayed* is ours: planes,
rows, columns, as a radiologist looks at it. Between them only axes are
swapped and reversed, never resampled, so the way back is exact.
"""

import itertools
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from medsegr.errors import ImageError

DISPLAY_CODES = {2: "SPL", 1: "AIL", 0: "RIP"}
"""Plane's patient axis (0 right, 1 anterior, 2 superior) -> where planes, rows and columns run to.

Axial: planes upwards, rows to the back, columns to the patient's left.
Coronal: rows downwards, columns to the patient's left.
Sagittal: rows downwards, columns to the back.
"""

CLEARLY_LARGEST = 1.1
"""Times that one side of a voxel exceeds the two others before a volume counts as taken in slices across it."""

PLACE_TOLERANCE = 0.25
"""Share of the shortest voxel side by which the places of two images may differ: rounding of headers, never a voxel."""


@dataclass(frozen=True)
class StatedUnits:
    """The units of a NIfTI file, which its masks state as well.

    Attributes:
        code: The header's ``xyzt_units``, of length and of time.
        length_mm: The unit of length in mm.
    """

    code: int
    length_mm: float


@dataclass(frozen=True, eq=False)
class Geometry:
    """Place and orientation of an image.

    Attributes:
        affine: (4, 4) float64, stored voxel (i, j, k) -> patient, RAS+, mm; None for plain pictures.
        spacing_mm: Distance of neighbours along displayed (z, y, x); 1.0 where nobody stated it.
        stored_shape: Shape of the stored array, without channels.
        axes: Stored axis behind displayed plane, row and column.
        flips: True where the displayed axis runs against the stored one.
        units: Those of the file, where it is NIfTI.
        directions: (4, 4) float64, stored (i, j, k) -> RAS+, of a picture whose place is not known but whose
            directions are, such as a radiograph; its origin means nothing.
        measured: True where ``spacing_mm`` is stated although the place is not.
    """

    affine: np.ndarray | None
    spacing_mm: tuple[float, float, float]
    stored_shape: tuple[int, ...] = field(default=())
    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)
    units: StatedUnits | None = None
    directions: np.ndarray | None = None
    measured: bool = False

    @property
    def spacing_known(self) -> bool:
        """True when ``spacing_mm`` comes from the file and not from our default."""
        return self.affine is not None or self.measured

    @property
    def is_directed(self) -> bool:
        """True where it is known which way the axes run in the patient."""
        return self.affine is not None or self.directions is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of a single plane, else (D, H, W), as displayed."""
        depth, height, width = (_three(self.stored_shape)[axis] for axis in self.axes)
        return (height, width) if depth == 1 else (depth, height, width)

    def to_displayed(self, stored: np.ndarray) -> np.ndarray:
        """Stored array -> (D, H, W), planes, rows and columns as displayed."""
        return self._flipped(stored.reshape(_three(self.stored_shape)).transpose(self.axes))

    def to_stored(self, displayed: np.ndarray) -> np.ndarray:
        """(H, W) or (D, H, W) as displayed -> the stored array's shape and order; inverse of the above.

        Raises:
            ImageError: The shape does not belong to this geometry.
        """
        volume = displayed[None] if displayed.ndim == 2 else displayed
        three = _three(self.stored_shape)
        expected = tuple(three[axis] for axis in self.axes)
        if volume.shape != expected:
            raise ImageError(
                f"The mask has the shape {displayed.shape}; the image's planes, rows and columns "
                f"are {expected}. Give a mask of the image's own shape."
            )
        return np.ascontiguousarray(self.stored_view(volume).reshape(self.stored_shape))

    def stored_view(self, displayed: np.ndarray) -> np.ndarray:
        """A view of a displayed array, (D, H, W) or (D, H, W, C), in stored order: what is written to it is in both."""
        axes = (*(int(axis) for axis in np.argsort(self.axes)), *range(3, displayed.ndim))
        return self._flipped(displayed).transpose(axes)

    def _flipped(self, displayed: np.ndarray) -> np.ndarray:
        return displayed[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def displayed_affine(self) -> np.ndarray:
        """(4, 4) float64, displayed (z, y, x) -> patient RAS+ mm; plain pictures lie as an axial plane."""
        affine = self.directions if self.affine is None else self.affine
        if affine is None:
            z, y, x = self.spacing_mm
            return np.array([[0, 0, -x, 0], [0, -y, 0, 0], [z, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float64)
        from nibabel.orientations import inv_ornt_aff

        places = np.argsort(self.axes)  # of each stored axis among the displayed ones
        signs = np.where(self.flips, -1, 1)[places]
        return affine @ inv_ornt_aff(np.column_stack([places, signs]), _three(self.stored_shape))

    def of_plane(self, index: int) -> "Geometry":
        """Where one displayed plane lies, as an image of that single plane."""
        three, axis = list(_three(self.stored_shape)), self.axes[0]
        place = three[axis] - 1 - index if self.flips[0] else index
        three[axis] = 1
        affine = None
        if self.affine is not None:
            affine = self.affine.copy()
            affine[:3, 3] += affine[:3, axis] * place
        return replace(self, affine=affine, stored_shape=tuple(three))

    def voxel_to_patient(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) displayed (z, y, x), voxel centres whole -> (N, 3) RAS+ mm."""
        affine = self.displayed_affine()
        return np.asarray(points, dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3]

    def agrees_with(self, other: "Geometry") -> bool:
        """False where another image of the same shape lies elsewhere, so that its voxels are not this one's.

        Compared are the corners as displayed, so the stored order may differ.
        True where either place is unknown.
        """
        if self.affine is None or other.affine is None:
            return True
        last = (1, *self.shape)[-3:]
        corners = np.array(list(itertools.product(*((0, length - 1) for length in last))))
        distances = np.linalg.norm(self.voxel_to_patient(corners) - other.voxel_to_patient(corners), axis=1)
        return bool(distances.max() <= PLACE_TOLERANCE * min(self.spacing_mm))


class HasGeometry(Protocol):
    """Anything that knows its geometry, such as a ``MedicalImage``."""

    @property
    def geometry(self) -> Geometry: ...


def plain_geometry(shape: tuple[int, ...], spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Geometry:
    """Geometry of a picture or array without a known place: displayed as stored.

    The shape is (H, W) or (D, H, W), without channels; the spacing that of (z, y, x).
    """
    # A picture's one plane comes first; its stored array has none, hence the order below.
    return Geometry(None, spacing_mm, shape, (2, 0, 1) if len(shape) == 2 else (0, 1, 2))


def displayed_geometry(
    affine: np.ndarray, stored_shape: tuple[int, ...], name: str = "the image", *, across: int | None = None
) -> Geometry:
    """Choose the display of a stored array by its affine.

    Volumes are displayed in the planes in which they were taken: those across the axis of the largest spacing, and
    axial ones where no spacing is clearly the largest. An array with one single plane is displayed in that plane, be
    it axial, coronal or sagittal. Oblique axes count as the patient axis that nibabel finds nearest.

    Args:
        affine: (4, 4), stored voxel -> patient RAS+ mm.
        stored_shape: Two or three axes; further ones must be 1.
        name: Of the image, for messages.
        across: Stored axis along which slices were taken, where the format says so.

    Raises:
        ImageError: The affine is not finite or cannot be inverted.
    """
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

    affine = np.asarray(affine, dtype=np.float64)
    volume = np.prod(np.linalg.norm(affine[:3, :3], axis=0))
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-9 * volume:
        raise ImageError(
            f"The affine of {name} cannot be inverted, so left and right are unknown. "
            "Write the file again with a valid sform or qform."
        )
    nearest = io_orientation(affine)
    stacked = _across(affine, _three(stored_shape)) if across is None else across
    plane_axis = 2 if stacked is None else int(nearest[stacked, 0])
    displayed, signs = ornt_transform(nearest, axcodes2ornt(DISPLAY_CODES[plane_axis])).T
    planes, rows, columns = axes = [int(axis) for axis in np.argsort(displayed)]
    flip_z, flip_y, flip_x = (bool(signs[axis] < 0) for axis in axes)
    z, y, x = (float(np.linalg.norm(affine[:3, axis])) for axis in axes)
    return Geometry(affine, (z, y, x), stored_shape, (planes, rows, columns), (flip_z, flip_y, flip_x))


def is_sheared(affine: np.ndarray) -> bool:
    """True where an affine's axes are not at right angles (a tilted gantry), beyond rounding: 0.006 degrees."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() > 1e-4)


def _across(affine: np.ndarray, shape: tuple[int, int, int]) -> int | None:
    """The stored axis along which slices were taken; None where nothing tells."""
    single = [axis for axis in range(3) if shape[axis] == 1]
    if single:
        return single[0] if len(single) == 1 else None
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    second, largest = np.sort(lengths)[1:]
    return int(lengths.argmax()) if largest > CLEARLY_LARGEST * second else None


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The first three axes' lengths; a missing third is one plane."""
    padded = (*shape, 1, 1, 1)
    return padded[0], padded[1], padded[2]
