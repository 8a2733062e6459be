"""Small stand-ins for hosts whose packages cannot be imported here: the same parts, names and layouts.

They are written from the interfaces alone: what blocks return (BHWC, BCHW, tokens, changing from stage
to stage), how prompt encoder and mask decoder are called. The packages themselves are tested where present.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

DIM = 32


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

    def get_dense_pe(self) -> Tensor:
        return self.positions.grid(self.side)

    def embed(self, points: Tensor, labels: Tensor) -> Tensor:
        return self.positions((points + 0.5) / self.size) * (labels >= 0)[..., None] + self.labels(labels.long() + 1)

    def forward(self, points, boxes, masks) -> tuple[Tensor, Tensor]:
        count = 1 if points is None and boxes is None else len(points[0] if points is not None else boxes)
        parts = [self.no_mask.weight.new_zeros(count, 0, DIM)] if points is None else [self.embed(*points)]
        if boxes is not None:
            parts.append(self.embed(boxes.view(-1, 2, 2), boxes.new_tensor([[2, 3]]).expand(count, -1)))
        dense = self.no_mask.weight.view(1, DIM, 1, 1).expand(count, -1, self.side, self.side)
        return torch.cat(parts, dim=1), dense


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


class Sam(nn.Module):
    """Of ``segment_anything``, MobileSAM and micro-sam."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.image_encoder = encoder
        self.prompt_encoder = PromptEncoder(encoder.img_size, 4)
        self.mask_decoder = MaskDecoder()

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its own ``forward`` does, before anything is resized."""
        sparse, dense = self.prompt_encoder(points, boxes, None)
        image = self.image_encoder(pixels)
        return self.mask_decoder(image, self.prompt_encoder.get_dense_pe(), sparse, dense, False)[0]


class EfficientSam(nn.Module):
    """Of EfficientSAM."""

    def __init__(self) -> None:
        super().__init__()
        self.image_encoder = ImageEncoderViT(tokens=True)
        self.prompt_encoder = PointEncoder(64, 4)
        self.decoder_max_num_input_points = 3
        self.mask_decoder = ManyImagesDecoder()

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its own ``predict_masks`` does, with padding up to its number of points."""
        coords, labels = points if points is not None else (torch.zeros(1, 0, 2), torch.zeros(1, 0, dtype=torch.long))
        if boxes is not None:
            coords, labels = boxes.view(-1, 2, 2), torch.tensor([[2, 3]])
        missing = self.decoder_max_num_input_points - coords.shape[1]
        coords, labels = F.pad(coords, (0, 0, 0, missing), value=-1.0), F.pad(labels, (0, missing), value=-1)
        sparse = self.prompt_encoder(coords, labels)[:, None]
        return self.mask_decoder(self.image_encoder(pixels), self.prompt_encoder.get_dense_pe(), sparse, False)[0]


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


class SAM2Base(nn.Module):
    """Of Meta's ``sam2``."""

    def __init__(self) -> None:
        super().__init__()
        self.image_size, self.num_feature_levels = 64, 3
        self.use_high_res_features_in_sam = self.directly_add_no_mem_embed = True
        self.image_encoder = FpnEncoder()
        self.sam_prompt_encoder = PromptEncoder(64, 4)
        self.sam_mask_decoder = FineDecoder()
        self.no_mem_embed = nn.Parameter(torch.randn(1, 1, DIM))

    def masks(self, pixels: Tensor, points=None, boxes=None) -> Tensor:
        """As its ``_forward_sam_heads`` does: one that is no point where there is none."""
        if boxes is not None:
            points = (boxes.view(-1, 2, 2), torch.tensor([[2, 3]]))
        elif points is None:
            points = (torch.zeros(1, 1, 2), -torch.ones(1, 1, dtype=torch.long))
        *fine, last = self.image_encoder(pixels)["backbone_fpn"]
        fine = [self.sam_mask_decoder.conv_s0(fine[0]), self.sam_mask_decoder.conv_s1(fine[1])]
        sparse, dense = self.sam_prompt_encoder(points, None, None)
        image = last + self.no_mem_embed.view(1, -1, 1, 1)
        positions = self.sam_prompt_encoder.get_dense_pe()
        return self.sam_mask_decoder(image, positions, sparse, dense, False, False, fine)[0]


class ConvNet(nn.Module):
    """A network that no catalogue knows: convolutional blocks with batch normalisation, and a head."""

    def __init__(self, dim: int = 24) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, dim, 8, 4, 2)
        self.body = nn.ModuleList(MapBlock(dim) for _ in range(4))
        self.head = nn.Sequential(nn.Conv2d(dim, 16, 3, padding=1), nn.GELU(), nn.Conv2d(16, 1, 1))

    def features(self, pixels: Tensor) -> Tensor:
        x = self.stem(pixels)
        for block in self.body:
            x = block(x)
        return x

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.features(pixels))


def conv_net_features(model: ConvNet, pixels: Tensor) -> Tensor:
    """How its encoder is called; importable, so that a model can be pickled."""
    return model.features(pixels)
