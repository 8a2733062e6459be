"""What medsegr must know of a host, as data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from medsegr.errors import ConfigError
from medsegr.square import Fit

Layout = Literal["BHWC", "BCHW", "BNC"]
"""How a block returns its features; tokens (B, N, C) lie row by row over the grid."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class HostSpec:
    """A family of hosts, or a host of one's own.

    The catalogue's families need the upper fields alone, since their class says
    how to encode and decode. For an encoder that the catalogue does not know,
    ``image_size`` and ``encoder`` are needed, and ``decoder`` or ``decode``.
    Functions have to be importable ones (no lambdas), so that a model can be pickled.

    Attributes:
        family: Name of the family, for example ``sam``.
        blocks: Dotted path of the list of encoder blocks; several paths make one sequence.
        layout: How a block returns its features. Blocks that return three dimensions are read as
            ``BNC`` whatever stands here, so an encoder may change from maps to tokens.
        mean: Per channel, of pixel values in 0..1.
        std: Per channel, of pixel values in 0..1.
        own_range: Stretch each picture from its own least to its own greatest value to 0..1 first.
        fit: How a picture becomes a square.
        grid: Rows and columns of the tokens of ``BNC`` blocks; a square grid when None.
        prefix_tokens: Tokens before those of the grid (class token, registers) in ``BNC`` blocks.
        default_blocks: Indices of the blocks that get a modulator; about a quarter and a half of the
            depth when None.
        image_size: Side of the square input, in pixels.
        encoder: Dotted path of the module that turns (B, 3, S, S) into (B, C, h, w).
        encode: ``encode(model, pixels) -> (B, C, h, w)``, where calling ``encoder`` is not enough.
        decoder: Dotted path of the mask decoder, whose copy ``train_decoder`` tunes.
        decode: ``decode(decoder, features, tokens) -> (N, h, w)`` logits from features (N, C, h, w) and
            prompt tokens (N, T, C) or None; without it ``decoder(features)`` gives (N, 1, h, w).
    """

    family: str
    blocks: str | tuple[str, ...]
    layout: Layout
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    own_range: bool = False
    fit: Fit = "pad"
    grid: tuple[int, int] | None = None
    prefix_tokens: int = 0
    default_blocks: tuple[int, ...] | None = None
    image_size: int = 0
    encoder: str = ""
    encode: Callable[..., Any] | None = None
    decoder: str = ""
    decode: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if self.layout not in ("BHWC", "BCHW", "BNC"):
            raise ConfigError(f"layout is '{self.layout}'; expected 'BHWC', 'BCHW' or 'BNC'.")
        if self.fit not in ("pad", "stretch"):
            raise ConfigError(f"fit is '{self.fit}'; expected 'pad' or 'stretch'.")

    @property
    def block_paths(self) -> tuple[str, ...]:
        """The paths of the lists of blocks, in order."""
        return (self.blocks,) if isinstance(self.blocks, str) else self.blocks
