"""Classes of findings by size and by overlap, so that small and hidden ones are not lost in a mean."""

import numpy as np

SMALL, LARGE = 0.01, 0.05
SIZES = ("< 1 %", "1-5 %", "> 5 %")
"""Share of the frame that a finding covers, in order; 1 % and 5 % lie in the middle class."""

MOSTLY = 0.5
OVERLAPS = ("none", "< 50 %", ">= 50 %")
"""Share of a finding's pixels that have two or more labels, in order."""


def frame_share(truth: np.ndarray) -> float:
    """Share of the frame that a mask covers, 0..1; of a volume, in the plane where it covers most."""
    planes = truth if truth.ndim == 3 else truth[None]
    return float(planes.mean((1, 2)).max())


def size_stratum(share: float) -> str:
    """One of :data:`SIZES`; empty where nothing is to be found."""
    if share <= 0:
        return ""
    return SIZES[0] if share < SMALL else SIZES[2] if share > LARGE else SIZES[1]


def overlap_stratum(share: float | None) -> str:
    """One of :data:`OVERLAPS`; empty where nothing is to be found."""
    if share is None:
        return ""
    return OVERLAPS[0] if share <= 0 else OVERLAPS[1] if share < MOSTLY else OVERLAPS[2]
