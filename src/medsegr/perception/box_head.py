"""A finding's own features and where it may lie -> the box around it, which hosts know how to fill."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

TRUST = 16.0
"""How sharply a side of the attention counts as reached at half of its height, at the start."""

FLOOR = -8.0
"""Least log-likelihood that the attention alone gives a place for a side; the learned part can overrule it."""


class BoxHead(nn.Module):
    """Reads the four sides of a finding's box from its features, its location attention and its tokens.

    With G the features in ``width`` channels, scaled and shifted by the tokens, and A the location attention as
    a share of its highest value, maximum and mean of (G * A, A) over the rows give a profile along the columns, and
    over the columns one along the rows. Of every place of a profile a small net says how likely a side of the box
    lies there; the side is the expectation of the cells' edges, so that it may lie within a cell.

    The net's last layer starts at zero. What it adds to is the attention alone: the first place, seen from either
    end, where A reaches half of its height. A fresh head so draws the box around what the attention points to,
    and around everything where it points nowhere.

    Args:
        feature_dim: Channels C of the image embedding.
        token_dim: Width D of one prior token.
        width: Channels of the head.

    Source: ours; sides as expectations over places as in Generalized Focal Loss (Li et al., NeurIPS 2020).
    """

    def __init__(self, feature_dim: int, token_dim: int, width: int = 64) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, feature_dim)
        self.look = nn.Conv2d(feature_dim, width, 1)
        self.told = nn.Linear(4 * token_dim, 2 * width)
        self.across = Sides(2 * width + 2, width)
        self.down = Sides(2 * width + 2, width)

    def forward(
        self, features: Float[Tensor, "n c h w"], location: Float[Tensor, "n 1 h w"], tokens: Float[Tensor, "n 4 d"]
    ) -> Float[Tensor, "n 4"]:
        """x1, y1, x2, y2 as shares 0..1 of the square, x1 <= x2 and y1 <= y2; float32.

        Args:
            features: The finding's own, modulated image embedding.
            location: Logits of its location attention.
            tokens: Fused prior tokens.
        """
        attention = torch.sigmoid(location.float())
        attention = attention / attention.amax((-2, -1), keepdim=True).clamp(min=1e-6)
        scale, shift = self.told(tokens.flatten(1))[..., None, None].chunk(2, dim=1)
        seen = F.gelu(self.look(self.norm(features.contiguous())) * (1 + scale) + shift)
        near = attention.to(seen.dtype)
        seen = torch.cat([seen * near, near], dim=1)
        x1, x2 = self.across(_profile(seen, -2), attention[:, 0].amax(-2))
        y1, y2 = self.down(_profile(seen, -1), attention[:, 0].amax(-1))
        return torch.stack([x1, y1, x2, y2], dim=1)


class Sides(nn.Module):
    """The two sides of a box along one axis.

    Args:
        channels: Of the profile.
        width: Channels of the net.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.trust = nn.Parameter(torch.tensor(TRUST))
        self.read = nn.Sequential(
            nn.Conv1d(channels, width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 5, padding=4, dilation=2),
            nn.GELU(),
            nn.Conv1d(width, width, 5, padding=8, dilation=4),
            nn.GELU(),
            nn.Conv1d(width, 2, 1),
        )
        nn.init.zeros_(self.read[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.read[-1].bias)  # type: ignore[arg-type]

    def forward(
        self, profile: Float[Tensor, "n c l"], reach: Float[Tensor, "n l"]
    ) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """The lower and the upper side, as shares 0..1 of the axis.

        Args:
            profile: What is seen along the axis.
            reach: The attention along it, as a share of its highest value.
        """
        inside = self.trust * (reach - 0.5)
        first = torch.stack([_first(inside), _first(inside.flip(-1)).flip(-1)], dim=1)
        likely = (self.read(profile).float() + first.clamp(min=FLOOR)).softmax(-1)
        length = reach.shape[-1]
        edges = torch.arange(length + 1, device=reach.device, dtype=likely.dtype) / length
        low, high = (likely[:, 0] * edges[:-1]).sum(-1), (likely[:, 1] * edges[1:]).sum(-1)
        return torch.minimum(low, high), torch.maximum(low, high)


def _profile(seen: Float[Tensor, "n c h w"], over: int) -> Float[Tensor, "n e l"]:
    return torch.cat([seen.amax(over), seen.mean(over)], dim=1)


def _first(inside: Float[Tensor, "n l"]) -> Float[Tensor, "n l"]:
    """Log-likelihood of each place to be the first that lies inside, from logits of lying inside."""
    passed = F.logsigmoid(-inside)
    return F.logsigmoid(inside) + passed.cumsum(-1) - passed
