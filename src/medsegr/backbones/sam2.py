"""Hugging Face ``Sam2Model``, ``Sam3TrackerModel`` and ``EdgeTamModel``: an embedding, and finer maps besides."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.backbone import convolution_dims
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts, finer_maps
from medsegr.backbones.sam import SamBackbone
from medsegr.errors import ConfigError


class Sam2Backbone(SamBackbone):
    """A host of SAM 2's build.

    The decoder's own projections of the finer maps run in :meth:`decode`, so that a tuned
    copy of the decoder tunes them too.
    """

    fine_maps = True
    divides = False

    @property
    def image_size(self) -> int:
        return int(self.model.prompt_encoder.input_image_size)

    @property
    def embedding_dim(self) -> int:
        return int(self.model.config.vision_config.fpn_hidden_size)

    def block_dims(self) -> list[int]:
        blocks = self.blocks()
        if all(hasattr(block, "dim_out") for block in blocks):  # Hiera
            return [int(block.dim_out) for block in blocks]  # type: ignore[arg-type]
        width = getattr(self.model.config.vision_config.backbone_config, "hidden_size", None)
        return super().block_dims() if width is None else [int(width)] * len(blocks)

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        levels = self.model.vision_encoder(pixel_values, return_dict=True).fpn_hidden_states
        finest, finer, last, *unused = levels
        # The host adds its "no memory" to the coarsest level, which SAM 3 then leaves unused.
        features = last if unused else last + self.model.no_memory_embedding.reshape(1, -1, 1, 1)
        return ImageEmbedding(features, (finest, finer))

    def more(self, embedding: ImageEmbedding, decoder: Any) -> dict[str, Any]:
        return {"high_resolution_features": finer_maps(self.fine(embedding, decoder), embedding)}

    def fine(self, embedding: ImageEmbedding, decoder: Any) -> list[Tensor]:
        """The finer maps as the decoder adds them, per image."""
        finest, finer = embedding.high_resolution
        return [decoder.conv_s0(finest), decoder.conv_s1(finer)]

    def fine_dims(self) -> tuple[tuple[int, int], ...]:
        return convolution_dims(self.model.mask_decoder.conv_s0, self.model.mask_decoder.conv_s1)

    def sparse_prompts(self, prompts: Prompts | None, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 t c"]:
        """Clicks and boxes as tokens; where there are none, "not a point", as the host does for itself."""
        if prompts is None or not prompts.given:
            nowhere = features.new_zeros(features.shape[0], 1, 1, 2)
            prompts = Prompts(nowhere, -torch.ones(nowhere.shape[:3], dtype=torch.int32, device=features.device))
        return self.model.prompt_encoder(**prompts.flat(), input_masks=None)[0]


def set_sam2_image_size(model: Any, size: int) -> Any:
    """Let a ``Sam2Model`` or ``EdgeTamModel`` take squares of another side, in place.

    Their encoders resize their own position embeddings; only what is noted of the sizes changes.

    Args:
        size: New side in pixels; a multiple of 32.

    Raises:
        ConfigError: ``size`` is no multiple of 32, or the family has one size only.
    """
    prompts = model.prompt_encoder
    old = int(prompts.input_image_size)
    if size == old:
        return model
    if type(model).__name__ == "Sam3TrackerModel":
        raise ConfigError(f"Image size {size} cannot be had: a Sam3TrackerModel takes {old} px only.")
    if size <= 0 or size % 32:
        raise ConfigError(f"Image size {size} is not a multiple of 32, as hosts of SAM 2's build need.")
    stride = old // prompts.image_embedding_size[0]
    grid = size // stride
    prompts.input_image_size = size
    prompts.image_embedding_size = (grid, grid)
    prompts.mask_input_size = (4 * grid, 4 * grid)
    sizes = [[4 * grid, 4 * grid], [2 * grid, 2 * grid], [grid, grid]]
    model.backbone_feature_sizes = sizes
    model.config.vision_config.backbone_feature_sizes = sizes
    model.config.prompt_encoder_config.image_size = size
    return model
