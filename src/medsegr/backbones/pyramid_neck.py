"""The neck of the tiny host: a pyramid of features down to the embedding, and a way up again to its finer maps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.residual_layers import ConvLayer


class PyramidNeck(nn.Module):
    """Feature pyramid (Lin et al., CVPR 2017): coarse levels flow into finer ones.

    Args:
        widths: Channels of the levels at strides 2, 4, 8, ...
        dim: Channels of the pyramid.
        refined: Channels of the way up, at stride 2; 0 for none.
        full_size: Channels of its end at stride 1; 0 for none.
    """

    def __init__(self, widths: tuple[int, ...], dim: int, refined: int = 0, full_size: int = 0) -> None:
        super().__init__()
        # The decoder adds maps of dim / 8 channels at stride 2 and dim / 4 at stride 4.
        self.finest = nn.Conv2d(widths[0], dim // 8, 1)
        self.finer = nn.Conv2d(widths[1], dim // 4, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(width, dim, 1) for width in widths[2:])
        self.smooth = nn.Sequential(ConvLayer(dim, dim), nn.Conv2d(dim, dim, 3, padding=1))
        self.to_finer = nn.Conv2d(dim, dim // 4, 1)
        self.way_up = WayUp(widths, dim, refined) if refined else None
        self.last_step = LastStep(refined, full_size) if full_size else None

    def forward(self, pixels: Tensor, levels: list[Tensor]) -> ImageEmbedding:
        """The picture and its levels at strides 2, 4, 8, ... -> embedding at stride 8 and finer maps."""
        top = self.lateral[-1](levels[-1])
        for lateral, level in zip(reversed(list(self.lateral)[:-1]), reversed(levels[2:-1]), strict=True):
            top = lateral(level) + F.interpolate(top, scale_factor=2.0, mode="nearest")
        features = top + self.smooth(top)
        finer = self.finer(levels[1]) + F.interpolate(self.to_finer(features), scale_factor=2.0, mode="nearest")
        finest = self.finest(levels[0])
        full_size = None
        if self.way_up is not None:
            up_2, up_4 = self.way_up(levels, features)
            finest, finer = finest + self.way_up.finest(up_2), finer + self.way_up.finer(up_4)
            full_size = None if self.last_step is None else self.last_step(pixels, up_2)
        return ImageEmbedding(features, (finest, finer), full_size=full_size)


class WayUp(nn.Module):
    """From stride 8 to strides 4 and 2 by 3 x 3 convolutions, as the decoder of a U-Net (Ronneberger et al., 2015).

    What ``finer`` and ``finest`` make of it, to be added to the decoder's finer maps, starts at zero.

    Args:
        widths: Channels of the levels at strides 2, 4, ...
        dim: Channels of the embedding at stride 8.
        width: Channels at stride 2; twice as many at stride 4.
    """

    def __init__(self, widths: tuple[int, ...], dim: int, width: int) -> None:
        super().__init__()
        self.mix = nn.ModuleList(
            nn.Sequential(ConvLayer(before, after), ConvLayer(after, after))
            for before, after in ((widths[1] + dim, 2 * width), (widths[0] + 2 * width, width))
        )
        self.finer = nn.Conv2d(2 * width, dim // 4, 1)
        self.finest = nn.Conv2d(width, dim // 8, 1)

    def start_at_zero(self) -> None:
        """Let a fresh one add nothing."""
        nn.init.zeros_(self.finer.weight)
        nn.init.zeros_(self.finest.weight)

    def forward(self, levels: list[Tensor], features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps at strides 2 and 4."""
        finer = self.mix[0](torch.cat((levels[1], _doubled(features)), dim=1))
        return self.mix[1](torch.cat((levels[0], _doubled(finer)), dim=1)), finer


class LastStep(nn.Module):
    """From stride 2 to the picture's own grid, by 3 x 3 convolutions of both.

    Args:
        before: Channels at stride 2.
        width: Channels at stride 1, to which those at stride 2 are brought before they are enlarged.
    """

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.less = nn.Conv2d(before, width, 1)
        self.early = ConvLayer(3, width)
        self.mix = nn.Sequential(ConvLayer(2 * width, width), ConvLayer(width, width))

    def forward(self, pixels: Tensor, up: Tensor) -> Tensor:
        """Pixels (B, 3, S, S) and the way up's map at stride 2 -> (B, C, S, S)."""
        return self.mix(torch.cat((self.early(pixels), _doubled(self.less(up))), dim=1))


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
