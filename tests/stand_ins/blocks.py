"""What encoders are built of: blocks on maps and on tokens, and steps down between them."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

DIM = 32
"""Channels of every host's image embedding."""


class MapBlock(nn.Module):
    """A block on maps, (B, C, H, W); with batch normalisation, as mobile encoders have it."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)
        self.norm = nn.BatchNorm2d(dim)

    def forward(self, maps: Tensor) -> Tensor:
        return maps + F.gelu(self.norm(self.conv(maps)))


class TokenBlock(nn.Module):
    """A block on tokens, (..., C): (B, N, C) or (B, H, W, C)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim_out = dim
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm(tokens)).flatten(1, -2).chunk(3, dim=-1)
        return tokens + self.proj(F.scaled_dot_product_attention(q, k, v)).view_as(tokens)


class Patches(nn.Module):
    """Patches of 16 px as tokens."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 16, 16)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.proj(pixels)


class Stage(nn.Module):
    """One of TinyViT's layers: blocks, then a step down."""

    def __init__(self, blocks: list[nn.Module], down: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = down

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


class Merge(nn.Module):
    """A step down to tokens, from maps or tokens."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            side = math.isqrt(x.shape[1])
            x = x.transpose(1, 2).unflatten(2, (side, side))
        return self.conv(x).flatten(2).transpose(1, 2)
