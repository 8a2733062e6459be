"""A model that outlines what is bright: one colour per finding, so that the tests know every mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.cognition.priors import Finding
from medsegr.model.adapter import AdapterConfig
from medsegr.model.guided_pass import GuidedOutput
from tests.raw_pixels import raw_pixels

CHANNELS = {"nodule": 0, "pleural_effusion": 1, "consolidation": 2}
"""Target -> colour that it is drawn in."""


@dataclass
class Asked:
    """Squares and the findings that each is asked for; stands in for priors and encodings alike."""

    findings: list[Sequence[Finding]]
    pixels: Tensor | None = None

    def to(self, device: torch.device) -> "Asked":
        return self

    def only(self, k: int) -> "Asked":
        return Asked([[listed[k]] for listed in self.findings], self.pixels)


class BrightModel(nn.Module):
    """Stands in for ``ReportGuidedSam``; keeps what it was shown and asked.

    Args:
        size: Side of the host's square.
        support: Logit of the support of every finding.
    """

    def __init__(self, size: int = 64, support: float = 4.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.image_size, self.support = size, support
        self.metadata: dict = {}
        self.adapter = SimpleNamespace(config=AdapterConfig())
        self.engine = None
        self.vocabulary = PriorVocabulary.of_lexicon(load_lexicon())
        self.shown: list[list[np.ndarray]] = []
        self.asked: list[list[Sequence[Finding]]] = []
        self.prompted: list = []

    def preprocess(self, images, views):
        self.shown.append(list(images))
        return raw_pixels(images, views, self.image_size)

    def encode_findings(self, findings, views, texts):
        self.asked.append(list(findings))
        return Asked(list(findings))

    def encode(self, pixel_values, priors):
        return Asked(priors.findings, pixel_values)

    def outline(self, encoding, prompts=None):
        self.prompted += [] if prompts is None else [prompts]
        most = max(map(len, encoding.findings))
        logits = torch.full((len(encoding.findings), most, self.image_size, self.image_size), -9.0)
        for i, listed in enumerate(encoding.findings):
            for k, finding in enumerate(listed):
                logits[i, k] = (encoding.pixels[i, CHANNELS[finding.target]] - 0.5) * 20 * self.scale
        return GuidedOutput(logits, torch.full(logits.shape[:2], self.support))
