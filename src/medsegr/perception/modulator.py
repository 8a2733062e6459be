"""The three modulations in order, each behind a gate that starts at zero."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.perception.location_attention import LocationAttention
from medsegr.perception.shape_deformable_sampling import ShapeDeformableSampling
from medsegr.perception.texture_dynamic_convolution import TextureDynamicConvolution

TARGET, LOCATION, TEXTURE, SHAPE = range(4)
"""Places of the aspects among a finding's four tokens."""

GUIDED = ("location", "texture", "shape")
"""Aspects that modulate features, each with a gate of its own."""


@dataclass
class Guidance:
    """What the report says, as tensors that modulators read.

    Attributes:
        tokens: Fused tokens: target, location, texture, shape.
        region: Soft maps 0..1 that the stated zones imply.
        valid: 1 for findings, 0 for padding.
        evidence: Added to the logits of the location attention, or None.
    """

    tokens: Float[Tensor, "b k 4 d"]
    region: Float[Tensor, "b k r r"]
    valid: Float[Tensor, "b k"]
    evidence: Float[Tensor, "b k h w"] | None = None

    def per_finding(self) -> "Guidance":
        """Every finding as an image of its own: (B * K, 1, ...)."""
        evidence = None if self.evidence is None else self.evidence.flatten(0, 1)[:, None]
        return Guidance(
            self.tokens.flatten(0, 1)[:, None],
            self.region.flatten(0, 1)[:, None],
            self.valid.flatten()[:, None],
            evidence,
        )


class Modulator(nn.Module):
    """Lets priors modulate a feature map of a frozen host.

    The features are normalised and projected into a bottleneck of r channels;
    location attention, texture dynamic convolution and shape deformable
    sampling act there, each multiplied by a per-channel gate that starts at
    zero; one shared projection without bias leads back. A fresh modulator
    therefore adds exactly zero.

    An aspect that is left out adds nothing and has no gate. Without location the
    attention still points the other two to where a finding may lie, by its target and
    its looks, for they act through it. What is left starts from the same weights.

    Args:
        feature_dim: Channels C of the host's feature map.
        token_dim: Width D of one prior token.
        bottleneck: Channels r of the bottleneck.
        aspects: Which of :data:`GUIDED` modulate.
        largest: Largest side of a grid to work at. A larger map is averaged down to it, and what is added is
            interpolated back, so that the cost does not grow with the grid; 0 for any side.
    """

    location_gate: nn.Parameter | None
    texture_gate: nn.Parameter | None
    shape_gate: nn.Parameter | None

    def __init__(
        self,
        feature_dim: int,
        token_dim: int,
        bottleneck: int = 64,
        aspects: Sequence[str] = GUIDED,
        largest: int = 0,
    ) -> None:
        super().__init__()
        self.largest = largest
        self.norm = nn.GroupNorm(1, feature_dim)
        self.down = nn.Conv2d(feature_dim, bottleneck, 1)
        self.location = LocationAttention(bottleneck, token_dim)
        self.texture = TextureDynamicConvolution(bottleneck, token_dim)
        self.shape = ShapeDeformableSampling(bottleneck, token_dim)
        self.location_gate = nn.Parameter(torch.zeros(bottleneck))
        self.texture_gate = nn.Parameter(torch.zeros(bottleneck))
        self.shape_gate = nn.Parameter(torch.zeros(bottleneck))
        self.up = nn.Conv2d(bottleneck, feature_dim, 1, bias=False)
        for aspect in GUIDED:
            if aspect not in aspects:
                setattr(self, f"{aspect}_gate", None)
                if aspect != "location":
                    setattr(self, aspect, None)

    def forward(
        self, features: Float[Tensor, "m c h w"], guidance: Guidance
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b k y x"]]:
        """Modulated features, and the logits of where each finding may lie, at the grid that was worked at.

        Args:
            features: A host's feature map.
            guidance: The priors of the findings of each image; where they are of more images, each map is that of
                as many of them, one after another.
        """
        height, width = features.shape[-2:]
        if not self.largest or max(height, width) <= self.largest:
            added, logits = self.added(features, guidance)
            features = _for_each(features, guidance)
            return (features if added is None else features + added.to(features.dtype)), logits
        share = self.largest / max(height, width)
        size = (max(1, round(height * share)), max(1, round(width * share)))
        if guidance.evidence is not None:
            guidance = replace(guidance, evidence=F.adaptive_avg_pool2d(guidance.evidence, size))
        added, logits = self.added(F.adaptive_avg_pool2d(features, size), guidance)
        if added is None:
            return _for_each(features, guidance), logits
        if features.is_contiguous(memory_format=torch.channels_last):  # as hosts with BHWC blocks have them
            added = added.contiguous(memory_format=torch.channels_last)
        larger = F.interpolate(added.to(features.dtype), (height, width), mode="bilinear", align_corners=False)
        return _for_each(features, guidance) + larger, logits

    def added(
        self, features: Float[Tensor, "m c h w"], guidance: Guidance
    ) -> tuple[Float[Tensor, "b c h w"] | None, Float[Tensor, "b k h w"]]:
        """What is added to the features, None where no aspect guides, and the logits."""
        # Padding findings are left out of every sum, so they change nothing.
        # Contiguous, since group norm's backward pass crashes on some layouts of hosts (torch 2.13 on a CPU).
        inner = _for_each(self.down(self.norm(features.contiguous())), guidance)
        tokens = guidance.tokens.to(inner.dtype)
        valid = guidance.valid.to(inner.dtype)
        located, logits = self.location(
            inner, tokens[:, :, LOCATION], guidance.region.to(inner.dtype), valid, guidance.evidence
        )
        attention = torch.sigmoid(logits) * valid[..., None, None]
        added = None if self.location_gate is None else located * self.location_gate[:, None, None]
        for place, aspect in ((TEXTURE, "texture"), (SHAPE, "shape")):
            gate = getattr(self, f"{aspect}_gate")
            if gate is not None:
                found = getattr(self, aspect)(inner, tokens[:, :, place], attention)
                added = found * gate[:, None, None] if added is None else added.addcmul(found, gate[:, None, None])
        return (None if added is None else self.up(added)), logits


def _for_each(maps: Float[Tensor, "m c h w"], guidance: Guidance) -> Float[Tensor, "b c h w"]:
    """Maps of images as the guidance has them; a view where all are of one image."""
    count = guidance.tokens.shape[0]
    if len(maps) == 1:
        return maps.expand(count, -1, -1, -1)
    return maps if len(maps) == count else maps.repeat_interleave(count // len(maps), dim=0)
