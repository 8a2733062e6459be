"""What the suite asks of every host, and in which ways."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.catalogue import wrap_host
from medsegr.backbones.decoder_input import Prompts
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import EFFUSION, HEART, NODULE, HostCase
from tests.views import view_of

CONFIG = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
REPORT = [NODULE, EFFUSION, HEART]
POINT = Prompts(torch.tensor([[[[20.0, 30.0]]]]), torch.tensor([[[1]]]))
BOX = Prompts(boxes=torch.tensor([[[5.0, 6.0, 40.0, 50.0]]]))


def pixels(model: ReportGuidedSam, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 3, model.image_size, model.image_size, generator=generator)


def priors(model: ReportGuidedSam, *reports):
    return model.encode_findings(reports, [view_of("chest_xray")] * len(reports))


@torch.no_grad()
def run(model: ReportGuidedSam, *reports, prompts=None):
    return model(pixels(model, len(reports)), priors(model, *reports), prompts)


def everything(output):
    return output.logits.pow(2).mean() + output.support_logits.mean() + sum(m.mean() for m in output.location_logits)


def wrapped(case: HostCase, change: Callable[[nn.Module], None] | None = None) -> Backbone:
    host = case.build()
    if change is not None:
        change(host)
    return wrap_host(host, spec=case.spec)
