"""Counting lesions instead of pixels.

A lesion is a connected component; corners connect (8 neighbours in a picture, 26 in a volume). A true
lesion is found when the mask covers at least a tenth of it. An outlined component is a false positive
when less than a tenth of it lies in the truth. No component is too small to count.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LESION_OVERLAP = 0.1
"""Share of a component that has to lie in the other mask."""


@dataclass(frozen=True)
class LesionCount:
    """Lesions of a mask against its truth.

    Attributes:
        true: Components of the truth.
        found: Of these, those that the mask covers by a tenth or more.
        predicted: Components of the mask.
        false: Of these, those that lie in the truth by less than a tenth.
    """

    true: int
    found: int
    predicted: int
    false: int

    @classmethod
    def of(cls, mask: np.ndarray, truth: np.ndarray) -> "LesionCount":
        """Count the components of two bool masks of one shape."""
        covered, right = covered_shares(truth, mask), covered_shares(mask, truth)
        return cls(
            true=len(covered),
            found=int(np.sum(covered >= LESION_OVERLAP)),
            predicted=len(right),
            false=int(np.sum(right < LESION_OVERLAP)),
        )


def covered_shares(components_of: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Of each connected component of one mask, the share that lies in the other."""
    labelled, count = ndimage.label(components_of, np.ones((3,) * components_of.ndim, int))
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    inside = np.bincount(labelled[by], minlength=count + 1)[1:]
    return inside / np.maximum(sizes, 1)
