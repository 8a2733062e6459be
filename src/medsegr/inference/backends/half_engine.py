"""Torch in bfloat16 where that is safe: matrix products and convolutions of the host and its modulators."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.trunk import Trunk, run_trunk
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.inference.backends.graphs import encoding_from, encoding_tensors
from medsegr.model.divided_host import stops_at_trunk
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam


class HalfEngine:
    """Runs a model's parts under torch's autocast. What leaves a part is float32 again."""

    def can(self, part: str, model: ReportGuidedSam) -> bool:
        """Wherever it is not at work already."""
        device = next(model.parameters()).device.type
        return not torch.is_autocast_enabled(device) and (part != "trunk" or stops_at_trunk(model))

    def trunk(self, model: ReportGuidedSam, pixels: Float[Tensor, "b 3 s s"]) -> Trunk:
        """As :meth:`ReportGuidedSam.trunk`."""
        with _half(model):
            made = run_trunk(model.backbone, pixels, model.trunk_block)
        return Trunk(made.block, tuple(level.float() for level in made.tensors))

    def encode(
        self, model: ReportGuidedSam, pixels: Float[Tensor, "b 3 s s"], priors: PriorBatch, trunk: Trunk | None
    ) -> GuidedEncoding:
        """As :meth:`ReportGuidedSam.encode`."""
        with _half(model):
            encoding = model.encode(pixels, priors, trunk)
        return encoding_from(priors, {name: tensor.float() for name, tensor in encoding_tensors(encoding).items()})

    def outline(self, model: ReportGuidedSam, encoding: GuidedEncoding) -> GuidedOutput:
        """As :meth:`ReportGuidedSam.outline`, without prompts."""
        with _half(model):
            output = model.outline(encoding)
        return GuidedOutput(**{name: _full(value) for name, value in vars(output).items()})


def _half(model: ReportGuidedSam) -> torch.autocast:
    return torch.autocast(next(model.parameters()).device.type, torch.bfloat16)


def _full(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_full(part) for part in value)
    return value.float() if isinstance(value, Tensor) else value
