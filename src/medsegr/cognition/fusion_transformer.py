"""Prior tokens attend to each other and to a coarse view of the image."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class CoarseView(nn.Module):
    """A few tokens that say roughly what the image shows.

    Args:
        dim: Width D of a token.
        side: Tokens per side of the picture.
    """

    PATCH = 4

    def __init__(self, dim: int, side: int = 8) -> None:
        super().__init__()
        self.side = side
        self.patch = nn.Conv2d(3, dim, self.PATCH, self.PATCH)
        self.position = nn.Parameter(torch.randn(side * side, dim) * 0.02)

    def forward(self, pixel_values: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n d"]:
        """Tokens of the normalised picture, averaged down to (4 * side) squared pixels."""
        small = F.adaptive_avg_pool2d(pixel_values, self.side * self.PATCH)
        return self.patch(small).flatten(2).transpose(1, 2) + self.position


class FusionBlock(nn.Module):
    """Self-attention among prior tokens, cross-attention to the image, feed-forward; pre-norm."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm_self = nn.LayerNorm(dim)
        self.attend_self = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm_image = nn.LayerNorm(dim)
        self.attend_image = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm_forward = nn.LayerNorm(dim)
        self.forward_layer = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(
        self, tokens: Float[Tensor, "b n d"], view: Float[Tensor, "b m d"], padding: Bool[Tensor, "b n"]
    ) -> Float[Tensor, "b n d"]:
        """Fused tokens. ``padding`` is True where a token is not to be attended to."""
        inner = self.norm_self(tokens)
        tokens = tokens + self.attend_self(inner, inner, inner, key_padding_mask=padding, need_weights=False)[0]
        inner = self.norm_image(tokens)
        tokens = tokens + self.attend_image(inner, view, view, need_weights=False)[0]
        return tokens + self.forward_layer(self.norm_forward(tokens))


class FusionTransformer(nn.Module):
    """Fuses the tokens [target, location, texture, shape] of all findings of a report.

    So two findings of one report can be told apart, and each aspect's token
    knows the other three. Padding findings are masked. Tokens of a finding
    carry no position among the findings: the order of a report does not matter.

    Args:
        dim: Width D of a token.
        heads: Attention heads; must divide ``dim``.
        blocks: Number of transformer blocks.

    Source: "a transformer block fuses the priors" (MedSeg-R, arXiv 2506.18669,
    abstract); the coarse view of the image is ours.
    """

    def __init__(self, dim: int, heads: int = 4, blocks: int = 1) -> None:
        super().__init__()
        self.view = CoarseView(dim)
        self.identity = nn.Parameter(torch.randn(dim, dim) * dim**-0.5)
        self.blocks = nn.ModuleList(FusionBlock(dim, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)

    def forward(
        self,
        tokens: Float[Tensor, "b k 4 d"],
        pixel_values: Float[Tensor, "b 3 h w"],
        valid: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b k 4 d"]:
        """Fused tokens.

        Args:
            tokens: One token per aspect and finding.
            pixel_values: The host's normalised picture.
            valid: 1 for findings, 0 for padding.
        """
        batch, findings, aspects, dim = tokens.shape
        # A finding's own summary goes into each of its tokens: attention alone
        # would have to guess which of the tokens belong to the same finding.
        tokens = tokens + (tokens.mean(2, keepdim=True) @ self.identity)
        flat = tokens.reshape(batch, findings * aspects, dim)
        padding = (valid < 0.5).repeat_interleave(aspects, dim=1)
        padding = padding & ~padding.all(1, keepdim=True)
        view = self.view(pixel_values)
        for block in self.blocks:
            flat = block(flat, view, padding)
        return self.norm(flat).view(batch, findings, aspects, dim)
