"""MedicalImage: voxels, their geometry, and what they show."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from medsegr.data.dicom.series import DicomSeries
from medsegr.data.geometry import Geometry
from medsegr.data.nifti import UNSTATED_ORIENTATION
from medsegr.view import Frame, Kinds, View

ROBUST_PERCENTILES = (0.5, 99.5)
"""Grey values of deep images between these percentiles become 0..1."""

SAMPLED = 2**24
"""Values that the percentiles of an image are taken of; of larger ones every so many-th value."""

DARKEST_UNIT_PICTURE = 1 / 256
"""Floats from 0 that reach this count as a picture in 0..1, however dark.

Any 8-bit picture that was divided by 255 reaches it. What does not would show as black in every
viewer, so it is taken for a map in physical units, such as diffusion in mm2/s (water: 0.003).
"""


@dataclass(frozen=True, eq=False)
class MedicalImage:
    """An image with its place in the patient, and what it shows.

    Attributes:
        voxels: (H, W), (H, W, 3), (D, H, W) or (D, H, W, 3), as displayed, in the file's own values: of CT in
            Hounsfield units.
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


def _sample(voxels: np.ndarray) -> np.ndarray:
    """All values of an image, or evenly spread ones, so that no copy of a volume is made."""
    step = -(-voxels.size // SAMPLED)
    if step == 1:
        return voxels
    while math.gcd(step, voxels.size) > 1:  # else the same columns would be taken of every row
        step += 1
    return np.concatenate([part.ravel()[place % step :: step] for place, part in enumerate(voxels)])
