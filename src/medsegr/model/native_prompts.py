"""The ways in that hosts know by themselves, box and mask: what findings say of themselves, unless a user says it."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts


def native_prompts(
    given: Prompts | None, boxes: Float[Tensor, "b k 4"] | None, masks: Float[Tensor, "b k h w"] | None
) -> Prompts | None:
    """A user's prompts with each finding's own box where the user gave none, and its location map as a mask.

    Args:
        given: The user's; rows of its boxes that are NaN have none.
        boxes: The findings' own, in pixels of the square, or None. No gradient reaches them from the masks.
        masks: Logits over the square, or None.
    """
    if boxes is None and masks is None:
        return given
    given = given or Prompts()
    if boxes is not None:
        own = boxes.detach()
        boxes = own if given.boxes is None else torch.where(given.boxes.isnan(), own, given.boxes.to(own.dtype))
    else:
        boxes = given.boxes
    return replace(given, boxes=boxes, masks=masks)


def decode_each(
    backbone: Backbone,
    embedding: ImageEmbedding,
    tokens: Float[Tensor, "n t c"] | None,
    prompts: Prompts | None,
    decoder: nn.Module,
) -> Float[Tensor, "n h w"]:
    """One call of the decoder for N findings; two where a user gave some of them a box and others none.

    A finding without a box gets no place in its stead, so that its mask is the one that it has alone.

    Args:
        backbone: The host.
        embedding: Features of N findings.
        tokens: Further sparse prompts of each.
        prompts: Of each; rows of boxes that are NaN have none.
        decoder: The host's own mask decoder or a tuned copy of it.
    """
    if prompts is None or prompts.boxes is None:
        return backbone.decode(embedding, tokens, prompts, decoder)
    without = prompts.boxes.isnan().any(-1).flatten()
    if not bool(without.any()):
        return backbone.decode(embedding, tokens, prompts, decoder)
    if bool(without.all()):
        return backbone.decode(embedding, tokens, replace(prompts, boxes=None), decoder)
    parts = []
    for rows in (without, ~without):
        some = prompts.of(rows)
        some = replace(some, boxes=None) if rows is without else some
        parts.append(backbone.decode(embedding.of(rows), None if tokens is None else tokens[rows], some, decoder))
    logits = parts[0].new_zeros(len(without), *parts[0].shape[1:])
    logits[without], logits[~without] = parts
    return logits
