"""A model that sees discs: one per finding, at a place and with a support that the test chooses."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding
from medsegr.model.adapter import AdapterConfig
from medsegr.model.guided_pass import GuidedOutput
from tests.raw_pixels import raw_pixels


class DiskModel(nn.Module):
    """Stands in for ``ReportGuidedSam``.

    Args:
        disks: Target -> (x, y, radius) as shares of the host's square, and the support's logit.
        size: Side of the square.
    """

    def __init__(self, disks: dict[str, tuple[float, float, float, float]], size: int = 64) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.disks, self.size = disks, size
        self.metadata: dict = {}
        self.adapter = SimpleNamespace(config=AdapterConfig())
        self.engine = None
        self.vocabulary = PriorVocabulary.of_lexicon(load_lexicon())
        self.passes = 0
        self.planes: list[np.ndarray] = []

    def preprocess(self, images, views):
        self.planes += images
        return raw_pixels(images, views, self.size)

    def encode_findings(self, findings: list[list[Finding]], views, texts):
        targets = [[finding.target for finding in listed] for listed in findings]
        priors = SimpleNamespace(targets=targets)
        priors.to = lambda device: priors
        return priors

    def encode(self, pixel_values, priors):
        self.passes += 1
        return priors

    def outline(self, priors, prompts=None):
        grid = (torch.arange(self.size) + 0.5) / self.size
        logits = torch.stack([torch.stack([self._disk(grid, name) for name in t]) for t in priors.targets])
        support = torch.tensor([[self.disks[name][3] for name in listed] for listed in priors.targets])
        coarse = nn.functional.avg_pool2d(logits, 4)
        return GuidedOutput(logits * self.scale, support, (coarse, coarse))

    def _disk(self, grid, name):
        x, y, radius, _ = self.disks[name]
        distance = ((grid[None, :] - x) ** 2 + (grid[:, None] - y) ** 2).sqrt()
        return (radius - distance) * 200
