"""Where a mask lies, in words: side and zone, and only where there is no doubt."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Laterality, Location
from medsegr.cognition.region_map import region_map
from medsegr.data.medical_image import MedicalImage
from medsegr.view import View

MOST = 0.85
"""Share of a mask that has to lie in a place for the place to be stated."""

MARGIN = 0.04
"""The share has to hold after a shift by this much of the picture's side in any direction."""

BODY_LEVEL = 0.08
"""Grey value, 0..1, above which a pixel may belong to the patient."""

SMALLEST_BODY = 0.3
"""A body smaller than this share of the picture is no body that sides could be measured by."""

MAP_SIZE = 128
MOST_POINTS = 4000

ZONES = {
    "patient": (("upper_zone", "mid_zone", "lower_zone"), ("anterior", "posterior")),
    "image": (
        ("top_left", "top_right", "bottom_left", "bottom_right"),
        ("center",),
        ("top", "bottom", "left", "right"),
    ),
}
"""Zones that the place in the picture alone proves, by frame. A lobe or a segment is not among them."""

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Scene:
    """What a description of one image goes by.

    Attributes:
        body: Top, bottom, left and right of the patient in the picture, as shares of its sides.
    """

    view: View
    body: Box
    lexicon: Lexicon

    @classmethod
    def of(cls, image: MedicalImage, lexicon: Lexicon) -> "Scene":
        """Look for the body where places are the patient's; elsewhere the picture is all there is."""
        view = image.view
        return cls(view, body_box(image) if view.placed and view.frame == "patient" else WHOLE, lexicon)

    @property
    def modality(self) -> str | None:
        """Of the image, or None."""
        return self.view.modality

    def group(self, target: str) -> str:
        """``finding``, ``anatomy`` or ``device``."""
        return self.lexicon.targets[target].group


def body_box(image: MedicalImage) -> Box:
    """Top, bottom, left and right of the patient in the picture; the whole picture where they are not to be seen."""
    planes = range(0, image.planes, max(1, image.planes // 24))
    grey = np.max([grey_of(image.plane(index)) for index in planes], axis=0)
    labelled, count = ndimage.label(ndimage.uniform_filter(grey, 5) > BODY_LEVEL)
    if count == 0:
        return WHOLE
    largest = 1 + int(np.argmax(ndimage.sum_labels(labelled > 0, labelled, range(1, count + 1))))
    rows, columns = ndimage.find_objects(labelled)[largest - 1]
    height, width = grey.shape
    box = (rows.start / height, rows.stop / height, columns.start / width, columns.stop / width)
    return box if (box[1] - box[0]) * (box[3] - box[2]) >= SMALLEST_BODY else WHOLE


def side_of(mask: np.ndarray, scene: Scene) -> Laterality | None:
    """The patient's side on which a mask, (H, W) or (D, H, W) bool, lies; None where that is not clear."""
    if not mask.any():
        return None
    points = _points(mask)
    sides: tuple[Laterality, ...] = ("left", "right")
    return next((side for side in sides if _share(points, Location(side), scene) >= MOST), None)


def zones_of(mask: np.ndarray, scene: Scene) -> tuple[str, ...]:
    """The zone that holds most of a mask, (H, W) or (D, H, W) bool; empty where none does clearly."""
    if not mask.any():
        return ()
    points = _points(mask)
    for rivals in ZONES[scene.view.frame]:
        shares = {zone: _share(points, Location(zones=(zone,)), scene) for zone in rivals}
        best = max(shares, key=lambda zone: shares[zone])
        if shares[best] >= MOST:
            return (best,)
    return ()


def grey_of(plane: np.ndarray) -> np.ndarray:
    """A plane (H, W) or (H, W, 3) without its colours."""
    return plane.mean(axis=-1) if plane.ndim == 3 else plane


def _points(mask: np.ndarray) -> np.ndarray:
    """(N, 2) rows and columns of a mask's pixels as shares of the picture's sides; a sample where they are many."""
    places = np.argwhere(mask)[:, -2:]
    places = places[:: max(1, len(places) // MOST_POINTS)]
    return (places + 0.5) / np.asarray(mask.shape[-2:])


def held(points: np.ndarray, location: Location, scene: Scene) -> list[float]:
    """The shares of the points in a place, shifted a little each way, in the picture's and the body's frame.

    Empty where the place means nothing in such a picture.
    """
    place = region_map(location, scene.view, MAP_SIZE)
    if place is None or not scene.view.placed:
        return []
    top, bottom, left, right = scene.body
    in_body = (points - (top, left)) / (bottom - top, right - left)
    shifts = ((0.0, 0.0), (MARGIN, 0.0), (-MARGIN, 0.0), (0.0, MARGIN), (0.0, -MARGIN))
    return [
        float((place[tuple(np.clip((frame + shift) * MAP_SIZE, 0, MAP_SIZE - 1).astype(int).T)] > 0.5).mean())
        for frame in (points, in_body)
        for shift in shifts
    ]


def _share(points: np.ndarray, location: Location, scene: Scene) -> float:
    """The least share of the points in a place."""
    return min(held(points, location, scene), default=0.0)
