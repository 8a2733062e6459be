"""A host's work before its first guided block: the same for every report, so that it can be done once and kept."""

from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.errors import ConfigError


class Trunk:
    """What an encoder leaves behind one of its blocks, before any modulator, or at its end.

    No dataclass: what wraps a model for training converts the tensors of those, and these are to stay as they are.

    Args:
        block: Place of the block; None for the end.
        tensors: The block's output, in its own layout. At the end: the image embedding and the finer maps.
    """

    def __init__(self, block: int | None, tensors: tuple[Tensor, ...]) -> None:
        self.block = block
        self.tensors = tensors


def refuse_undivided(backbone: Backbone, block: int | None) -> None:
    """Raise a ConfigError where a host cannot stop behind a block, or would not give the same twice."""
    if backbone.whole:
        raise ConfigError(
            f"Host '{backbone.name}' is trained whole, so nothing that it computes stays the same. "
            "Leave 'trunk_cache' out."
        )
    if block is not None and not backbone.divides:
        raise ConfigError(
            f"Hosts of family '{backbone.spec.family}' cannot stop behind block {block}; of them only the whole "
            "embedding can be kept. Set adapter.blocks=[] (guidance behind the encoder alone), or leave 'trunk_cache' "
            "out."
        )


def run_trunk(backbone: Backbone, pixel_values: Float[Tensor, "b 3 s s"], block: int | None) -> Trunk:
    """Run the encoder up to a block, unguided; to its end for None.

    Raises:
        ConfigError: The host cannot stop there.
    """
    refuse_undivided(backbone, block)
    if block is not None:
        return Trunk(block, (backbone.before(block, pixel_values),))
    embedding = backbone.encode(pixel_values)
    return Trunk(None, (embedding.features, *embedding.high_resolution))


def encode_from(backbone: Backbone, trunk: Trunk) -> ImageEmbedding:
    """The rest of the encoder: what :meth:`Backbone.encode` gives, with the guidance of the pass under way."""
    features, *fine = trunk.tensors
    if trunk.block is None:
        return ImageEmbedding(features, tuple(fine))
    return backbone.after(trunk.block, backbone.modulated(trunk.block, features))
