"""Shape prior -> deformable sampling: a spatial support that fits the expected form."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class ShapeDeformableSampling(nn.Module):
    """Samples features where the expected shape would continue.

    The features and the shape tokens give n offsets and weights per position;
    those of the tokens are mixed over the findings by A_k(x). The weighted
    samples replace the feature; what is returned is the difference to it.

    Args:
        dim: Channels r of the bottleneck.
        token_dim: Width D of one prior token.
        points: Number n of samples per position.
        reach: Largest offset, in feature cells.

    Source: deformable attention (Zhu et al., ICLR 2021, eq. 2) with
    ``grid_sample`` in plain PyTorch; named for MedSeg-R (arXiv 2506.18669,
    abstract), whose equations are not known to us.
    """

    def __init__(self, dim: int, token_dim: int, points: int = 4, reach: float = 3.0) -> None:
        super().__init__()
        self.points = points
        self.reach = reach
        self.from_features = nn.Conv2d(dim, 3 * points, 1)
        self.from_token = nn.Linear(token_dim, 3 * points)
        turns = torch.arange(points) * (2 * torch.pi / points)
        start = torch.cat([turns.cos() * 0.5, turns.sin() * 0.5, torch.zeros(points)])
        with torch.no_grad():
            self.from_features.weight.mul_(0.1)
            self.from_features.bias.copy_(start)  # type: ignore[union-attr]
            self.from_token.weight.mul_(0.1)

    def forward(
        self,
        features: Float[Tensor, "b r h w"],
        tokens: Float[Tensor, "b k d"],
        attention: Float[Tensor, "b k h w"],
    ) -> Float[Tensor, "b r h w"]:
        """Difference between the sampled and the given features.

        Args:
            features: Bottleneck features.
            tokens: Fused shape tokens.
            attention: Where each finding may lie, 0..1; zero for padding.
        """
        batch, _, height, width = features.shape
        steering = torch.einsum("bkhw,bkc->bchw", attention, self.from_token(tokens))
        steering = self.from_features(features) + steering
        columns, rows, weights = steering.float().view(batch, 3, self.points, height, width).unbind(1)
        # A place that is no number, in a training that diverges, makes the CPU's sampling read beyond its memory.
        grid = torch.nan_to_num(self._grid(columns, rows)).to(features.dtype)
        weights = weights.softmax(1).to(features.dtype)
        total = -features
        for point, sampled in enumerate(self._sampled(features, grid)):
            total = torch.addcmul(total, weights[:, point, None], sampled)
        return total

    def _sampled(
        self, features: Float[Tensor, "b r h w"], grid: Float[Tensor, "b n h w 2"]
    ) -> Sequence[Float[Tensor, "b r h w"]]:
        """Per point, the features at its positions."""
        # As a batch of points, since a CPU shares out batches among its threads; an export has any number of findings.
        if not torch.compiler.is_compiling() and len(features) == 1:
            same = features.expand(self.points, -1, -1, -1)
            return F.grid_sample(same, grid[0], padding_mode="border", align_corners=False).split(1)
        return [F.grid_sample(features, g, padding_mode="border", align_corners=False) for g in grid.unbind(1)]

    def _grid(self, columns: Float[Tensor, "b n h w"], rows: Float[Tensor, "b n h w"]) -> Float[Tensor, "b n h w 2"]:
        """Sampling positions x, y in [-1, 1] from offsets in feature cells."""
        height, width = columns.shape[-2:]
        x = torch.arange(width, dtype=columns.dtype, device=columns.device) + 0.5 + self.reach * torch.tanh(columns)
        y = torch.arange(height, dtype=rows.dtype, device=rows.device)[:, None] + 0.5 + self.reach * torch.tanh(rows)
        return torch.stack([2 * x / width - 1, 2 * y / height - 1], dim=-1)
