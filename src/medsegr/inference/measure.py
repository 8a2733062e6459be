"""Sizes of masks in millimetres."""

from contextlib import suppress

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist


def long_axis_mm(mask: np.ndarray, spacing_mm: tuple[float, ...] | None) -> float | None:
    """The longest extent of a mask, as a reader measures it: in the plane, between outer pixel edges.

    Args:
        mask: (H, W) or (D, H, W) bool; of a volume, the plane with the longest extent counts.
        spacing_mm: Of the mask's axes, (y, x) or (z, y, x); None when not known.

    Returns:
        Millimetres, or None without a spacing or for an empty mask.
    """
    if spacing_mm is None or not mask.any():
        return None
    planes = mask if mask.ndim == 3 else mask[None]
    return max(_plane_axis(plane, spacing_mm[-2:]) for plane in planes if plane.any())


def volume_mm3(mask: np.ndarray, affine: np.ndarray | None) -> float | None:
    """Volume of a (D, H, W) mask in cubic millimetres, also of sheared voxels (a tilted gantry); None for pictures.

    Args:
        mask: (D, H, W) bool; anything else is a picture.
        affine: (4, 4), voxel -> patient mm; None where the place is not known.
    """
    if mask.ndim != 3 or affine is None:
        return None
    return float(mask.sum()) * abs(float(np.linalg.det(affine[:3, :3])))


def _plane_axis(plane: np.ndarray, spacing_mm: tuple[float, ...]) -> float:
    rows = np.flatnonzero(plane.any(axis=1))
    first, last = plane[rows].argmax(axis=1), plane.shape[1] - plane[rows][:, ::-1].argmax(axis=1)
    # The four outer corners of the first and the last pixel of each row hold the whole hull.
    corners = np.concatenate([np.stack([rows + dy, side], 1) for dy in (0, 1) for side in (first, last)])
    points = corners.astype(np.float64) * np.asarray(spacing_mm, np.float64)
    with suppress(QhullError):
        points = points[ConvexHull(points).vertices]
    return float(pdist(points).max())
