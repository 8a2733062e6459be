"""Overlap of masks.

Conventions. Dice is ``2 |A and B| / (|A| + |B|)`` and IoU ``|A and B| / |A or B|``; two empty masks
agree perfectly (1.0), an empty mask against one that is not gives 0.0. Means are taken over findings
that the image shows, so that empty truths, which an empty answer would score 1.0, cannot lift them;
what is outlined where nothing is to be found is counted as a false alarm instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsegr.errors import ConfigError


@dataclass(frozen=True)
class Overlap:
    """Pixel counts of a mask against its truth.

    Attributes:
        both: Pixels in both.
        predicted: Pixels of the mask.
        true: Pixels of the truth.
    """

    both: int
    predicted: int
    true: int

    @classmethod
    def of(cls, mask: np.ndarray, truth: np.ndarray) -> "Overlap":
        """Count the pixels of two bool masks.

        Raises:
            ConfigError: The masks differ in shape.
        """
        if mask.shape != truth.shape:
            raise ConfigError(
                f"A mask of shape {mask.shape} cannot be scored against one of shape {truth.shape}; "
                "bring both to the image's own size."
            )
        return cls(int(np.count_nonzero(mask & truth)), int(mask.sum()), int(truth.sum()))

    @property
    def dice(self) -> float:
        """0..1; 1 when both are empty."""
        total = self.predicted + self.true
        return 2.0 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        """0..1; 1 when both are empty."""
        either = self.predicted + self.true - self.both
        return self.both / either if either else 1.0

    @property
    def missed(self) -> bool:
        """Something is to be found and no pixel of it was."""
        return self.true > 0 and self.both == 0

    @property
    def left_empty(self) -> bool:
        """Something is to be found and nothing was outlined."""
        return self.true > 0 and self.predicted == 0

    @property
    def false_alarm(self) -> bool:
        """Nothing is to be found and something was outlined."""
        return self.true == 0 and self.predicted > 0


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """Overlap of two bool masks of one shape, 0..1; 1 when both are empty."""
    return Overlap.of(mask, truth).dice


def mean(values: Sequence[float] | np.ndarray) -> float | None:
    """The mean; None of nothing."""
    return float(np.mean(values)) if len(values) else None
