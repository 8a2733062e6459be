"""What may run a model's parts in torch's stead."""

from typing import TYPE_CHECKING, Protocol

from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.trunk import Trunk
from medsegr.cognition.prior_embedding import PriorBatch

if TYPE_CHECKING:
    from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
    from medsegr.model.report_guided_sam import ReportGuidedSam


class Engine(Protocol):
    """Runs the parts of a model, in evaluation and without gradients; what it cannot do, torch does."""

    def can(self, part: str, model: "ReportGuidedSam") -> bool:
        """Whether it runs ``trunk``, ``encode`` or ``outline`` of this model, as the model is now."""

    def trunk(self, model: "ReportGuidedSam", pixels: Float[Tensor, "b 3 s s"]) -> Trunk:
        """As :meth:`ReportGuidedSam.trunk`."""

    def encode(
        self, model: "ReportGuidedSam", pixels: Float[Tensor, "b 3 s s"], priors: PriorBatch, trunk: Trunk | None
    ) -> "GuidedEncoding":
        """As :meth:`ReportGuidedSam.encode`, of priors without words."""

    def outline(self, model: "ReportGuidedSam", encoding: "GuidedEncoding") -> "GuidedOutput":
        """As :meth:`ReportGuidedSam.outline`, without prompts."""
