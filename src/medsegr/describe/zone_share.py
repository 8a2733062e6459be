"""How much of a mask lies in a zone: at least, and at most, where the zone's borders are uncertain."""

from collections.abc import Sequence

import numpy as np

from medsegr.cognition.priors import Location
from medsegr.cognition.region_map import region_map
from medsegr.describe.place import MAP_SIZE, MARGIN, MOST, ZONES, Scene

MOST_OUTSIDE = 0.3
"""What lies in a zone by no more than this share is not in it."""


def shares_in(mask: np.ndarray, zone: str, scene: Scene) -> tuple[float, float]:
    """The least and the most of a mask that a zone holds.

    Measured in the whole picture and in the body in it, and with the zone shifted a little each way.

    Args:
        mask: (H, W) bool, not empty.
        zone: Canonical name.
        scene: What the picture shows.

    Returns:
        Two shares, 0..1; (0, 1) where the zone means no place in such a picture.
    """
    place = region_map(Location(zones=(zone,)), scene.view, MAP_SIZE)
    if place is None or not scene.view.placed:
        return 0.0, 1.0
    points = (np.argwhere(mask) + 0.5) / np.asarray(mask.shape)
    top, bottom, left, right = scene.body
    in_body = (points - (top, left)) / (bottom - top, right - left)
    shifts = ((0.0, 0.0), (MARGIN, 0.0), (-MARGIN, 0.0), (0.0, MARGIN), (0.0, -MARGIN))
    held = [
        float((place[tuple(np.clip((frame + shift) * MAP_SIZE, 0, MAP_SIZE - 1).astype(int).T)] > 0.5).mean())
        for frame in (points, in_body)
        for shift in shifts
    ]
    return min(held), max(held)


def telling_zones(masks: Sequence[np.ndarray], scene: Scene, least: float = MOST) -> list[str | None]:
    """For each of several masks a zone that it lies in and none of the others does; None where there is none.

    Args:
        masks: (H, W) bool, not empty.
        scene: What the picture shows.
        least: Share of a mask that its zone has to hold.
    """
    zones = [zone for rivals in ZONES[scene.view.frame] for zone in rivals]
    held = {zone: [shares_in(mask, zone, scene) for mask in masks] for zone in zones}

    def tells(zone: str, place: int) -> bool:
        others = [most for number, (_, most) in enumerate(held[zone]) if number != place]
        return held[zone][place][0] >= least and all(most <= MOST_OUTSIDE for most in others)

    return [next((zone for zone in zones if tells(zone, place)), None) for place in range(len(masks))]
