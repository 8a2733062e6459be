"""Augmentation under which picture, masks and priors stay true to each other."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from medsegr.training.config import AugmentationConfig


@dataclass(frozen=True)
class Geometry:
    """One drawn change of place: a flip, a rotation in degrees, a scale, a shift in shares of the side."""

    flip: bool = False
    degrees: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def moves(self) -> bool:
        """True when more than a flip is to be done."""
        return self.degrees != 0 or self.scale != 1 or self.shift != (0.0, 0.0)


def draw_geometry(config: AugmentationConfig, rng: np.random.Generator) -> Geometry:
    """Draw a change of place within the configured limits."""
    flip = bool(rng.random() < config.flip)
    affine = rng.random() < config.affine
    angle, scale, down, right = rng.uniform(-1, 1, 4)
    if not affine:
        return Geometry(flip)
    return Geometry(
        flip,
        float(angle * config.rotate_degrees),
        float(1 + scale * config.scale),
        (float(down * config.shift), float(right * config.shift)),
    )


def move(
    planes: Float[Tensor, "n h w"], geometry: Geometry, sides: tuple[int, int] | None = None
) -> Float[Tensor, "n h w"]:
    """Apply a change of place to stacked planes, picture and masks alike; the border is prolonged.

    Args:
        planes: At any size, stretched or not.
        sides: (H, W) that the planes show, by which a turn is one of the picture and not of its stretched likeness;
            as many as they have pixels by default.
    """
    if geometry.flip:
        planes = planes.flip(-1)
    if not geometry.moves:
        return planes
    height, width = sides or planes.shape[-2:]
    cos = math.cos(math.radians(geometry.degrees)) / geometry.scale
    sin = math.sin(math.radians(geometry.degrees)) / geometry.scale
    down, right = geometry.shift
    matrix = planes.new_tensor([[[cos, -sin * height / width, -2 * right], [sin * width / height, cos, -2 * down]]])
    grid = F.affine_grid(matrix, [1, 1, *planes.shape[-2:]], align_corners=False)
    return F.grid_sample(planes[None], grid, padding_mode="border", align_corners=False)[0]


def change_intensity(
    image: Float[Tensor, "c h w"], config: AugmentationConfig, rng: np.random.Generator
) -> Float[Tensor, "c h w"]:
    """Brightness, contrast, gamma, colour and noise; values stay in 0..1.

    Modest, for textures are named by their grey value (hypoechoic, dense).
    """
    bright, contrast, gamma = rng.uniform(-1, 1, 3)
    if rng.random() < config.intensity:
        mean = image.mean()
        image = (image - mean) * (1 + contrast * config.contrast) + mean + bright * config.brightness
        image = image.clamp(0, 1).pow(math.exp(gamma * config.gamma))
    if config.colour and len(image) == 3 and not (image == image[:1]).all():
        powers = torch.from_numpy(np.exp(rng.uniform(-1, 1, 3) * config.colour)).to(image.dtype)
        image = image.clamp(0, 1).pow(powers[:, None, None])
    if rng.random() < config.noise:
        sigma = rng.random() * config.noise_sd
        grains = rng.standard_normal(image.shape[-2:], dtype=np.float32)
        image = (image + torch.from_numpy(grains) * sigma).clamp(0, 1)
    return image
