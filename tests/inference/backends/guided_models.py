"""Small models with open gates, lopsided pictures, and reports that differ in all that graphs must not bake in."""

import numpy as np
import torch

from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.model.report_guided_sam import ReportGuidedSam
from tests.hosts import open_gates
from tests.random_hosts import random_lite_medsam, random_sam, random_tiny_full_size

REPORTS = (
    "Small polyp in the lower left of the image.",
    "Large irregular polyp in the upper right of the image. Round smooth polyp at the bottom. White flat polyp left.",
    "Polyp.",
)
"""The first export is made of none of them; they have one finding, three others, and one of which nothing is said."""


def lite(box: bool = True) -> ReportGuidedSam:
    """LiteMedSAM's build, guided behind a block in the middle, so that it has a trunk."""
    config = AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(4, 7), early_grid=8, box=box)
    return _awake(attach(random_lite_medsam(64), config))


def tiny() -> ReportGuidedSam:
    """The tiny host, guided from its first block on, with finer maps."""
    return _awake(attach(random_tiny_full_size(), AdapterConfig(token_dim=16, heads=2, bottleneck=8)))


def sam() -> ReportGuidedSam:
    """SAM's own build, from transformers, guided behind its first block; its decoder's weights count."""
    host = random_sam()
    with torch.no_grad():
        for weights in host.mask_decoder.parameters():
            weights.mul_(8 if weights.ndim > 1 else 1)
    return _awake(attach(host, AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=(0,))))


MODELS = {"lite": lite, "sam": sam, "tiny": tiny}


def picture(seed: int = 0) -> np.ndarray:
    """(40, 72), 0..1: wider than high, brighter to the right and below, with one blob off its middle."""
    rows, columns = np.mgrid[:40, :72]
    blob = 0.4 * np.exp(-((rows - 28) ** 2 + (columns - 15 - 5 * seed) ** 2) / 40)
    noise = 0.05 * np.random.default_rng(seed).random((40, 72))
    return np.clip(rows / 200 + columns / 240 + blob + noise, 0, 1).astype(np.float32)


def _awake(model: ReportGuidedSam) -> ReportGuidedSam:
    """Gates open, and words that matter, as after training."""
    model = open_gates(model, 3.0).eval()
    with torch.no_grad():
        for table in model.adapter.embedding.tables.values():
            table.mul_(4)
    return model
