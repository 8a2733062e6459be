"""Pictures as RGB, and location maps laid over them."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from medsegr.data.image import MedicalImage

HEAT = colormaps["inferno"]
DISPLAY_PX = 900
"""Longest side of a displayed picture; larger ones are shown smaller."""


def display_step(shape: tuple[int, ...]) -> int:
    """Every how many pixels a picture of this (H, W) is shown."""
    return max(1, -(-max(shape[:2]) // DISPLAY_PX))


def display_rgb(plane: np.ndarray) -> np.ndarray:
    """A plane, (H, W) or (H, W, 3) in 0..1, as RGB in 0..1 of at most ``DISPLAY_PX``, area-averaged."""
    rgb = np.repeat(plane[..., None], 3, axis=2) if plane.ndim == 2 else plane
    step = display_step(rgb.shape)
    if step > 1:
        from scipy import ndimage

        rgb = ndimage.uniform_filter(rgb, size=(step, step, 1))[step // 2 :: step, step // 2 :: step]
    return np.clip(rgb, 0.0, 1.0)


def display_map(array: np.ndarray) -> np.ndarray:
    """A mask or a map (H, W) at the size of :func:`display_rgb`."""
    step = display_step(array.shape)
    return array[step // 2 :: step, step // 2 :: step] if step > 1 else array


def heat_overlay(rgb: np.ndarray, location_map: np.ndarray) -> np.ndarray:
    """The picture in grey, warm where the model looked.

    Args:
        rgb: (H, W, 3) in 0..1.
        location_map: (H, W) in 0..1.

    Returns:
        (H, W, 3) in 0..1.
    """
    grey = rgb.mean(axis=2, keepdims=True) * 0.85
    alpha = np.clip(location_map, 0.0, 1.0)[..., None] * 0.72
    return grey * (1 - alpha) + HEAT(0.25 + 0.7 * np.clip(location_map, 0.0, 1.0))[..., :3] * alpha


def pixel_aspect(image: MedicalImage) -> float:
    """Height of a pixel over its width."""
    _, height, width = image.geometry.spacing_mm
    return height / width


def draw_outline(axes: Axes, mask: np.ndarray, colour: str, dashed: bool = False, width: float = 1.8) -> None:
    """Outline of a mask (H, W), closed at the picture's edge, with a dark halo.

    Dashes are for findings that the report is not sure of.
    """
    if not mask.any():
        return
    padded = np.pad(mask.astype(np.float32), 1)
    ys, xs = np.arange(-1, mask.shape[0] + 1), np.arange(-1, mask.shape[1] + 1)
    halo = [withStroke(linewidth=width + 2.0, foreground=(0, 0, 0, 0.55))]
    style = [(0, (3.2, 1.8))] if dashed else ["solid"]
    drawn = axes.contour(xs, ys, padded, levels=[0.5], colors=[colour], linewidths=width, linestyles=style)
    drawn.set_path_effects([*halo])
    drawn.set_clip_on(False)


def draw_box(axes: Axes, box: tuple[float, float, float, float], step: int, colour: str) -> None:
    """A thin, dashed box with a dark halo.

    Args:
        box: x1, y1, x2, y2 in pixels of the picture, from its corner.
        step: Every how many pixels the picture is shown, as of :func:`display_step`.
        colour: Of the finding.
    """
    x1, y1, x2, y2 = (side / step - 0.5 for side in box)  # axes count from the first pixel's centre
    halo = [withStroke(linewidth=2.6, foreground=(0, 0, 0, 0.55))]
    drawn = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=1.1, linestyle=(0, (4, 2.5)))
    drawn.set_path_effects([*halo])
    drawn.set_clip_on(False)
    axes.add_patch(drawn)


def draw_side_letters(axes: Axes, size: float) -> None:
    """R and L of the patient: the patient's right is on the picture's left."""
    for x, letter, align in ((0.02, "R", "left"), (0.98, "L", "right")):
        axes.text(
            x, 0.975, letter, transform=axes.transAxes, size=size, weight="bold", color="white",
            ha=align, va="top", path_effects=[withStroke(linewidth=2.5, foreground="black")],
        )  # fmt: skip
