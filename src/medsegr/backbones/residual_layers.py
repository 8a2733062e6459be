"""The residual layers of the tiny host (He et al., CVPR 2016).

Built and named as ``transformers``' ResNet builds and names them, without its import, which would be most of the
time that a short command takes; a test holds the two against each other.
"""

from torch import Tensor, nn


class ConvLayer(nn.Module):
    """A convolution that keeps the grid (or divides it by ``stride``), a norm, and a ReLU.

    Args:
        before, after: Channels.
        size: Side of the kernel.
        stride: Of the convolution.
        relu: Whether the ReLU is there.
    """

    def __init__(self, before: int, after: int, size: int = 3, stride: int = 1, relu: bool = True) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False)
        self.normalization = nn.BatchNorm2d(after)
        self.activation = nn.ReLU() if relu else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        return self.activation(self.normalization(self.convolution(features)))


class ResidualLayer(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is projected where grid or channels change."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        same = before == after and stride == 1
        self.shortcut: nn.Module = nn.Identity() if same else ConvLayer(before, after, 1, stride, relu=False)
        self.layer = nn.Sequential(ConvLayer(before, after, stride=stride), ConvLayer(after, after, relu=False))
        self.activation = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        changed = self.layer(features)
        changed += self.shortcut(features)
        return self.activation(changed)


class ResidualStage(nn.Module):
    """Residual layers, the first of which halves the grid.

    Args:
        before, after: Channels.
        depth: Layers.
    """

    def __init__(self, before: int, after: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ResidualLayer(before, after, stride=2), *(ResidualLayer(after, after) for _ in range(depth - 1))
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / 2, W / 2)."""
        return self.layers(features)
