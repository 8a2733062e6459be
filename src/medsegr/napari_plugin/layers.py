"""Pictures and masks as layers of napari: each finding one of its own, so that overlapping masks stay apart.

A layer is what napari's readers return: data, settings and the kind of layer. All lie as displayed: planes, rows,
columns, the patient's left on the picture's right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegr.data.image import MedicalImage
from medsegr.inference.result import Result
from medsegr.inference.shown_as import finding_colour, plain_name

Layer = tuple[np.ndarray, dict[str, Any], str]

OPACITY = 0.5


def picture_layer(image: MedicalImage, name: str) -> Layer:
    """The picture, in its own values, shown from black to white as its window says."""
    settings: dict[str, Any] = {"name": name, "scale": scale_of(image), "rgb": image.is_colour}
    if image.window is not None and not image.is_colour:
        settings["contrast_limits"] = tuple(sorted(image.window))
        settings["colormap"] = "gray" if image.window[0] < image.window[1] else "gray_r"
    return image.voxels, settings, "image"


def mask_layer(mask: np.ndarray, name: str, place: int, scale: Sequence[float], about: dict[str, Any]) -> Layer:
    """One finding's mask, bool (H, W) or (D, H, W) as displayed, in the colour of its place in the report."""
    colours = {0: "transparent", 1: finding_colour(place), None: "transparent"}
    settings = {"name": name, "scale": tuple(scale), "opacity": OPACITY, "colormap": colours, "metadata": about}
    return mask.astype(np.uint8), settings, "labels"


def result_layers(result: Result) -> list[Layer]:
    """The masks of a result; findings without one have no layer."""
    scale = scale_of(result.image)
    return [
        mask_layer(found.mask, plain_name(found.finding), place, scale, {"id": found.id, "support": found.support})
        for place, found in enumerate(result.findings)
        if found.outcome == "outlined"
    ]


def scale_of(image: MedicalImage) -> tuple[float, ...]:
    """mm along planes, rows and columns, or rows and columns; 1 where nobody stated it."""
    return image.geometry.spacing_mm if image.is_volume else image.geometry.spacing_mm[1:]
