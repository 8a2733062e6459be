"""Hugging Face ``SamModel`` and ``SamHQModel``, at any input size that the patches divide."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts, per_finding
from medsegr.errors import ConfigError


class SamBackbone(Backbone):
    """A ``transformers.SamModel`` as a host (ViT-B, L, H; MedSAM by its checkpoint)."""

    divides = True

    @property
    def image_size(self) -> int:
        return int(self.model.vision_encoder.image_size)

    @property
    def embedding_dim(self) -> int:
        return int(self.model.config.vision_config.output_channels)

    def block_dims(self) -> list[int]:
        config = self.model.config.vision_config
        return [int(config.hidden_size)] * int(config.num_hidden_layers)

    def mask_decoder(self) -> nn.Module:
        return self.model.mask_decoder

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        return ImageEmbedding(self.model.vision_encoder(pixel_values)[0])

    def before(self, block: int, pixel_values: Float[Tensor, "b 3 s s"]) -> Tensor:
        encoder = self.model.vision_encoder
        features = encoder.patch_embed(pixel_values)
        if encoder.pos_embed is not None:
            features = features + encoder.pos_embed
        for layer in encoder.layers[: block + 1]:
            features = layer(features)
        return features

    def after(self, block: int, features: Tensor) -> ImageEmbedding:
        encoder = self.model.vision_encoder
        for layer in encoder.layers[block + 1 :]:
            features = layer(features)
        return ImageEmbedding(encoder.neck(features))

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        features = embedding.features
        sparse = self.sparse_prompts(prompts, features)
        if tokens is not None:
            tokens = tokens[:, None]
            sparse = tokens if sparse is None else torch.cat([sparse, tokens.to(sparse.dtype)], dim=2)
        masks = decoder(
            image_embeddings=features,
            image_positional_embeddings=self.positions(features),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=self.dense_prompts(prompts, features),
            multimask_output=False,
            **self.more(embedding, decoder),
        )[0]
        return masks[:, 0, 0]

    def sparse_prompts(
        self, prompts: Prompts | None, features: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n 1 t c"] | None:
        """Clicks and boxes as tokens; None where there are none."""
        if prompts is None or not prompts.given:
            return None
        return self.model.prompt_encoder(**prompts.flat(), input_masks=None)[0]

    def dense_prompts(self, prompts: Prompts | None, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """The masks as a map; "no mask" where there are none."""
        encoder = self.model.prompt_encoder
        masks = None if prompts is None else prompts.mask_input(features)
        return self._no_mask(encoder.no_mask_embed.weight, features) if masks is None else encoder.mask_embed(masks)

    def positions(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Positional encoding of the embedding's grid."""
        return self.model.get_image_wide_positional_embeddings().expand(features.shape[0], -1, -1, -1)

    def more(self, embedding: ImageEmbedding, decoder: Any) -> dict[str, Any]:
        """What the decoder takes besides."""
        return {}


class SamHQBackbone(SamBackbone):
    """A ``transformers.SamHQModel`` as a host: its decoder also reads the first global block's features."""

    divides = False

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        output = self.model.vision_encoder(pixel_values)
        return ImageEmbedding(output.last_hidden_state, (output.intermediate_embeddings[0],))

    def more(self, embedding: ImageEmbedding, decoder: Any) -> dict[str, Any]:
        early = per_finding(embedding.high_resolution[0], embedding.features.shape[0])
        return {"hq_token_only": False, "intermediate_embeddings": [early]}


def set_image_size(model: Any, size: int) -> Any:
    """Let a ``SamModel`` or ``SamHQModel`` take squares of another side (256, 512, 1024), in place.

    The absolute position embedding is resized bicubically, the relative ones of
    the global attention blocks linearly, as the original SAM does for other sizes.

    Args:
        size: New side in pixels; a multiple of the patch size.

    Raises:
        ConfigError: The patch size does not divide ``size``.
    """
    config = model.config.vision_config
    if size <= 0 or size % config.patch_size:
        raise ConfigError(f"Image size {size} is not a multiple of the host's patch size {config.patch_size}.")
    if size == model.vision_encoder.image_size:
        return model
    grid = size // config.patch_size
    encoder = model.vision_encoder
    with torch.no_grad():
        if encoder.pos_embed is not None:
            resized = F.interpolate(
                encoder.pos_embed.permute(0, 3, 1, 2), (grid, grid), mode="bicubic", align_corners=False, antialias=True
            )
            encoder.pos_embed = nn.Parameter(resized.permute(0, 2, 3, 1).contiguous())
        for layer in encoder.layers:
            if layer.window_size == 0 and getattr(layer.attn, "rel_pos_h", None) is not None:
                layer.attn.rel_pos_h = nn.Parameter(_linear(layer.attn.rel_pos_h, 2 * grid - 1))
                layer.attn.rel_pos_w = nn.Parameter(_linear(layer.attn.rel_pos_w, 2 * grid - 1))
    encoder.image_size = config.image_size = size
    encoder.patch_embed.image_size = (size, size)
    encoder.patch_embed.num_patches = grid * grid
    prompts = model.config.prompt_encoder_config
    prompts.image_size, prompts.image_embedding_size = size, grid
    model.prompt_encoder.image_embedding_size = (grid, grid)
    model.prompt_encoder.input_image_size = size
    return model


def _linear(table: Tensor, length: int) -> Tensor:
    resized = F.interpolate(table.T[None], length, mode="linear", align_corners=False)
    return resized[0].T.contiguous()
