"""TinyViT as SAM's small image encoders have it, with their names of tensors: LiteMedSAM's, and MobileSAM's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from medsegr.backbones.fused_layers import Bands, by_bands, convolved, linear


@dataclass(frozen=True)
class TinyVitConfig:
    """Sizes of a TinyViT.

    Attributes:
        image_size: Side of the square input, in pixels.
        stem_stride: How far the first convolutions shrink the picture: 1 (LiteMedSAM) or 4 (MobileSAM).
        dims: Channels of the four stages.
        depths: Their numbers of blocks.
        heads: Their attention heads; the first stage has convolutions instead.
        windows: Sides of their attention windows, in cells.
        neck: Channels of the image embedding.
    """

    image_size: int = 256
    stem_stride: int = 1
    dims: tuple[int, ...] = (64, 128, 160, 320)
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (2, 4, 5, 10)
    windows: tuple[int, ...] = (7, 7, 14, 7)
    neck: int = 256

    @property
    def grid(self) -> int:
        """Side of the image embedding, in cells: two of the three mergings halve it."""
        return self.image_size // self.stem_stride // 4


class TinyVit(nn.Module):
    """A picture -> SAM's image embedding.

    Blocks of the first stage give maps (B, C, H, W), those of the others tokens (B, N, C), row by row.

    Source: TinyViT (Wu et al., ECCV 2022), as in MobileSAM and in MedSAM's branch LiteMedSAM (Apache-2.0), which
    leaves the strides out of the first convolutions. Written anew, so that the tensors have the same names.
    """

    def __init__(self, config: TinyVitConfig) -> None:
        super().__init__()
        self.img_size = config.image_size
        self.patch_embed = _Stem(config.dims[0], config.stem_stride)
        stages: list[nn.Module] = [_Stage([_ConvBlock(config.dims[0]) for _ in range(config.depths[0])])]
        for dim, depth, heads, window in list(
            zip(config.dims, config.depths, config.heads, config.windows, strict=True)
        )[1:]:
            stages.append(_Stage([_AttentionBlock(dim, heads, window) for _ in range(depth)]))
        for place, stage in enumerate(stages[:-1]):
            stage.downsample = _Merge(config.dims[place], config.dims[place + 1], 1 if place == 2 else 2)
        self.layers = nn.ModuleList(stages)
        self.neck = nn.Sequential(
            nn.Conv2d(config.dims[-1], config.neck, 1, bias=False),
            _ChannelNorm(config.neck),
            nn.Conv2d(config.neck, config.neck, 3, padding=1, bias=False),
            _ChannelNorm(config.neck),
        )

    def forward(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c h w"]:
        """The image embedding."""
        return self.after(-1, self.stem(pixels))

    def stem(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c y x"]:
        """The first convolutions; channels last, as later tokens lie: a quarter of the time less on a CPU."""
        return self.patch_embed(pixels.contiguous(memory_format=torch.channels_last))

    def after(self, block: int, features: Tensor) -> Float[Tensor, "b c h w"]:
        """The image embedding from what block number ``block`` left; from the stem's maps for -1."""
        place = 0
        if features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        for stage in self.layers:
            for inner in stage.blocks:  # type: ignore[union-attr]
                if place > block:
                    features = inner(features)
                place += 1
            # A merging belongs to the stage before it: it has run where a later stage's block has.
            if stage.downsample is not None and place > block:
                features = stage.downsample(features)  # type: ignore[operator]
        return self.neck(to_map(features))

    def before(self, block: int, pixels: Float[Tensor, "b 3 s s"]) -> Tensor:
        """What block number ``block`` leaves, as it leaves it."""
        features, place = self.stem(pixels), 0
        for stage in self.layers:
            for inner in stage.blocks:  # type: ignore[union-attr]
                features = inner(features)
                if place == block:
                    return features
                place += 1
            features = stage.downsample(features)  # type: ignore[operator]
        raise IndexError(block)


def to_map(tokens: Float[Tensor, "b n c"]) -> Float[Tensor, "b c h h"]:
    """Tokens, row by row over a square grid, as maps."""
    side = round(tokens.shape[1] ** 0.5)
    return tokens.transpose(1, 2).unflatten(2, (side, side))


class _ConvNorm(nn.Sequential):
    """A convolution and its batch norm."""

    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.c = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(after)

    def forward(self, maps: Tensor, gelu: bool = False) -> Tensor:
        """Both, and with ``gelu`` the GELU of them."""
        return convolved(self.c, self.bn, maps, gelu)


