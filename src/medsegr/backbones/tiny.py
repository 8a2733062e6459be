"""The ``tiny`` host: a small residual convolutional encoder in front of SAM's prompt encoder and mask decoder.

It learns from a few hundred images without pretraining and runs on any CPU.
Its encoder is of residual layers, its prompt encoder and mask decoder are SAM 2's; the feature pyramid between them
is ours, and a short way from prompts to masks beside the decoder.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import grid_positions
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts, finer_maps
from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.mask_decoder import MaskDecoder
from medsegr.backbones.mask_embedding import MaskEmbedding, resized
from medsegr.backbones.prompt_encoder import PromptEncoder
from medsegr.backbones.pyramid_neck import PyramidNeck
from medsegr.backbones.residual_layers import ConvLayer, ResidualStage
from medsegr.backbones.sam2 import Sam2Backbone
from medsegr.backbones.two_way_transformer import DecoderSizes
from medsegr.errors import ConfigError

TINY_SPEC = HostSpec(
    family="tiny",
    blocks="vision_encoder.stages",
    layout="BCHW",
    mean=(0.45, 0.45, 0.45),
    std=(0.25, 0.25, 0.25),
    default_blocks=(0, 1),
)


RUNNING = ("running_mean", "running_var", "num_batches_tracked")
"""What a batch norm remembers of the pictures that it was trained on; an instance norm has nothing of the kind."""

BEFORE = {"norm": "batch", "mask_embedding": False, "full_size": 0}
"""Options of hosts whose files do not know them."""


@dataclass(frozen=True)
class TinyConfig:
    """Sizes of the tiny host.

    Attributes:
        image_size: Side of the square input, a multiple of 32.
        widths: Channels of the stages at strides 2, 4, 8, 16 and 32.
        depths: Residual layers of the stages at strides 4, 8, 16 and 32.
        dim: Channels of the image embedding (stride 8) and of prompt tokens.
        refined: Channels in which the neck refines its maps at strides 4 and 2, as the way up of a U-Net does;
            twice as many at stride 4. 0 for none.
        full_size: Channels of a map at the picture's own grid, the end of the way up, with a mask embedding of its
            own; 0 for none.
        norm: ``instance``: convolutions are normalised in each image by itself, as in nnU-Net; ``batch``: over a
            batch, whose pictures may be of several modalities.
        mask_embedding: Also a short way from prompt tokens to masks, beside the decoder.
    """

    image_size: int = 256
    widths: tuple[int, ...] = (32, 48, 96, 160, 224)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    dim: int = 128
    refined: int = 0
    full_size: int = 0
    norm: Literal["instance", "batch"] = "instance"
    mask_embedding: bool = True

    def __post_init__(self) -> None:
        if self.norm not in ("instance", "batch"):
            raise ConfigError(f"norm is '{self.norm}'; expected instance or batch.")
        _check_size(self.image_size, self.norm)
        if min(self.refined, self.full_size) < 0:
            raise ConfigError(
                f"refined is {self.refined} and full_size {self.full_size}; expected a number of channels, or 0."
            )
        if self.full_size and not (self.refined and self.mask_embedding):
            raise ConfigError("full_size ends the way up, for mask embeddings. Set refined and mask_embedding as well.")
        if len(self.widths) != len(self.depths) + 1:
            raise ConfigError(f"widths needs one entry more than depths; got {self.widths} and {self.depths}.")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class TinyEncoder(nn.Module):
    """Residual stages at strides 4 to 32 after a stem at stride 2, and a top-down pyramid as neck."""

    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        widths = config.widths
        self.stem = nn.Sequential(ConvLayer(3, widths[0], size=5, stride=2), ConvLayer(widths[0], widths[0]))
        self.stages = nn.ModuleList(
            ResidualStage(before, after, depth)
            for before, after, depth in zip(widths[:-1], widths[1:], config.depths, strict=True)
        )
        self.neck = PyramidNeck(widths, config.dim, config.refined, config.full_size)
        if config.norm == "instance":
            _norm_each_image(self)
        self.apply(_init_convolution)
        if self.neck.way_up is not None:
            self.neck.way_up.start_at_zero()

    def forward(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        """Embedding at stride 8, finer maps at strides 2 and 4, and one at stride 1 where the sizes have it."""
        features = self.stem(pixel_values)
        levels = [features]
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        return self.neck(pixel_values, levels)


class TinySam(nn.Module):
    """The tiny host as one module, named as SAM names its parts."""

    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_encoder = TinyEncoder(config)
        dim = config.dim
        self.prompt_encoder = PromptEncoder(dim, config.image_size, config.image_size // 8, build="sam2")
        self.mask_decoder = MaskDecoder(DecoderSizes(dim, 4 * dim, heads=4, multimask=1, build="sam2"))
        # Parts of SAM 2's decoder that this host never calls; they would only be dead weight.
        self.mask_decoder.conv_s0 = nn.Identity()  # type: ignore[assignment]
        self.mask_decoder.conv_s1 = nn.Identity()  # type: ignore[assignment]
        nn.init.trunc_normal_(self.prompt_encoder.no_mask_embed.weight, std=0.02)
        dims = (dim // 8, dim // 4, dim)
        self.mask_embedding = MaskEmbedding(dim, dims) if config.mask_embedding else None
        self.full_size_embedding = MaskEmbedding(dim, (config.full_size,)) if config.full_size else None


class TinyBackbone(Sam2Backbone):
    """The tiny host, trained and shipped whole.

    Args:
        name: Catalogue name or origin.
    """

    whole = True

    def __init__(self, model: TinySam, name: str = "tiny") -> None:
        super().__init__(model, TINY_SPEC, name)

    @property
    def image_size(self) -> int:
        return self.model.config.image_size

    @property
    def embedding_dim(self) -> int:
        return self.model.config.dim

    def block_dims(self) -> list[int]:
        return list(self.model.config.widths[1:])

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        return self.model.vision_encoder(pixel_values)

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        masks, full_size = super().decode(embedding, tokens, prompts, decoder), embedding.full_size
        if self.model.mask_embedding is not None and tokens is not None:
            levels = [*finer_maps(self.fine(embedding, decoder), embedding), embedding.features]
            masks = masks + self.model.mask_embedding(levels, tokens)
        if full_size is None:
            return masks
        masks = resized(masks, full_size)
        return masks if tokens is None else masks + self.model.full_size_embedding([full_size], tokens)

    def fine(self, embedding: ImageEmbedding, decoder: Any) -> list[Tensor]:
        return list(embedding.high_resolution)

    def fine_dims(self) -> tuple[tuple[int, int], ...]:
        dim = self.embedding_dim
        return (dim // 8, dim // 8), (dim // 4, dim // 4)

    def positions(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        height, width = features.shape[-2:]
        return grid_positions(self.model.prompt_encoder.shared_embedding, height, width, features)

    def sparse_prompts(self, prompts: Prompts | None, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 t c"]:
        if prompts is None or not prompts.given:
            return features.new_zeros(features.shape[0], 1, 0, features.shape[1])
        return super().sparse_prompts(prompts, features)


def set_tiny_image_size(model: TinySam, size: int) -> TinySam:
    """Let the tiny host take squares of another side, in place; no weight depends on it.

    Args:
        size: New side in pixels; a multiple of 32.

    Raises:
        ConfigError: ``size`` is no multiple of 32, or too small for instance norms.
    """
    model.config = replace(model.config, image_size=size)
    prompts, grid = model.prompt_encoder, size // 8
    prompts.input_image_size = size
    prompts.image_embedding_size = (grid, grid)
    return model


def _init_convolution(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _norm_each_image(module: nn.Module) -> None:
    """Put instance norms in place of batch norms; their scales and shifts have the same names."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.InstanceNorm2d(child.num_features, affine=True))
        else:
            _norm_each_image(child)


def _check_size(size: int, norm: str) -> None:
    """Raise a ConfigError for sides that do not fit the strides, or leave an instance norm a single cell."""
    least = 64 if norm == "instance" else 32
    if size < least or size % 32:
        raise ConfigError(f"image_size is {size}; the tiny host with norm={norm} needs a multiple of 32 from {least}.")
