"""Image encoders: of one grid, with a grid that changes between layers, and with one that changes between blocks."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tests.stand_ins.blocks import DIM, MapBlock, Merge, Patches, Stage, TokenBlock


class ImageEncoderViT(nn.Module):
    """Of ``segment_anything`` (BHWC) or, with ``tokens``, of EfficientSAM (BNC)."""

    def __init__(self, size: int = 64, dim: int = 24, depth: int = 4, tokens: bool = False) -> None:
        super().__init__()
        self.img_size = size
        self.tokens = tokens
        self.use_checkpoint = False
        self.patch_embed = Patches(dim)
        self.pos_embed = nn.Parameter(0.1 * torch.randn(1, size // 16, size // 16, dim))
        self.blocks = nn.ModuleList(TokenBlock(dim) for _ in range(depth))
        self.neck = nn.Conv2d(dim, DIM, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.patch_embed(pixels).permute(0, 2, 3, 1) + self.pos_embed
        shape = x.shape
        x = x.flatten(1, 2) if self.tokens else x
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.use_checkpoint else block(x)
        return self.neck(x.view(shape).permute(0, 3, 1, 2))


class TinyViT(nn.Module):
    """Of MobileSAM: maps in the first layer, tokens afterwards; channels and grid change."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        self.img_size = size
        self.patch_embed = nn.Conv2d(3, 16, 4, 4)
        self.layers = nn.ModuleList(
            [
                Stage([MapBlock(16), MapBlock(16)], Merge(16, 24, 2)),
                Stage([TokenBlock(24), TokenBlock(24)], Merge(24, 32, 2)),
                Stage([TokenBlock(32), TokenBlock(32)], Merge(32, 40, 1)),
                Stage([TokenBlock(40)], None),
            ]
        )
        self.neck = nn.Conv2d(40, DIM, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.patch_embed(pixels)
        for layer in self.layers:
            x = layer(x)
        side = math.isqrt(x.shape[1])
        return self.neck(x.transpose(1, 2).unflatten(2, (side, side)))


class Trunk(nn.Module):
    """Hiera's way: channels and grid change inside the list of blocks."""

    class Down(nn.Module):
        def __init__(self, before: int, after: int) -> None:
            super().__init__()
            self.dim_out = after
            self.proj = nn.Linear(before, after)

        def forward(self, x: Tensor) -> Tensor:
            return self.proj(F.avg_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1))

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, 16, 4, 4)
        self.blocks = nn.ModuleList(
            [TokenBlock(16), self.Down(16, 24), TokenBlock(24), self.Down(24, 32), TokenBlock(32), TokenBlock(32)]
        )

    def forward(self, pixels: Tensor) -> list[Tensor]:
        x, levels = self.patch_embed(pixels).permute(0, 2, 3, 1), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in (0, 2, 5):
                levels.append(x.permute(0, 3, 1, 2))
        return levels


class FpnEncoder(nn.Module):
    """Of Meta's ``sam2``: trunk and neck."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.neck = nn.ModuleList(nn.Conv2d(width, DIM, 1) for width in (16, 24, 32))

    def forward(self, pixels: Tensor) -> dict:
        levels = [conv(level) for conv, level in zip(self.neck, self.trunk(pixels), strict=True)]
        return {"backbone_fpn": levels, "vision_features": levels[-1]}
