"""Does the image agree with what the report says of a finding?"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class SupportHead(nn.Module):
    """Compares what the mask covers with the finding's tokens.

    The image embedding is averaged over the predicted mask, projected to the
    tokens' width and multiplied with each of the four tokens; a small network
    reads the products, how sure and how large the mask is, and how far the covered
    places agree with the stated place, texture and shape.

    Args:
        feature_dim: Channels of the image embedding.
        token_dim: Width D of one prior token.
        hidden: Width of the hidden layer.

    Source: ours; a presence score per query as in SAM 2's object score and in
    MaskFormer's "no object" class.
    """

    def __init__(self, feature_dim: int, token_dim: int, hidden: int = 64) -> None:
        super().__init__()
        self.project = nn.Linear(2 * feature_dim, token_dim)
        self.norm = nn.LayerNorm(token_dim)
        self.read = nn.Sequential(nn.Linear(5 * token_dim + 7, hidden), nn.GELU(), nn.Linear(hidden, 1))

    def forward(
        self,
        features: Float[Tensor, "n c h w"],
        shared: Float[Tensor, "b c h w"],
        tokens: Float[Tensor, "n 4 d"],
        logits: Float[Tensor, "n y x"],
        agreement: Float[Tensor, "n 3 h w"],
    ) -> Float[Tensor, "n"]:
        """Logits of the support score.

        Args:
            features: The finding's own, modulated image embedding.
            shared: The image embedding that all findings of an image share.
            tokens: Fused prior tokens.
            logits: The finding's mask logits, read as they are (no gradient into the mask).
            agreement: How far each place agrees with the stated place, texture and shape; 0 at best.
        """
        soft = torch.sigmoid(logits.detach().float())
        weights = F.adaptive_avg_pool2d(soft[:, None], (features.shape[-2], features.shape[-1])).to(features.dtype)
        total = weights.sum((-2, -1)) + 1e-4
        own = (features.flatten(2) @ weights.flatten(2).transpose(1, 2))[..., 0]
        common = weights.view(shared.shape[0], -1, weights[0].numel()) @ shared.flatten(2).transpose(1, 2)
        both = torch.cat([own, common.flatten(0, 1)], dim=1)
        pooled = self.norm(self.project(both / total))
        flat = soft.flatten(1)
        certainty = torch.stack(
            [
                flat.amax(1),
                (flat * flat).sum(1) / (flat.sum(1) + 1e-4),
                torch.log1p(flat.sum(1)) / 8,
                (flat > 0.5).float().mean(1),
            ],
            dim=1,
        ).to(pooled.dtype)
        products = (tokens.to(pooled.dtype) * pooled[:, None]).flatten(1)
        agreed = ((agreement.detach() * weights).sum((-2, -1)) / total).to(pooled.dtype)
        return self.read(torch.cat([pooled, products, certainty, agreed], dim=1))[:, 0]
