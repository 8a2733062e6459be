"""How far apart the outlines of two masks are: normalised surface Dice (NSD) and HD95.

Distances are in mm where the spacing is known, else in pixels; figures of the two are never mixed.
An outline holds the pixels of a mask with a neighbour outside of it (the picture's rim counts as
outside). Where only one of mask and truth is empty, a miss or a false alarm, NSD is 0 and HD95 the
diagonal of the image, so that nothing is dropped as undefined; where both are empty, NSD is 1 and
HD95 0.

Source: S. Nikolov et al., "Clinically applicable segmentation of head and neck anatomy", JMIR 2021 (NSD).
Outlines and percentiles are MONAI's, and so are the figures (a test compares them).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from medsegr.errors import ConfigError

Unit = Literal["mm", "px"]
Penalty = Literal["", "miss", "false alarm"]

_ROUNDING = 1e-6
"""Three times 0.1 mm is not exactly 0.3 mm."""


@dataclass(frozen=True)
class Tolerance:
    """How far an outline may be off and still count as right.

    Attributes:
        mm: Where the spacing is known.
        px: Where it is not.

    Raises:
        ConfigError: A negative or infinite distance.
    """

    mm: float = 2.0
    px: float = 2.0

    def __post_init__(self) -> None:
        for name, value in (("mm", self.mm), ("px", self.px)):
            if not 0.0 <= value < float("inf"):
                raise ConfigError(f"The tolerance in {name} is {value}; expected a distance of 0 or more.")


@dataclass(frozen=True)
class SurfaceScore:
    """Distance of two outlines.

    Attributes:
        nsd: Share of both outlines that lies within the tolerance of the other, 0..1.
        hd95: The larger of the 95th percentiles of the distances from each outline to the other.
        pooled95: The 95th percentile of both directions together, as MedPy has it.
        unit: Of the distances.
        penalty: Whether a miss or a false alarm was given the image's diagonal.
    """

    nsd: float
    hd95: float
    pooled95: float
    unit: Unit
    penalty: Penalty = ""

    @classmethod
    def of(
        cls, mask: np.ndarray, truth: np.ndarray, spacing_mm: tuple[float, ...] | None, tolerance: Tolerance
    ) -> "SurfaceScore":
        """Score a mask against its truth.

        Args:
            mask: (H, W) or (D, H, W) bool.
            truth: Of the same shape.
            spacing_mm: Of the mask's axes; None where it is not known.
            tolerance: In both units.
        """
        unit: Unit = "px" if spacing_mm is None else "mm"
        spacing = (1.0,) * mask.ndim if spacing_mm is None else spacing_mm
        if not mask.any() and not truth.any():
            return cls(1.0, 0.0, 0.0, unit)
        if not mask.any() or not truth.any():
            far = diagonal(mask.shape, spacing)
            return cls(0.0, far, far, unit, "miss" if truth.any() else "false alarm")
        to_truth, to_mask = surface_distances(mask, truth, spacing)
        both = np.concatenate([to_truth, to_mask])
        allowed = (tolerance.px if spacing_mm is None else tolerance.mm) * (1 + _ROUNDING)
        return cls(
            nsd=float(np.mean(both <= allowed)),
            hd95=float(max(np.percentile(to_truth, 95), np.percentile(to_mask, 95))),
            pooled95=float(np.percentile(both, 95)),
            unit=unit,
        )


def surface_distances(mask: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """From each outline pixel of one mask to the nearest of the other, both ways. Neither mask is empty."""
    here, there = (outline(each) * np.asarray(spacing) for each in (mask, truth))
    return KDTree(there).query(here)[0], KDTree(here).query(there)[0]


def outline(mask: np.ndarray) -> np.ndarray:
    """(N, axes) indices of the pixels with a neighbour across a side that is not in the mask, or not in the image."""
    return np.argwhere(mask & ~ndimage.binary_erosion(mask))


def diagonal(shape: tuple[int, ...], spacing: tuple[float, ...]) -> float:
    """Length of an image from corner to corner."""
    return float(np.linalg.norm(np.multiply(shape, spacing)))
