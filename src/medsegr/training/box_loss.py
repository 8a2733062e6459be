"""The loss of predicted boxes: how far their sides are off, and how little they overlap the true ones."""

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

SIDES, OVERLAP = 5.0, 2.0
"""Weights of both parts, as DETR has them (Carion et al., ECCV 2020, section A.4), here of a weighted mean."""


def box_term(
    boxes: Float[Tensor, "b k 4"], masks: Shaped[Tensor, "b k s s"], shown: Float[Tensor, "b k"]
) -> Float[Tensor, ""]:
    """L1 of the sides and generalised IoU, in shares of the square; the mean over findings that are shown.

    Args:
        boxes: Predicted, in pixels of the square.
        masks: True, over the square.
        shown: 1 where a finding is supervised and there.
    """
    found, true = boxes.float() / masks.shape[-1], boxes_of(masks) / masks.shape[-1]
    terms = SIDES * (found - true).abs().sum(-1) + OVERLAP * (1 - generalised_iou(found, true))
    return (terms * shown).sum() / (SIDES + OVERLAP) / shown.sum().clamp(min=1)


def generalised_iou(one: Float[Tensor, "b k 4"], other: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k"]:
    """IoU less the share of the smallest box around both that neither fills; -1 to 1.

    Source: Rezatofighi et al., Generalized Intersection over Union, CVPR 2019.
    """
    both = _area(torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:]))
    union = _area(one[..., :2], one[..., 2:]) + _area(other[..., :2], other[..., 2:]) - both
    hull = _area(torch.minimum(one[..., :2], other[..., :2]), torch.maximum(one[..., 2:], other[..., 2:]))
    return both / union.clamp(min=1e-7) - (hull - union) / hull.clamp(min=1e-7)


def _area(low: Float[Tensor, "b k 2"], high: Float[Tensor, "b k 2"]) -> Float[Tensor, "b k"]:
    return (high - low).clamp(min=0).prod(-1)


def boxes_of(masks: Shaped[Tensor, "b k h w"]) -> Float[Tensor, "b k 4"]:
    """The smallest boxes around masks: first column and row, last column and row; zeros of empty ones.

    Source: MedSAM's and LiteMedSAM's training code, whose boxes end at the last pixel (``x_max = max(x_indices)``).
    """
    (x1, x2), (y1, y2) = (_ends((masks != 0).any(over)) for over in (-2, -1))
    return torch.stack([x1, y1, x2, y2], dim=-1).float()


def _ends(line: Bool[Tensor, "b k n"]) -> tuple[Shaped[Tensor, "b k"], Shaped[Tensor, "b k"]]:
    """First and last place that is true."""
    places = torch.arange(line.shape[-1], device=line.device)
    first = torch.where(line, places, line.shape[-1]).amin(-1)
    return torch.where(line.any(-1), first, 0), torch.where(line, places, 0).amax(-1)
