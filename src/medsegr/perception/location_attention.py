"""Location prior -> spatial attention: where in the picture a finding may lie."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def fourier_waves(length: int, device: torch.device, frequencies: int = 4) -> Float[Tensor, "f n"]:
    """Sines, then cosines, of the pixel centres along one side of the (padded) picture.

    Returns:
        (2 * frequencies, length) float32 in [-1, 1]; the side runs from 0 to 1.
    """
    centres = (torch.arange(length, device=device, dtype=torch.float32) + 0.5) / length
    waves = centres * (math.pi * 2.0 ** torch.arange(frequencies, device=device, dtype=torch.float32))[:, None]
    return torch.cat([waves.sin(), waves.cos()])


class LocationAttention(nn.Module):
    """Steers image features towards the region that the report names.

    For finding k at position x::

        A_k(x) = sigmoid(<q(F(x)) + pos(x), key(loc_k)> / sqrt(r) + s * M_k(x) + b + e_k(x))

    with M_k the soft map that the stated zone implies, and e_k(x) what else speaks
    for the place (see ``AttributeAgreement``), 0 unless given. A sigmoid and no softmax
    over the findings, since structures overlap. The features are then scaled
    and shifted where the finding may lie: sum_k A_k * (scale_k * F + shift_k).

    Args:
        dim: Channels r of the bottleneck.
        token_dim: Width D of one prior token.

    Source: spatial attention of MedSeg-R (arXiv 2506.18669, abstract; its
    equations are not known to us, this form is ours).
    """

    def __init__(self, dim: int, token_dim: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(dim, dim, 1)
        self.position = nn.Conv2d(16, dim, 1, bias=False)
        self.key = nn.Linear(token_dim, dim)
        self.value = nn.Linear(token_dim, 2 * dim)
        self.region_scale = nn.Parameter(torch.tensor(2.0))
        self.bias = nn.Parameter(torch.tensor(-2.0))

    def forward(
        self,
        features: Float[Tensor, "b r h w"],
        tokens: Float[Tensor, "b k d"],
        region: Float[Tensor, "b k m n"],
        valid: Float[Tensor, "b k"],
        evidence: Float[Tensor, "b k h w"] | None = None,
    ) -> tuple[Float[Tensor, "b r h w"], Float[Tensor, "b k h w"]]:
        """Guided features and the attention's logits, one map per finding.

        Args:
            features: Bottleneck features.
            tokens: Fused location tokens.
            region: Soft maps 0..1 that the stated zones imply; zero where none is stated.
            valid: 1 for findings, 0 for padding.
            evidence: Added to the logits.
        """
        height, width = features.shape[-2:]
        query = self.query(features) + self.positions(features)
        logits = torch.einsum("brhw,bkr->bkhw", query, self.key(tokens)) / math.sqrt(query.shape[1])
        maps = region.to(logits.dtype)
        if maps.shape[-2:] != features.shape[-2:]:
            maps = F.interpolate(maps, (height, width), mode="bilinear", align_corners=False)
        stated = region.amax((-2, -1), keepdim=True).to(logits.dtype)
        logits = logits + self.region_scale * (maps - stated) + self.bias
        if evidence is not None:
            logits = logits + evidence.to(logits.dtype)
        attention = torch.sigmoid(logits) * valid[..., None, None].to(logits.dtype)
        scale, shift = torch.einsum("bkhw,bkr->brhw", attention, self.value(tokens)).chunk(2, dim=1)
        return torch.addcmul(shift, features, scale), logits

    def positions(self, like: Float[Tensor, "b r h w"]) -> Float[Tensor, "1 r h w"]:
        """pos(x): the projection of the waves, which is a sum over rows and columns."""
        by_row, by_column = self.position.weight[:, :, 0, 0].chunk(2, dim=1)
        rows, columns = (fourier_waves(side, like.device).to(like.dtype) for side in like.shape[-2:])
        return ((by_row @ rows)[:, :, None] + (by_column @ columns)[:, None])[None]
