"""Answer: one finding of one case, asked for in one way, and everything that is measured of its mask."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from medsegr.data.case import Case
from medsegr.evaluation.fingerprint import mask_hash
from medsegr.evaluation.labels import confused_pixels, other_labels, overlap_share
from medsegr.evaluation.lesions import LesionCount
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import Asked, Role
from medsegr.evaluation.strata import frame_share, overlap_stratum, size_stratum
from medsegr.evaluation.surface import SurfaceScore, Tolerance
from medsegr.evaluation.transunet import transunet_rule

Origin = Literal["real", "derived", "none"]
"""Whose words a case has: a reader's, ours from the masks, or no report at all. Never averaged into one figure."""

ORIGINS: tuple[Origin, ...] = ("real", "derived", "none")


@dataclass(frozen=True)
class Measures:
    """A mask against its truth, at the image's own size.

    Attributes:
        overlap: Pixels of both.
        frame_share: Share of the frame that the truth covers, 0..1.
        overlap_share: Share of the truth's pixels that have another label as well; None where there is no truth.
        confused: Target of something else -> outlined pixels that lie in it and not in the truth.
        confused_px: Outlined pixels that lie in anything else and not in the truth, each counted once.
        alike_px: Those of ``confused_px`` that lie in another object of the same kind and in no other class.
        truth: Hash of the truth.
    """

    overlap: Overlap
    surface: SurfaceScore
    lesions: LesionCount
    frame_share: float
    overlap_share: float | None
    confused: dict[str, int] = field(default_factory=dict)
    confused_px: int = 0
    alike_px: int = 0
    truth: str = ""

    @property
    def size(self) -> str:
        """Class of :data:`medsegr.evaluation.strata.SIZES`."""
        return size_stratum(self.frame_share)

    @property
    def hidden(self) -> str:
        """Class of :data:`medsegr.evaluation.strata.OVERLAPS`."""
        return overlap_stratum(self.overlap_share)

    @property
    def transunet(self) -> tuple[float, float]:
        """Dice and HD95 by TransUNet's rule, for comparison only."""
        return transunet_rule(self.overlap, self.surface)


def measure(mask: np.ndarray, asked: Asked, case: Case, tolerance: Tolerance) -> Measures:
    """Everything that is measured of one mask, bool, of the image's shape."""
    truth, geometry = asked.truth, case.image.geometry
    overlap = Overlap.of(mask, truth)
    others = other_labels(asked.finding.target, truth, case)
    confused, confused_px, alike_px = confused_pixels(mask, truth, others, asked.finding.target)
    spacing = geometry.spacing_mm[-mask.ndim :] if geometry.spacing_known else None
    return Measures(
        overlap=overlap,
        surface=SurfaceScore.of(mask, truth, spacing, tolerance),
        lesions=LesionCount.of(mask, truth),
        frame_share=frame_share(truth),
        overlap_share=overlap_share(truth, others),
        confused=confused,
        confused_px=confused_px,
        alike_px=alike_px,
        truth=mask_hash(truth),
    )


@dataclass(frozen=True, kw_only=True)
class Answer(Measures):
    """One finding of one case, asked for in one way, and what is measured of its mask.

    Attributes:
        patient: Whom it shows; the image's name where nobody knows.
        suite, look: Of a generated case, else empty.
        origin: Whose words the case has.
        finding: Number of the finding in the case.
        target, presence: As the report says.
        role: See :data:`medsegr.evaluation.questions.Role`.
        report: What the model was told.
        image: Pixels of all findings of this target that the image was asked for in this way, taken together.
        support: 0..1; None where nothing was decoded.
        content: Hash of the case.
    """

    data: str
    case: str
    patient: str
    suite: str
    look: str
    origin: Origin
    finding: int
    target: str
    presence: str
    role: Role
    report: str
    image: Overlap
    support: float | None
    content: str

    @property
    def of_image(self) -> tuple[str, str, str, str]:
        """What answers of one image and target have in common, in one way of asking."""
        return self.data, self.case, self.target, self.report

    @property
    def group(self) -> tuple[str, str]:
        """What intervals are resampled by: data set and patient."""
        return self.data, self.patient
