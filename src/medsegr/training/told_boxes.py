"""Boxes that findings are told in training: the true ones, as roughly as a user draws them."""

import numpy as np
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.training.box_loss import boxes_of
from medsegr.training.losses import Truth

JITTER = 0.1
"""Largest shift of each edge, as a share of the box's side."""


def told_boxes(truth: Truth, share: float, rng: np.random.Generator) -> Prompts:
    """A share of the findings that are shown get their true box, each edge shifted a little; the rest NaN.

    Args:
        truth: What is true, over the host's square.
        share: Chance of each finding, 0..1.
        rng: All randomness comes from here.
    """
    boxes = boxes_of(truth.masks)
    shifts = torch.from_numpy(rng.uniform(-JITTER, JITTER, boxes.shape).astype(np.float32))
    chosen = torch.from_numpy(rng.random(boxes.shape[:2]) < share)
    sides = (boxes[..., 2:] - boxes[..., :2]).repeat(1, 1, 2)
    told = (boxes + shifts * sides).clamp(0, truth.masks.shape[-1] - 1)
    told[~(chosen & (truth.valid * truth.present > 0))] = torch.nan
    return Prompts(boxes=told)
