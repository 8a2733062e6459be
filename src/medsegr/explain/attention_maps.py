"""Pictures, masks and location maps as pixels for a page."""

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageColor

from medsegr.data.image import MedicalImage
from medsegr.explain.page import resized

HEAT_STOPS = (
    "#57106E", "#6D186E", "#85216B", "#9D2964", "#B43359", "#CA404A", "#DD513A", "#EB6628",
    "#F67E14", "#FB9906", "#FBB61A", "#F7D340", "#F1EF75",
)  # fmt: skip
"""From little to much, as darkness to light; of matplotlib's colour map ``inferno``."""

LEVELS = np.arange(256) / 255

HEAT = np.stack(
    [np.interp(LEVELS, np.linspace(0, 1, len(HEAT_STOPS)), stops) for stops in
     zip(*map(ImageColor.getrgb, HEAT_STOPS), strict=True)], axis=1,
).round().astype(np.uint8)  # fmt: skip
"""(256, 3) colours of a map's values from 0 to 1."""

TINT = 0.22
"""How much of a finding's colour lies over its mask."""


def display(plane: Float[np.ndarray, "h w"] | Float[np.ndarray, "h w 3"]) -> Image.Image:
    """A plane of values in 0..1 as a picture of 8 bits, grey or RGB."""
    return Image.fromarray((255 * plane + 0.5).astype(np.uint8))


def heat_overlay(picture: Image.Image, location_map: Float[np.ndarray, "h w"], size: tuple[int, int]) -> Image.Image:
    """The picture in grey, warm where the model looked.

    Args:
        picture: Grey or RGB.
        location_map: 0..1 for every pixel of it.
        size: Width and height of what is returned.
    """
    grey = resized(picture.convert("L"), size).point([round(0.85 * level) for level in range(256)])
    looked = resized(display(np.clip(location_map, 0.0, 1.0)), size)
    warm = looked.copy()
    warm.putpalette(HEAT.tobytes())
    alpha = looked.point([round(0.72 * level) for level in range(256)])
    return Image.composite(warm.convert("RGB"), grey.convert("RGB"), alpha)


def tinted(picture: Image.Image, mask: Bool[np.ndarray, "h w"], colour: str, size: tuple[int, int]) -> Image.Image:
    """The picture with a finding's colour over its mask.

    Args:
        picture: Grey or RGB.
        mask: Of its pixels.
        colour: As ``#RRGGBB``.
        size: Width and height of what is returned.
    """
    over = resized(Image.fromarray(np.uint8(round(255 * TINT)) * mask), size)
    shown = resized(picture, size).convert("RGB")
    return Image.composite(Image.new("RGB", size, colour), shown, over)


def pixel_aspect(image: MedicalImage) -> float:
    """Height of a pixel over its width."""
    _, height, width = image.geometry.spacing_mm
    return height / width
