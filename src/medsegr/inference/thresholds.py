"""Where a probability becomes a pixel, and a support a finding."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """The two thresholds of an answer.

    Attributes:
        mask: 0..1; a pixel belongs to the finding from here on.
        support: 0..1; below it the image does not show the finding.
    """

    mask: float = 0.5
    support: float = 0.5
