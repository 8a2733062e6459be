"""Stated texture and shape -> maps of where the picture agrees with them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

ASPECTS = ("texture", "shape")
"""Aspects that a place of the picture can agree with by its looks, in the order of the maps."""

LEAST = -8.0
"""Lowest log-likelihood; one attribute that is plainly wrong must not drown everything else."""


class AttributeAgreement(nn.Module):
    """Reads the attributes that each place shows, and compares them with those that a finding states.

    For an aspect with table rows e_v and the image embedding F::

        log p(v | x) = log_softmax_v(<read(F)(x), name(e_v)> / sqrt(r))
        agreement_k(x) = sum_v w_kv * log p(v | x)

    with w_kv the finding's weights over the attributes, which sum to 1 or, where
    the report states nothing, to 0: then the map is 0. Training raises the
    agreement inside the masks of findings that the image shows, so that every
    place learns to tell one attribute from another, whatever is asked for.

    Args:
        feature_dim: Channels C of the image embedding.
        token_dim: Width D of a table row.
        dim: Width r in which places and attributes are compared.

    Source: ours; dense image-text similarity as in DenseCLIP (Rao et al., CVPR
    2022), with the prior tables for the text.
    """

    def __init__(self, feature_dim: int, token_dim: int, dim: int = 32) -> None:
        super().__init__()
        self.dim = dim
        self.read = nn.Sequential(
            nn.GroupNorm(1, feature_dim), nn.Conv2d(feature_dim, dim, 1), nn.GELU(), nn.Conv2d(dim, 2 * dim, 1)
        )
        self.name = nn.ModuleDict({aspect: nn.Linear(token_dim, dim, bias=False) for aspect in ASPECTS})
        self.texture_gate = nn.Parameter(torch.ones(1))
        self.shape_gate = nn.Parameter(torch.ones(1))

    def forward(
        self,
        features: Float[Tensor, "b c h w"],
        tables: tuple[Float[Tensor, "t d"], Float[Tensor, "s d"]],
        weights: tuple[Float[Tensor, "b k t"], Float[Tensor, "b k s"]],
    ) -> Float[Tensor, "b k 2 h w"]:
        """Mean log-likelihood of the stated attributes at every place; 0 where none is stated.

        Args:
            features: The image embedding that all findings share.
            tables: Attribute rows of texture and of shape.
            weights: The findings' weights over the rows of texture and of shape.
        """
        # Contiguous, for the group norm's backward pass, as in the modulator.
        read = self.read(features.contiguous()).chunk(2, dim=1)
        maps = []
        for place, aspect in enumerate(ASPECTS):
            names = self.name[aspect](tables[place]).to(features.dtype)
            scores = torch.einsum("bchw,vc->bvhw", read[place], names) / math.sqrt(self.dim)
            likelihood = scores.float().log_softmax(1).clamp(min=LEAST)
            maps.append(torch.einsum("bkv,bvhw->bkhw", weights[place].float(), likelihood))
        return torch.stack(maps, dim=2).to(features.dtype)

    def gated(self, agreement: Float[Tensor, "b k 2 h w"]) -> Float[Tensor, "b k 2 h w"]:
        """The maps, each times its aspect's gate; a gate at 0 takes the aspect out."""
        gates = torch.cat([self.texture_gate, self.shape_gate]).to(agreement.dtype)
        return agreement * gates[:, None, None]
