"""Sizes of masks in millimetres."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from jaxtyping import Bool, Float

AT_ONCE = 512
"""Points whose distances to all others are held at once."""


def extents_mm(
    planes: Iterable[Bool[np.ndarray, "h w"]], affine: np.ndarray | None
) -> tuple[float | None, float | None]:
    """The longest extents of a mask, between outer voxel edges, also of oblique and sheared voxels.

    Args:
        planes: Of the mask, in order.
        affine: (4, 4), displayed (z, y, x) -> patient mm; None where sizes are not known.

    Returns:
        In a plane, as a reader measures it (of a volume, in the plane where it is longest), and in space. None
        without an affine, or for an empty mask.
    """
    if affine is None:
        return None, None
    through, *in_plane = np.asarray(affine, np.float64)[:3, :3].T
    longest, outer = 0.0, []
    for place, plane in enumerate(planes):
        if plane.any():
            flat = _hull(_corners(plane)) @ np.stack(in_plane)
            longest = max(longest, _longest(flat))
            outer += [flat + (place + side) * through for side in (-0.5, 0.5)]
    return (longest, _longest(_hull(np.concatenate(outer)))) if outer else (None, None)


def volume_mm3(voxels: int, affine: np.ndarray) -> float:
    """Volume of a mask in cubic millimetres, also of sheared voxels (a tilted gantry).

    Args:
        voxels: Inside it.
        affine: (4, 4), voxel -> patient mm.
    """
    return voxels * abs(float(np.linalg.det(affine[:3, :3])))


def _corners(plane: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "n 2"]:
    """(y, x) of corners of voxels, among them all that stand out."""
    rows = np.flatnonzero(plane.any(axis=1))
    first, last = plane[rows].argmax(axis=1), plane.shape[1] - plane[rows][:, ::-1].argmax(axis=1)
    # The four outer corners of the first and the last pixel of each row hold the whole hull.
    corners = [np.stack([rows + dy, side], 1) for dy in (0, 1) for side in (first, last)]
    return np.concatenate(corners).astype(np.float64)


def _hull(points: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
    """Those of the points that stand out; all where they have no extent in some direction."""
    from scipy.spatial import ConvexHull, QhullError

    with suppress(QhullError):
        return points[ConvexHull(points).vertices]
    return points


def _longest(points: Float[np.ndarray, "n k"]) -> float:
    """The largest distance of two points."""
    from scipy.spatial.distance import cdist

    return max(float(cdist(points[at : at + AT_ONCE], points).max()) for at in range(0, len(points), AT_ONCE))
