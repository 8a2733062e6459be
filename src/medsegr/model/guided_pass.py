"""What a pass gives: the encoding that all findings of an image share, and each finding's outline."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.perception.modulator import Guidance


@dataclass
class GuidedOutput:
    """What one pass gives for B images with up to K findings each.

    Attributes:
        logits: Mask logits over the host's padded square, before the sigmoid; masks are independent and may overlap.
        support_logits: Before the sigmoid: does the image agree with the report?
        location_logits: One per modulator: where each finding may lie.
        agreement: Log-likelihood of the stated texture and shape at each place; 0 where none is stated.
        boxes: Each finding's own box, x1, y1, x2, y2 in pixels of the square, where the adapter predicts one.
    """

    logits: Float[Tensor, "b k h w"]
    support_logits: Float[Tensor, "b k"]
    location_logits: tuple[Float[Tensor, "b k _ _"], ...] = ()
    agreement: Float[Tensor, "b k 2 y x"] | None = None
    boxes: Float[Tensor, "b k 4"] | None = None

    def only(self, k: int) -> "GuidedOutput":
        """Finding ``k`` alone."""
        return some_findings(self, [k])

    @classmethod
    def joined(cls, parts: Sequence["GuidedOutput"]) -> "GuidedOutput":
        """Findings of the same images, one part after another."""

        def together(tensors: Sequence[Any]) -> Any:
            if isinstance(tensors[0], tuple):
                return tuple(together(level) for level in zip(*tensors, strict=True))
            return None if tensors[0] is None else torch.cat(list(tensors), dim=1)

        return cls(**{field.name: together([getattr(part, field.name) for part in parts]) for field in fields(cls)})


@dataclass
class GuidedEncoding:
    """The part of a pass that all findings of an image share.

    Attributes:
        priors: What the report says, as tensors.
        guidance: The fused tokens and regions that the modulators read.
        image: The image embedding, guided by all findings at once.
        location_logits: One per early modulator.
    """

    priors: PriorBatch
    guidance: Guidance
    image: ImageEmbedding
    location_logits: tuple[Float[Tensor, "b k _ _"], ...]

    def only(self, k: int) -> "GuidedEncoding":
        """The same encoding with finding ``k`` alone to be outlined."""
        return self.some([k])

    def some(self, places: Sequence[int]) -> "GuidedEncoding":
        """The same encoding with the findings at these places alone to be outlined, in this order."""
        maps = tuple(level[:, list(places)] for level in self.location_logits)
        return GuidedEncoding(
            some_findings(self.priors, places), some_findings(self.guidance, places), self.image, maps
        )


def some_findings(batch: Any, places: Sequence[int]) -> Any:
    """A dataclass of tensors (B, K, ...), or of tuples of such -> the findings at some places, (B, k, ...)."""
    return replace(batch, **{
        name: tuple(level[:, list(places)] for level in value) if isinstance(value, tuple) else value[:, list(places)]
        for name, value in vars(batch).items() if isinstance(value, tuple | Tensor)
    })  # fmt: skip
