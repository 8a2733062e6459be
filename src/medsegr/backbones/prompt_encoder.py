"""SAM's prompt encoder, for the hosts that are built here; see ``two_way_transformer.py`` for why and whence."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor, nn

NOT_A_POINT, PADDING = -1, -10
"""Labels of a point that stands for none, and of one that only fills a row."""


class ChannelNorm(nn.LayerNorm):
    """A layer norm over the channels of a map."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Each position by itself."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PositionEncoding(nn.Module):
    """Sines and cosines of random projections (Tancik et al., NeurIPS 2020).

    Args:
        dim: Channels.
        scale: Of the projections.
        trained: Whether they count as a weight, as in SAM's form of ``transformers``.
    """

    def __init__(self, dim: int, scale: float, trained: bool) -> None:
        super().__init__()
        projections = scale * torch.randn((2, dim // 2))
        self.positional_embedding = nn.Parameter(projections) if trained else nn.Buffer(projections)

    def forward(self, places: Float[Tensor, "*b 2"], shape: tuple[int, int] | None = None) -> Float[Tensor, "*b d"]:
        """Places as x, y from 0 to 1, or in pixels of a square of ``shape`` (rows, columns)."""
        if shape is not None:
            places = torch.stack([places[..., 0] / shape[1], places[..., 1] / shape[0]], dim=-1)
        angles = 2 * math.pi * ((2 * places - 1).to(self.positional_embedding.dtype) @ self.positional_embedding)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


class MaskEmbed(nn.Module):
    """A mask's logits as a map of the embedding's grid.

    Args:
        dim: Channels.
        inside: Channels before the last convolution.
    """

    def __init__(self, dim: int, inside: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, inside // 4, 2, 2)
        self.conv2 = nn.Conv2d(inside // 4, inside, 2, 2)
        self.conv3 = nn.Conv2d(inside, dim, 1)
        self.layer_norm1 = ChannelNorm(inside // 4)
        self.layer_norm2 = ChannelNorm(inside)

    def forward(self, masks: Float[Tensor, "n 1 y x"]) -> Float[Tensor, "n d h w"]:
        """From four times the embedding's grid."""
        hidden = F.gelu(self.layer_norm1(self.conv1(masks)))
        return self.conv3(F.gelu(self.layer_norm2(self.conv2(hidden))))


class PromptEncoder(nn.Module):
    """Clicks, boxes and masks -> what the mask decoder takes.

    Args:
        dim: Channels.
        image_size: Side of the host's square, in pixels.
        grid: Side of the embedding.
        scale: Of the positions.
        build: Whose names and parts, as in :class:`medsegr.backbones.two_way_transformer.DecoderSizes`.
    """

    def __init__(
        self, dim: int, image_size: int, grid: int, scale: float = 1.0, build: Literal["sam", "sam2"] = "sam"
    ) -> None:
        super().__init__()
        self.newer = build == "sam2"
        self.shared_embedding = PositionEncoding(dim, scale, trained=not self.newer)
        self.mask_embed = MaskEmbed(dim)
        self.no_mask_embed = nn.Embedding(1, dim)
        self.image_embedding_size = (grid, grid)
        self.input_image_size = image_size
        kinds = nn.Embedding(4, dim) if self.newer else nn.ModuleList(nn.Embedding(1, dim) for _ in range(4))
        self.point_embed: nn.Module = kinds
        self.not_a_point_embed = nn.Embedding(1, dim)

    def forward(
        self,
        input_points: Float[Tensor, "b k p 2"] | None,
        input_labels: Shaped[Tensor, "b k p"] | None,
        input_boxes: Float[Tensor, "b k 4"] | None,
        input_masks: Float[Tensor, "b 1 y x"] | None,
    ) -> tuple[Float[Tensor, "b k t d"] | None, Float[Tensor, "_ d h w"]]:
        """Tokens of K prompts of an image, None without clicks and boxes; and the map of masks, or of none.

        Args:
            input_points: As x, y in pixels of the host's square.
            input_labels: 1 foreground, 0 background, -1 no point, -10 padding; given with the points.
            input_boxes: As x1, y1, x2, y2.
            input_masks: Logits at four times the embedding's grid.
        """
        tokens, count = [], 1
        if input_points is not None and input_labels is not None:
            count = input_points.shape[0]
            tokens.append(self._points(input_points, input_labels, pad=input_boxes is None))
        if input_boxes is not None:
            count = input_boxes.shape[0]
            tokens.append(self._boxes(input_boxes))
        sparse = torch.cat(tokens, dim=2) if tokens else None
        if input_masks is not None:
            return sparse, self.mask_embed(input_masks)
        nothing = self.no_mask_embed.weight.reshape(1, -1, 1, 1)
        return sparse, nothing.expand(count, -1, *self.image_embedding_size)

    def _points(
        self, points: Float[Tensor, "b k p 2"], labels: Shaped[Tensor, "b k p"], pad: bool
    ) -> Float[Tensor, "b k t d"]:
        points = points + 0.5  # a pixel's centre
        if pad:
            points, labels = F.pad(points, (0, 0, 0, 1)), F.pad(labels, (0, 1), value=NOT_A_POINT)
        labels = labels[..., None]
        placed = self.shared_embedding(points, self._square)
        placed = torch.where(labels == NOT_A_POINT, self.not_a_point_embed.weight, placed)
        placed = torch.where(labels == PADDING, torch.zeros_like(placed), placed)
        for kind in (0, 1):
            placed = torch.where(labels == kind, placed + self._kind(kind), placed)
        return placed

    def _boxes(self, boxes: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k t d"]:
        """Two corners, and in SAM 2's form the point that stands for none."""
        corners = self.shared_embedding((boxes + 0.5).unflatten(-1, (2, 2)), self._square)
        corners = corners + torch.cat([self._kind(2), self._kind(3)])
        if not self.newer:
            return corners
        none = self.not_a_point_embed.weight.expand(*corners.shape[:2], 1, -1)
        return torch.cat([corners, none.to(corners.dtype)], dim=2)

    def _kind(self, kind: int) -> Float[Tensor, "1 d"]:
        """Background, foreground, first and last corner."""
        if isinstance(self.point_embed, nn.Embedding):
            return self.point_embed.weight[kind : kind + 1]
        return self.point_embed.get_submodule(str(kind)).weight  # type: ignore[return-value]

    @property
    def _square(self) -> tuple[int, int]:
        return self.input_image_size, self.input_image_size
