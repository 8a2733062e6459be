"""A host of one's own: any encoder, told by a ``HostSpec``."""

from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding, Prompts
from medsegr.backbones.host_spec import HostSpec
from medsegr.errors import ConfigError


class CustomBackbone(Backbone):
    """An encoder that the catalogue does not know, and a mask head.

    Args:
        spec: Where its blocks are, what they return, how to encode and decode.
        name: Where it came from.

    Raises:
        ConfigError: The spec does not say enough, or names parts that the host has not.
    """

    takes_boxes = takes_masks = False

    def __init__(self, model: nn.Module, spec: HostSpec, name: str = "custom") -> None:
        super().__init__(model, spec, name)
        if spec.image_size <= 0 or not (spec.encoder or spec.encode) or not (spec.decoder or spec.decode):
            raise ConfigError(
                f"The HostSpec of '{spec.family}' needs image_size, encoder (or encode), and decoder (or decode)."
            )
        self.blocks()
        for path in (spec.encoder, spec.decoder):
            self._part(path)

    @property
    def image_size(self) -> int:
        return self.spec.image_size

    def _part(self, path: str) -> nn.Module:
        try:
            return self.model.get_submodule(path)
        except AttributeError as error:
            raise ConfigError(f"Host '{self.spec.family}' has no part '{path}'. Correct its HostSpec.") from error

    def mask_decoder(self) -> nn.Module:
        return self._part(self.spec.decoder)

    def encode(self, pixel_values: Float[Tensor, "b 3 s s"]) -> ImageEmbedding:
        encode = self.spec.encode
        features = self._part(self.spec.encoder)(pixel_values) if encode is None else encode(self.model, pixel_values)
        if not isinstance(features, Tensor) or features.ndim != 4:
            raise ConfigError(
                f"The encoder of host '{self.spec.family}' returned {_kind(features)}; expected a tensor (B, C, h, w). "
                "Give an 'encode' function in its HostSpec that returns one."
            )
        return ImageEmbedding(features)

    def decode(
        self, embedding: ImageEmbedding, tokens: Tensor | None, prompts: Prompts | None, decoder: nn.Module
    ) -> Float[Tensor, "n h w"]:
        if prompts is not None and prompts.given:
            raise ConfigError(f"Host '{self.spec.family}' takes no clicks or boxes; give the report alone.")
        decode = self.spec.decode
        logits = decoder(embedding.features) if decode is None else decode(decoder, embedding.features, tokens)
        if logits.ndim == 4 and logits.shape[1] == 1:
            logits = logits[:, 0]
        if logits.ndim != 3:
            raise ConfigError(
                f"The decoder of host '{self.spec.family}' returned {_kind(logits)}; expected logits (N, h, w)."
            )
        return logits


def _kind(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
