"""What a guided call is asked when it is held against the plain host's."""

import torch

from medsegr.cognition.lexicon import load_lexicon
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.view import View

REPORT = (
    "Small round nodule in the left upper zone. Large right pleural effusion. Patchy consolidation, right lower zone."
)
VIEW = View.of(load_lexicon().kind("chest_xray"))


def open_gates(model: ReportGuidedSam) -> None:
    """Gates at 0.1, so that nothing is skipped."""
    with torch.no_grad():
        for name, parameter in model.adapter.named_parameters():
            if name.endswith("_gate"):
                parameter.fill_(0.1)
