"""Where a stack of parallel planes lies: their order, their steps, and the one affine that holds them, if any does.

DICOM's patient space is LPS; ours is RAS+. The change is made here, and in nothing that reads.
"""

import numpy as np

from medsegr.data.dicom.planes import StoredPlane
from medsegr.errors import ImageError

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

EVEN = 0.05
"""Share of a step by which a slice may lie beside its even place: rounding of headers, never a missing slice."""

LEAST_STEP_MM = 1e-3
"""Slices closer than this lie at one place."""


def distance(plane: StoredPlane) -> float:
    """How far along row direction x column direction a plane lies, mm; planes are ordered by it."""
    return float(normal_of(plane) @ plane.place.position)


def normal_of(plane: StoredPlane) -> np.ndarray:
    """(3,) LPS: row direction x column direction of a placed plane."""
    return np.cross(*plane.place.directions)


def stack_affine(planes: list[StoredPlane]) -> np.ndarray:
    """The affine of ordered, parallel planes at different places: (4, 4), stored (i, j, k) -> RAS+ mm.

    Steps that are even but not along the normal (a tilted gantry) give a sheared affine, which is exact. A single
    plane's third column is its thickness, 1 mm where it has none.

    Raises:
        ImageError: No one affine holds them, because steps differ or slices lie beside the line.
    """
    top = planes[0].place
    origins = np.array([plane.position for plane in planes])
    if len(planes) == 1:
        step = normal_of(planes[0]) * (planes[0].thickness or 1.0)
    else:
        step = (origins[-1] - origins[0]) / (len(planes) - 1)
        even = origins[0] + np.arange(len(planes))[:, None] * step
        if np.linalg.norm(origins - even, axis=1).max() > EVEN * np.linalg.norm(step):
            raise ImageError(_uneven(planes, origins))
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = top.directions[0] * top.spacing[1], top.directions[1] * top.spacing[0]
    affine[:3, 2], affine[:3, 3] = step, origins[0]
    return LPS_TO_RAS @ affine


def _uneven(planes: list[StoredPlane], origins: np.ndarray) -> str:
    steps = np.linalg.norm(np.diff(origins, axis=0), axis=1)
    listed = ", ".join(f"{step:.4g}" for step in steps[:8]) + (", ..." if len(steps) > 8 else "")
    shortest, longest = steps.min(), steps.max()
    missing = round(longest / shortest) - 1 if shortest > 0 else 0
    several = np.allclose(steps / shortest, np.rint(steps / shortest), atol=EVEN) and missing >= 1
    normal = normal_of(planes[0])
    lean = np.degrees(np.arccos(np.clip(np.diff(origins, axis=0) @ normal / steps, -1, 1))).max()
    why = f"they are {listed} mm apart"
    if lean > 0.5:
        why += f", and lean by {lean:.3g} degrees (a tilted gantry)"
    advice = f"the widest gap has room for {missing} more: slices are missing" if several else "it has several spacings"
    return (
        f"The {len(planes)} slices are not evenly spaced: {why}. No single grid holds them; {advice}. "
        "Give the complete series, or a part of it that is even."
    )
