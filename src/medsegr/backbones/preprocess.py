"""Pictures as a host wants them: normalised, in its square."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.host_spec import HostSpec
from medsegr.errors import ImageError
from medsegr.square import Square


def to_pixels(image: np.ndarray, square: Square, spec: HostSpec) -> Float[Tensor, "3 s s"]:
    """One picture, normalised and laid into a host's square.

    Args:
        image: (H, W) or (H, W, 3), floats in 0..1.
        square: How it lies in the square.
        spec: Of the host.
    """
    planes = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))
    planes = planes.expand(3, *planes.shape) if planes.ndim == 2 else planes.permute(2, 0, 1)
    center, spread = (torch.from_numpy(np.array(each, np.float32))[:, None, None] for each in (spec.mean, spec.std))
    small = square.shrunk(planes[None])[0]
    if spec.own_range:
        small = (small - small.min()) / (small.max() - small.min()).clamp(min=1e-8)
    return square.padded((small - center) / spread)


def check_images(images: Sequence[np.ndarray]) -> None:
    """Refuse what is no picture.

    Raises:
        ImageError: An image has another shape.
    """
    for image in images:
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise ImageError(f"An image has shape {image.shape}; expected (H, W) or (H, W, 3).")
