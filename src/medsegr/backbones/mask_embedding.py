"""A short way from a finding's prompt tokens to its mask, beside the decoder's own."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class MaskEmbedding(nn.Module):
    """One linear layer from what a finding is called and described as to the pixels that look like it.

    With t the mean of a finding's prompt tokens and F_i the maps that the decoder sees, of c_i channels::

        (w_0, w_1, ..., b) = linear(norm(t))
        added(x) = sum_i up(<w_i, F_i(x)> / sqrt(c_i)) + b

    at the grid of the finest map. It starts at zero. The decoder's two-way transformer, trained from scratch, has
    yet to learn which name means which structure; here a name has weights of its own, as in a U-Net with a channel
    for each.

    Args:
        token_dim: Channels of the prompt tokens.
        dims: Channels of the maps, finest first.

    Source: ours; the mask embeddings of MaskFormer (Cheng et al., NeurIPS 2021), of prompt tokens and on three maps.
    """

    def __init__(self, token_dim: int, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.norm = nn.LayerNorm(token_dim)
        self.linear = nn.Linear(token_dim, sum(dims) + 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, levels: Sequence[Tensor], tokens: Float[Tensor, "n t d"]) -> Float[Tensor, "n y x"]:
        """What is added to the mask logits of N findings, at the grid of the first map.

        Args:
            levels: Maps, finest first: (N, C, H, W), or (B, C, H, W) where the findings of an image share one.
            tokens: Its prompt tokens.
        """
        *weights, bias = self.linear(self.norm(tokens.mean(1))).split((*self.dims, 1), dim=1)
        added = bias[..., None]
        for level, weight in zip(levels, weights, strict=True):
            own = weight.to(level.dtype).unflatten(0, (level.shape[0], -1))
            product = torch.einsum("bchw,bkc->bkhw", level, own).flatten(0, 1) * level.shape[1] ** -0.5
            added = added + resized(product, levels[0])
        return added


def resized(logits: Float[Tensor, "n h w"], like: Tensor) -> Float[Tensor, "n y x"]:
    """Logits at the grid of a map."""
    if logits.shape[-2:] == like.shape[-2:]:
        return logits
    return F.interpolate(logits[:, None], like.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
