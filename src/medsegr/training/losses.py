"""The training loss: every finding counts the same, however small it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from medsegr.model.guided_pass import GuidedOutput
from medsegr.training.box_loss import box_term
from medsegr.training.config import LossConfig

SMALL = 0.01
"""Share of the picture below which a finding counts as small, as in the strata of the measures."""

SMOOTH = 1.0
"""Pixels added to both sides of the Dice ratio."""


@dataclass(frozen=True)
class Truth:
    """What is true of B images with K findings each.

    Attributes:
        masks: Of 0 and 1, over the host's square.
        valid: 1 for findings that are supervised, 0 for padding.
        present: 1 where the image shows the finding.
        content: Share (height, width) of the square that the picture fills.
    """

    masks: Shaped[Tensor, "b k s s"]
    valid: Shaped[Tensor, "b k"]
    present: Shaped[Tensor, "b k"]
    content: Float[Tensor, "b 2"]


@dataclass(frozen=True)
class LossTerms:
    """The terms, unweighted, and their weighted sum ``total``."""

    total: Float[Tensor, ""]
    mask: Float[Tensor, ""]
    location: Float[Tensor, ""]
    support: Float[Tensor, ""]
    attributes: Float[Tensor, ""]
    box: Float[Tensor, ""]


def guided_loss(output: GuidedOutput, truth: Truth, config: LossConfig) -> LossTerms:
    """Mask, location, support, attribute and box terms of a batch.

    Args:
        output: What the model returned.
        truth: What is true.
        config: Weights.
    """
    valid, present = truth.valid.float(), truth.present.float()
    shown, empty = valid * present, valid * (1 - present)
    masks = truth.masks.float()
    mask = mask_term(output.logits, masks, truth.content, (shown, empty), config)
    location = mask.new_zeros(())
    if output.location_logits and config.location:
        terms = [location_term(logits, masks, truth.content, (shown, empty)) for logits in output.location_logits]
        location = torch.stack(terms).mean()
    scores = F.binary_cross_entropy_with_logits(output.support_logits.float(), present, reduction="none")
    support = (scores * valid).sum() / valid.sum().clamp(min=1)
    attributes = mask.new_zeros(())
    if output.agreement is not None and config.attributes:
        attributes = attribute_term(output.agreement, masks, shown)
    box = mask.new_zeros(()) if output.boxes is None else box_term(output.boxes, masks, shown)
    total = mask + config.location * location + config.support * support + config.attributes * attributes
    return LossTerms(total + config.box * box, mask, location, support, attributes, box)


def mask_term(
    logits: Float[Tensor, "b k h w"],
    masks: Float[Tensor, "b k s s"],
    content: Float[Tensor, "b 2"],
    groups: tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]],
    config: LossConfig,
) -> Float[Tensor, ""]:
    """Dice and cross-entropy per finding; of empty ones cross-entropy alone, at ``config.empty``.

    The mean over the findings, in which small ones count ``config.small`` times.
    """
    logits = logits.float()
    truth, inside = coarse(masks, logits.shape[-2:]), content_weights(content, logits.shape[-2:])
    shown, empty = groups
    entropy = cross_entropy(logits, truth, inside, config.focal_gamma)
    share = (truth * inside).sum((-2, -1)) / inside.sum((-2, -1)).clamp(min=1)
    shown = shown * torch.where(share < SMALL, config.small, 1.0)
    per_finding = shown * (config.dice * soft_dice_loss(logits, truth, inside) + config.cross_entropy * entropy)
    per_finding = per_finding + empty * config.empty * max(config.cross_entropy, 1.0) * entropy
    return per_finding.sum() / (shown + empty).sum().clamp(min=1)


def location_term(
    logits: Float[Tensor, "b k h w"],
    masks: Float[Tensor, "b k s s"],
    content: Float[Tensor, "b 2"],
    groups: tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]],
) -> Float[Tensor, ""]:
    """The same for one level's location maps, against the coarse mask; only findings that are shown."""
    logits, shown = logits.float(), groups[0]
    truth, inside = coarse(masks, logits.shape[-2:]), content_weights(content, logits.shape[-2:])
    terms = soft_dice_loss(logits, truth, inside) + cross_entropy(logits, truth, inside, 0.0)
    return (terms * shown).sum() / shown.sum().clamp(min=1)


def attribute_term(
    agreement: Float[Tensor, "b k 2 h w"], masks: Float[Tensor, "b k s s"], shown: Float[Tensor, "b k"]
) -> Float[Tensor, ""]:
    """Negative log-likelihood of the stated textures and shapes inside the masks of findings that are shown."""
    agreement = agreement.float()
    weights = coarse(masks, agreement.shape[-2:])[:, :, None]
    stated = (agreement.detach() != 0).flatten(3).any(3) * shown[..., None]
    inside = (agreement * weights).sum((-2, -1)) / weights.sum((-2, -1)).clamp(min=1e-6)
    return -(inside * stated).sum() / stated.sum().clamp(min=1)


def coarse(masks: Float[Tensor, "b k s s"], size: Sequence[int]) -> Float[Tensor, "b k h w"]:
    """Masks averaged over areas down to ``size``."""
    return F.adaptive_avg_pool2d(masks, (size[0], size[1])) if masks.shape[-2:] != size else masks


def content_weights(content: Float[Tensor, "b 2"], size: Sequence[int]) -> Float[Tensor, "b 1 h w"]:
    """1 where the square holds picture, 0 where it holds padding."""
    rows = (torch.arange(size[0], dtype=content.dtype, device=content.device) + 0.5)[None] < content[:, :1] * size[0]
    columns = (torch.arange(size[1], dtype=content.dtype, device=content.device) + 0.5)[None] < content[:, 1:] * size[1]
    return (rows[:, :, None] & columns[:, None, :])[:, None].float()


def soft_dice_loss(
    logits: Float[Tensor, "b k h w"], truth: Float[Tensor, "b k h w"], inside: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b k"]:
    """1 - Dice of probabilities, per finding."""
    guess = logits.sigmoid() * inside
    overlap = (guess * truth).sum((-2, -1))
    return 1 - (2 * overlap + SMOOTH) / (guess.sum((-2, -1)) + (truth * inside).sum((-2, -1)) + SMOOTH)


def cross_entropy(
    logits: Float[Tensor, "b k h w"], truth: Float[Tensor, "b k h w"], inside: Float[Tensor, "b 1 h w"], gamma: float
) -> Float[Tensor, "b k"]:
    """Mean binary cross-entropy over the picture, per finding; focal with ``gamma`` above 0.

    Source: Lin et al., Focal Loss for Dense Object Detection, 2017, equation 4,
    with |truth - p| for 1 - p_t so that area-averaged truths have a meaning.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    if gamma > 0:
        entropy = entropy * (truth - logits.sigmoid()).abs().pow(gamma)
    return (entropy * inside).sum((-2, -1)) / inside.sum((-2, -1)).clamp(min=1)
