"""Prompt encoders and mask decoders."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.stand_ins.blocks import DIM


class Positions(nn.Module):
    """Random spatial frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.randn(2, DIM // 2))

    def forward(self, places: Tensor) -> Tensor:
        turned = 2 * math.pi * (2 * places - 1) @ self.matrix
        return torch.cat([turned.sin(), turned.cos()], dim=-1)

    def grid(self, side: int) -> Tensor:
        centres = (torch.arange(side, device=self.matrix.device) + 0.5) / side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self(torch.stack([x, y], -1)).permute(2, 0, 1)[None]


class PromptEncoder(nn.Module):
    """Of ``segment_anything`` and Meta's ``sam2``: points, boxes, masks -> sparse and dense."""

    def __init__(self, size: int, side: int) -> None:
        super().__init__()
        self.size, self.side, self.embed_dim = size, side, DIM
        self.positions = Positions()
        self.labels = nn.Embedding(5, DIM)
        self.no_mask = nn.Embedding(1, DIM)
        self.mask_downscaling = nn.Conv2d(1, DIM, 4, 4)

    def get_dense_pe(self) -> Tensor:
        return self.positions.grid(self.side)

    def embed(self, points: Tensor, labels: Tensor) -> Tensor:
        return self.positions((points + 0.5) / self.size) * (labels >= 0)[..., None] + self.labels(labels.long() + 1)

    def forward(self, points, boxes, masks) -> tuple[Tensor, Tensor]:
        given = [part for part in (None if points is None else points[0], boxes, masks) if part is not None]
        count = len(given[0]) if given else 1
        parts = [self.no_mask.weight.new_zeros(count, 0, DIM)] if points is None else [self.embed(*points)]
        if boxes is not None:
            parts.append(self.embed(boxes.view(-1, 2, 2), boxes.new_tensor([[2, 3]]).expand(count, -1)))
        dense = self.no_mask.weight.view(1, DIM, 1, 1).expand(count, -1, self.side, self.side)
        return torch.cat(parts, dim=1), dense if masks is None else self.mask_downscaling(masks)


class PointEncoder(PromptEncoder):
    """Of EfficientSAM: labelled points alone."""

    def forward(self, coords: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
        return self.embed(coords, labels)


class Attention(nn.Module):
    """Attention of one head, from queries to keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(DIM, DIM) for _ in range(3))

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = self.q_proj(q) @ self.k_proj(k).transpose(1, 2) / DIM**0.5
        return weights.softmax(-1) @ self.v_proj(v)


class TwoWay(nn.Module):
    """A two-way transformer of one layer: (image, positions, tokens) -> tokens, image."""

    def __init__(self) -> None:
        super().__init__()
        self.to_tokens, self.to_image = Attention(), Attention()

    def forward(self, image: Tensor, positions: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        image, positions = (part.flatten(2).transpose(1, 2) for part in (image, positions))
        tokens = tokens + self.to_tokens(tokens, image + positions, image)
        return tokens, image + self.to_image(image + positions, tokens, tokens)


class MaskDecoder(nn.Module):
    """Of ``segment_anything``: one image, N prompts."""

    def __init__(self) -> None:
        super().__init__()
        self.iou_token, self.mask_tokens = nn.Embedding(1, DIM), nn.Embedding(4, DIM)
        self.transformer = TwoWay()
        self.output_upscaling = nn.Sequential(nn.ConvTranspose2d(DIM, DIM // 4, 4, 4), nn.GELU())
        self.output_hypernetworks_mlps = nn.ModuleList(nn.Linear(DIM, DIM // 4) for _ in range(4))

    def masks(self, image: Tensor, positions: Tensor, sparse: Tensor) -> Tensor:
        output = torch.cat([self.iou_token.weight, self.mask_tokens.weight])[None].expand(len(sparse), -1, -1)
        positions = positions.expand(len(sparse), -1, -1, -1)
        read, seen = self.transformer(image, positions, torch.cat((output, sparse), dim=1))
        upscaled = self.output_upscaling(seen.transpose(1, 2).reshape(image.shape))
        hyper = torch.stack([mlp(read[:, 1 + i]) for i, mlp in enumerate(self.output_hypernetworks_mlps)], dim=1)
        return (hyper @ upscaled.flatten(2)).unflatten(2, upscaled.shape[-2:])

    def forward(self, image_embeddings, image_pe, sparse_prompt_embeddings, dense_prompt_embeddings, multimask_output):
        image = image_embeddings.repeat_interleave(len(sparse_prompt_embeddings), dim=0) + dense_prompt_embeddings
        masks = self.masks(image, image_pe, sparse_prompt_embeddings)
        return (masks[:, 1:] if multimask_output else masks[:, :1]), None


class ManyImagesDecoder(MaskDecoder):
    """Of EfficientSAM: B images with Q prompts each."""

    def forward(self, image_embeddings, image_pe, sparse_prompt_embeddings, multimask_output):  # type: ignore[override]
        queries = sparse_prompt_embeddings.shape[1]
        image = image_embeddings.repeat_interleave(queries, dim=0)
        masks = self.masks(image, image_pe, sparse_prompt_embeddings.flatten(0, 1))
        return (masks[:, 1:] if multimask_output else masks[:, :1]), None


class FineDecoder(MaskDecoder):
    """Of Meta's ``sam2``: takes finer maps, and repeats the image only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_s0, self.conv_s1 = nn.Conv2d(DIM, DIM, 1), nn.Conv2d(DIM, DIM, 1)

    def forward(  # type: ignore[override]
        self,
        image_embeddings,
        image_pe,
        sparse_prompt_embeddings,
        dense_prompt_embeddings,
        multimask_output,
        repeat_image,
        high_res_features,
    ):
        count = len(sparse_prompt_embeddings)
        image = image_embeddings.repeat_interleave(count, dim=0) if repeat_image else image_embeddings
        for level in high_res_features:
            image = image + F.adaptive_avg_pool2d(level, image.shape[-2:])
        masks = self.masks(image + dense_prompt_embeddings, image_pe, sparse_prompt_embeddings)
        return (masks[:, 1:] if multimask_output else masks[:, :1]), None, None, None
