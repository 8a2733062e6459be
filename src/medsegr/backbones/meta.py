"""Hosts of Meta's own packages and of what builds on them.

``segment_anything`` (and MedSAM's, MobileSAM's and micro-sam's ``Sam`` objects), ``sam2`` and
EfficientSAM. Nothing of them is imported here: an object that a user has built is used by the
names of its parts.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone, convolution_dims
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts, finer_maps

NOT_A_POINT, CORNERS = -1, (2, 3)
"""Labels of Meta's prompt encoders: padding, and the two corners of a box."""


class MetaSamBackbone(Backbone):
    """A ``Sam`` of ``segment_anything``'s build, whatever its image encoder is."""

    @property
    def image_size(self) -> int:
        return int(self.model.image_encoder.img_size)

    def block_dims(self) -> list[int]:
        encoder = self.model.image_encoder
        if hasattr(encoder, "blocks") and hasattr(encoder, "patch_embed"):  # a plain ViT: one width throughout
            return [int(encoder.patch_embed.proj.out_channels)] * len(self.blocks())
        return super().block_dims()

    @property
    def embedding_dim(self) -> int:
        return int(self.model.prompt_encoder.embed_dim)

    def mask_decoder(self) -> nn.Module:
        return self.model.mask_decoder

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        return ImageEmbedding(self.model.image_encoder(pixel_values))

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        features = embedding.features
        encoder = self.model.prompt_encoder
        points, boxes = flat_points(prompts), None if prompts is None or prompts.boxes is None else prompts.boxes
        masks = None if prompts is None else prompts.mask_input(features)
        sparse, dense = encoder(points=points, boxes=None if boxes is None else boxes.flatten(0, 1), masks=masks)
        sparse = sparse.expand(features.shape[0], -1, -1)
        if tokens is not None:
            sparse = torch.cat([sparse, tokens.to(sparse.dtype)], dim=1)
        return predict_masks(decoder, features.contiguous() + dense, encoder.get_dense_pe(), sparse)[:, 0]


def predict_masks(
    decoder: Any,
    features: Float[Tensor, "n c h w"],
    positions: Float[Tensor, "1 c h w"],
    sparse: Float[Tensor, "n t c"],
) -> Float[Tensor, "n m y x"]:
    """What ``MaskDecoder.predict_masks`` of ``segment_anything`` computes, for N images at once.

    The original repeats one image for all prompts; here every finding has an embedding of its own.
    The decoder's parts are called in its order, so that the masks are its own.
    """
    count = features.shape[0]
    output = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight], dim=0)
    tokens = torch.cat((output[None].expand(count, -1, -1), sparse), dim=1)
    read, seen = decoder.transformer(features, positions.expand(count, -1, -1, -1), tokens)
    upscaled = decoder.output_upscaling(seen.transpose(1, 2).reshape(features.shape))
    hyper = torch.stack([mlp(read[:, 1 + place]) for place, mlp in enumerate(decoder.output_hypernetworks_mlps)], dim=1)
    return (hyper @ upscaled.flatten(2)).unflatten(2, upscaled.shape[-2:])


class MetaSam2Backbone(Backbone):
    """A ``SAM2Base`` of Meta's ``sam2``."""

    fine_maps = True

    @property
    def image_size(self) -> int:
        return int(self.model.image_size)

    def block_dims(self) -> list[int]:
        return [int(block.dim_out) for block in self.blocks()]  # type: ignore[arg-type]

    @property
    def embedding_dim(self) -> int:
        return int(self.model.sam_prompt_encoder.embed_dim)

    def mask_decoder(self) -> nn.Module:
        return self.model.sam_mask_decoder

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        *fine, last = self.model.image_encoder(pixel_values)["backbone_fpn"][-self.model.num_feature_levels :]
        if self.model.directly_add_no_mem_embed:
            last = last + self.model.no_mem_embed.reshape(1, -1, 1, 1)
        return ImageEmbedding(last, tuple(fine) if self.model.use_high_res_features_in_sam else ())

    def fine_dims(self) -> tuple[tuple[int, int], ...]:
        if not self.model.use_high_res_features_in_sam:
            return ()
        decoder = self.model.sam_mask_decoder
        return convolution_dims(decoder.conv_s0, decoder.conv_s1)

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: Any
    ) -> Float[Tensor, "n h w"]:
        features = embedding.features
        encoder = self.model.sam_prompt_encoder
        masks = None if prompts is None else prompts.mask_input(features)
        sparse, dense = encoder(points=points_and_corners(prompts, features), boxes=None, masks=masks)
        if tokens is not None:
            sparse = torch.cat([sparse, tokens.to(sparse.dtype)], dim=1)
        fine = None
        if embedding.high_resolution:
            finest, finer = embedding.high_resolution
            levels = (decoder.conv_s0(finest), decoder.conv_s1(finer))
            fine = finer_maps(levels, embedding)
        masks = decoder(
            image_embeddings=features,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
            repeat_image=False,
            high_res_features=fine,
        )[0]
        return masks[:, 0]


class EfficientSamBackbone(MetaSamBackbone):
    """An ``EfficientSam``: tokens between its blocks, and a fixed number of points in its prompt."""

    takes_masks = False

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        features = embedding.features
        encoder, most = self.model.prompt_encoder, self.model.decoder_max_num_input_points
        points, labels = features.new_zeros(len(features), 0, 2), features.new_zeros(len(features), 0)
        if prompts is not None and prompts.given:
            points, labels = points_and_corners(prompts, features)
        missing = max(0, most - points.shape[1])
        points = nn.functional.pad(points[:, :most], (0, 0, 0, missing), value=-1.0)
        labels = nn.functional.pad(labels[:, :most], (0, missing), value=NOT_A_POINT)
        sparse = encoder(points, labels)
        if tokens is not None:
            sparse = torch.cat([sparse, tokens.to(sparse.dtype)], dim=1)
        masks = decoder(
            features, encoder.get_dense_pe(), sparse_prompt_embeddings=sparse[:, None], multimask_output=False
        )[0]
        return masks[:, 0]


def flat_points(prompts: Prompts | None) -> tuple[Tensor, Tensor] | None:
    """Clicks as Meta's prompt encoders take them: (N, P, 2) and labels (N, P); None for none."""
    if prompts is None or prompts.points is None or prompts.labels is None:
        return None
    labels = prompts.labels.flatten(0, 1)
    return prompts.points.flatten(0, 1), torch.where(labels == -10, torch.full_like(labels, NOT_A_POINT), labels)


def points_and_corners(prompts: Prompts | None, features: Float[Tensor, "n c h w"]) -> tuple[Tensor, Tensor]:
    """Boxes' corners, then clicks, as labelled points; one that is no point where there is neither."""
    points, labels = [], []
    if prompts is not None and prompts.boxes is not None:
        boxes = prompts.boxes.flatten(0, 1)
        points.append(boxes.view(-1, 2, 2))
        labels.append(torch.tensor([CORNERS], device=boxes.device).expand(len(boxes), -1))
    clicks = flat_points(prompts)
    if clicks is not None:
        points.append(clicks[0])
        labels.append(clicks[1])
    if not points:
        return features.new_zeros(len(features), 1, 2), torch.full(
            (len(features), 1), NOT_A_POINT, device=features.device
        )
    return torch.cat(points, dim=1), torch.cat(labels, dim=1)
