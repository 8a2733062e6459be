"""A finding's guidance of the finer maps that a decoder adds to its embedding."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.perception.modulator import GUIDED

ALL = ("target", *GUIDED)
"""A finding's four tokens, in order."""


class FineGuidance(nn.Module):
    """Lets each finding modulate the finer maps, which would else be the same for all of them.

    Finer maps F_0, F_1 and the embedding E are read once per image, at the grid of F_0::

        m = mix(norm(down_0 F_0) + up(norm(down_1 F_1)) + up(norm(down_E E)))

    Then for finding k, with l_k(x) the logits of its modulator behind the neck::

        A_k(x) = sigmoid(<m(x), key(tokens_k)> / sqrt(r) + s * up(l_k)(x) + b)
        added_k,i(x) = A_k(x) * up_i(sum_a g_a * (scale_ka * m(x) + shift_ka))

    for each finer map i, m and A_k averaged over areas where it is coarser, with one gate g_a of
    r channels per aspect a. Gates start at zero, so a fresh module adds exactly zero. Per finding
    there is one product of m with a small matrix, and no convolution.

    Args:
        feature_dim: Channels of the embedding.
        maps: Channels of each finer map, as the encoder gives it and as the decoder adds it; finest first.
        token_dim: Width D of one prior token.
        width: Channels r in which maps are read.
        aspects: Which of the aspects guide.

    Source: ours; a mask head on a pyramid of features, as in MaskFormer (Cheng et al., NeurIPS 2021).
    """

    def __init__(
        self,
        feature_dim: int,
        maps: Sequence[tuple[int, int]],
        token_dim: int,
        width: int = 32,
        aspects: Sequence[str] = GUIDED,
    ) -> None:
        super().__init__()
        self.aspects = tuple(aspect for aspect in ALL if aspect in ("target", *aspects))
        read = [*(before for before, _ in maps), feature_dim]
        self.down = nn.ModuleList(nn.Conv2d(dim, width, 1) for dim in read)
        self.norm = nn.ModuleList(nn.GroupNorm(1, width) for _ in read)
        self.mix = nn.Sequential(
            nn.GELU(), nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, width, 1), nn.GELU()
        )
        self.key = nn.Linear(len(self.aspects) * token_dim, width)
        self.value = nn.ModuleDict({aspect: nn.Linear(token_dim, 2 * width) for aspect in self.aspects})
        self.up = nn.ParameterList(nn.Parameter(torch.randn(after, width) * width**-0.5) for _, after in maps)
        self.strength = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(()))
        for aspect in self.aspects:
            self.register_parameter(f"{aspect}_gate", nn.Parameter(torch.zeros(width)))

    def forward(
        self,
        levels: Sequence[Float[Tensor, "b _ _ _"]],
        tokens: Float[Tensor, "n 4 d"],
        coarse: Float[Tensor, "n 1 h w"],
    ) -> tuple[list[Float[Tensor, "n _ _ _"]], Float[Tensor, "n 1 y x"]]:
        """What each finding adds to each finer map, and the logits of where it may lie, at the finest grid.

        Args:
            levels: Of each image, the finer maps (B, C, H, W), finest first, and the embedding.
            tokens: Fused tokens of N findings, those of one image after another.
            coarse: Their location logits at the embedding's grid.
        """
        read = self.read(levels)
        per_image = tokens.shape[0] // read.shape[0]
        said = [tokens[:, ALL.index(aspect)].to(read.dtype) for aspect in self.aspects]
        key = self.key(torch.cat(said, dim=1)).unflatten(0, (-1, per_image))
        own = torch.einsum("brhw,bkr->bkhw", read, key).flatten(0, 1)[:, None] / math.sqrt(read.shape[1])
        logits = own + self.strength * _resized(coarse.to(own.dtype), own) + self.bias
        value = sum(
            self.value[aspect](token) * self.get_parameter(f"{aspect}_gate").repeat(2)
            for aspect, token in zip(self.aspects, said, strict=True)
        )
        scale, shift = value.unflatten(0, (-1, per_image)).chunk(2, dim=-1)
        attention = torch.sigmoid(logits)
        added = []
        for level, up in zip(levels, self.up, strict=False):
            near, where = (_pooled(maps, level) for maps in (read, attention))
            scaled = torch.einsum("brhw,bkcr->bkchw", near, scale[:, :, None] * up)
            added.append((scaled + (shift @ up.T)[..., None, None]).flatten(0, 1) * where)
        return added, logits

    def read(self, levels: Sequence[Tensor]) -> Float[Tensor, "b r y x"]:
        """The maps of each image as one, at the grid of the first."""
        parts = [norm(down(level)) for level, down, norm in zip(levels, self.down, self.norm, strict=True)]
        for part in parts[1:]:
            parts[0] = parts[0] + _resized(part, parts[0])
        return self.mix(parts[0])


def _resized(maps: Float[Tensor, "n c h w"], like: Tensor) -> Float[Tensor, "n c y x"]:
    return F.interpolate(maps, like.shape[-2:], mode="bilinear", align_corners=False)


def _pooled(maps: Float[Tensor, "n c h w"], like: Tensor) -> Float[Tensor, "n c y x"]:
    size = (like.shape[-2], like.shape[-1])
    return maps if tuple(maps.shape[-2:]) == size else F.adaptive_avg_pool2d(maps, size)
