"""LiteMedSAM as a host: a TinyViT, and SAM's prompt encoder and mask decoder from transformers."""

from jaxtyping import Float
from torch import Tensor, nn
from transformers import SamConfig, SamMaskDecoderConfig, SamPromptEncoderConfig, SamVisionConfig
from transformers.models.sam.modeling_sam import SamMaskDecoder, SamPromptEncoder

from medsegr.backbones.backbone import grid_positions
from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.sam import SamBackbone
from medsegr.backbones.tiny_vit import TinyVit, TinyVitConfig


class LiteMedSam(nn.Module):
    """SAM with a TinyViT for its image encoder: LiteMedSAM's build, or MobileSAM's by its stem.

    Weights are random; :func:`medsegr.backbones.lite_medsam_weights.read_lite_medsam` fills them.
    """

    def __init__(self, config: TinyVitConfig | None = None) -> None:
        super().__init__()
        self.config = config or TinyVitConfig()
        size, dim, grid = self.config.image_size, self.config.neck, self.config.grid
        sam = SamConfig(
            vision_config=SamVisionConfig(image_size=size, patch_size=size // grid, num_pos_feats=dim // 2),
            prompt_encoder_config=SamPromptEncoderConfig(hidden_size=dim, image_size=size, patch_size=size // grid),
            # The original's layer norms have torch's own epsilon; those of channels do not read this one.
            mask_decoder_config=SamMaskDecoderConfig(
                hidden_size=dim, iou_head_hidden_dim=dim, layer_norm_eps=1e-5, attn_implementation="sdpa"
            ),
        )
        self.image_encoder = TinyVit(self.config)
        self.prompt_encoder = SamPromptEncoder(sam)
        self.mask_decoder = SamMaskDecoder(sam.mask_decoder_config)


class LiteMedSamBackbone(SamBackbone):
    """A :class:`LiteMedSam` as a host."""

    @property
    def image_size(self) -> int:
        return self.model.config.image_size

    @property
    def embedding_dim(self) -> int:
        return self.model.config.neck

    def block_dims(self) -> list[int]:
        config = self.model.config
        return [dim for dim, depth in zip(config.dims, config.depths, strict=True) for _ in range(depth)]

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        return ImageEmbedding(self.model.image_encoder(pixel_values))

    def before(self, block: int, pixel_values: Float[Tensor, "b 3 s s"]) -> Tensor:
        return self.model.image_encoder.before(block, pixel_values)

    def after(self, block: int, features: Tensor) -> ImageEmbedding:
        return ImageEmbedding(self.model.image_encoder.after(block, features))

    def positions(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        height, width = features.shape[-2:]
        return grid_positions(self.model.prompt_encoder.shared_embedding, height, width, features)