class _Stem(nn.Module):
    """The first two convolutions: of single pixels, or of 3 x 3 with a stride of 2 each."""

    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        kernel, each = (1, 1) if stride == 1 else (3, 2)
        self.seq = nn.Sequential(
            _ConvNorm(3, dim // 2, kernel, each), nn.GELU(), _ConvNorm(dim // 2, dim, kernel, each)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        first, _, second = self.seq
        return second(first(pixels, gelu=True))


class _Stage(nn.Module):
    """Blocks, and what merges their cells for the next stage."""

    downsample: nn.Module | None

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = None


class _Bottleneck(nn.Module):
    """MobileNet's inverted one: single cells are mixed, then each channel at 3 x 3, then single cells again."""

    def __init__(self, before: int, inside: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = _ConvNorm(before, inside)
        self.conv2 = _ConvNorm(inside, inside, 3, stride, groups=inside)
        self.conv3 = _ConvNorm(inside, after)

    def forward(self, maps: Tensor) -> Tensor:
        """All three, a band of rows after another."""
        row = maps.shape[0] * maps.shape[3] * self.conv3.c.in_channels
        return by_bands(self.convolved, maps, Bands(dim=2, row=row, reach=1, stride=self.stride))

    def convolved(self, maps: Tensor) -> Tensor:
        """All three."""
        return self.conv3(self.conv2(self.conv1(maps, gelu=True), gelu=True))


class _ConvBlock(_Bottleneck):
    """A bottleneck beside a shortcut."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, 4 * dim, dim)

    def convolved(self, maps: Tensor) -> Tensor:
        return F.gelu(super().convolved(maps) + maps)


class _Merge(_Bottleneck):
    """Maps or tokens -> tokens of more channels, at half the grid where ``stride`` is 2."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__(before, after, after, stride)

    def forward(self, features: Tensor) -> Float[Tensor, "b n c"]:
        maps = to_map(features) if features.ndim == 3 else features
        return super().forward(maps).flatten(2).transpose(1, 2)


class _Attention(nn.Module):
    """Attention inside a window, with a learned bias for each distance of rows and columns."""

    attention_bias_idxs: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        index, count = distances(window)
        self.attention_biases = nn.Parameter(torch.zeros(heads, count))
        self.register_buffer("attention_bias_idxs", index, persistent=False)

    def forward(self, maps: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        """What cells read of their window, with windows counted from the upper left."""
        batch, height, width, dim = maps.shape
        window, empty = self.window, self.qkv(self.norm.bias)
        down, right = -height % window, -width % window
        asked = linear(self.qkv, self.norm(maps))  # windows at the edges are filled up with zeros before the norm
        if right:
            asked = torch.cat([asked, empty.expand(batch, height, right, -1)], dim=2)
        if down:
            asked = torch.cat([asked, empty.expand(batch, down, width + right, -1)], dim=1)
        across = (batch, (height + down) // window, (width + right) // window)
        windows = asked.unflatten(2, (-1, window)).unflatten(1, (-1, window)).transpose(2, 3)
        parts = windows.reshape(math.prod(across), window**2, self.heads, -1).transpose(1, 2).chunk(3, dim=3)
        query, key, value = (part.contiguous() for part in parts)
        bias = self.attention_biases[:, self.attention_bias_idxs].to(query.dtype)
        seen = attended(query, key, value, bias).transpose(1, 2).reshape(*across, window, window, dim)
        back = seen.transpose(2, 3).flatten(3, 4).flatten(1, 2)[:, :height, :width]
        return linear(self.proj, back)


def attended(
    query: Float[Tensor, "w h n d"], key: Float[Tensor, "w h n d"], value: Float[Tensor, "w h n d"], bias: Tensor
) -> Float[Tensor, "w h n d"]:
    """Attention with a bias (h, n, n) for each pair of cells.

    In bfloat16 on a CPU in plain products: the fused kernel's backward pass takes five to ten times as long there
    (torch 2.13), and its forward pass is no faster.
    """
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
    scores = ((query * query.shape[-1] ** -0.5) @ key.transpose(2, 3)).add_(bias)
    return scores.softmax(-1) @ value


def distances(window: int) -> tuple[Int[Tensor, "n n"], int]:
    """For each pair of a window's cells the number of their distance (rows, columns), in order of appearance."""
    cells = list(product(range(window), range(window)))
    seen: dict[tuple[int, int], int] = {}
    numbers = [
        seen.setdefault((abs(one[0] - other[0]), abs(one[1] - other[1])), len(seen)) for one in cells for other in cells
    ]
    return torch.tensor(numbers).view(len(cells), len(cells)), len(seen)


class _Mlp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return linear(self.fc2, linear(self.fc1, self.norm(tokens), gelu=True))


class _AttentionBlock(nn.Module):
    """Attention in windows, a convolution over the whole map, and a perceptron."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.dim, self.window = dim, window
        self.attn = _Attention(dim, heads, window)
        self.mlp = _Mlp(dim)
        self.local_conv = _ConvNorm(dim, dim, 3, groups=dim)

    def forward(self, tokens: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        batch, side = tokens.shape[0], round(tokens.shape[1] ** 0.5)
        row, maps = batch * side * self.dim, tokens.view(batch, side, side, self.dim)
        maps = by_bands(lambda band: band + self.attn(band), maps, Bands(dim=1, row=6 * row, whole=self.window))
        tokens = self.local_conv(maps.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        return by_bands(lambda band: band + self.mlp(band), tokens, Bands(dim=1, row=4 * batch * self.dim))


class _ChannelNorm(nn.Module):
    """A layer norm over the channels of a map."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        channels_last = maps.permute(0, 2, 3, 1)
        return F.layer_norm(channels_last, channels_last.shape[-1:], self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)
