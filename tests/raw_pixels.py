"""Pictures in a host's square with their grey values as they are, for models that stand in for real ones."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.preprocess import to_pixels
from medsegr.square import Square
from medsegr.view import View

RAW = HostSpec("raw", "blocks", "BCHW", mean=(0.0,) * 3, std=(1.0,) * 3)


def raw_pixels(images: Sequence[np.ndarray], views: Sequence[View], size: int) -> tuple[Tensor, list[View]]:
    """(B, 3, size, size), padded, 0..1, and the views that know how the pictures lie there."""
    squares = [Square.fit((image.shape[0], image.shape[1]), size) for image in images]
    pixels = [to_pixels(image, square, RAW) for image, square in zip(images, squares, strict=True)]
    return torch.stack(pixels), [view.in_square(square) for view, square in zip(views, squares, strict=True)]
