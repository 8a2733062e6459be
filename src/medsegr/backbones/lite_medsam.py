"""LiteMedSAM as a host: a TinyViT, and SAM's prompt encoder and mask decoder."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import grid_positions
from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.lite_medsam_encoder import TinyVit, TinyVitConfig
from medsegr.backbones.mask_decoder import MaskDecoder
from medsegr.backbones.prompt_encoder import PromptEncoder
from medsegr.backbones.sam import SamBackbone
from medsegr.backbones.two_way_transformer import DecoderSizes
from medsegr.errors import ConfigError

SCALE = 384.0
"""Of the random positions of a host without weights, as transformers has it for SAM."""


class LiteMedSam(nn.Module):
    """SAM with a TinyViT for its image encoder: LiteMedSAM's build, or MobileSAM's by its stem.

    Weights are random; :func:`medsegr.backbones.lite_medsam_weights.read_lite_medsam` fills them.
    """

    def __init__(self, config: TinyVitConfig | None = None) -> None:
        super().__init__()
        self.config = config or TinyVitConfig()
        self.image_encoder = TinyVit(self.config)
        self.prompt_encoder = PromptEncoder(self.config.neck, self.config.image_size, self.config.grid, scale=SCALE)
        self.mask_decoder = MaskDecoder(DecoderSizes(self.config.neck))

    @property
    def family(self) -> str:
        """Of the catalogue: ``lite_medsam``, or ``mobile_sam`` where the first convolutions have strides."""
        return "lite_medsam" if self.config.stem_stride == 1 else "mobile_sam"


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


def set_lite_medsam_image_size(model: LiteMedSam, size: int) -> LiteMedSam:
    """Let a :class:`LiteMedSam` take squares of another side, in place: no weight depends on it.

    Args:
        size: New side in pixels; a multiple of what its encoder shrinks by.

    Raises:
        ConfigError: It is no such multiple.
    """
    stride = 4 * model.config.stem_stride
    if size <= 0 or size % stride:
        raise ConfigError(f"Image size {size} is not a multiple of {stride}, by which this host shrinks pictures.")
    model.config = replace(model.config, image_size=size)
    model.image_encoder.img_size = model.prompt_encoder.input_image_size = size
    model.prompt_encoder.image_embedding_size = (model.config.grid, model.config.grid)
    return model
