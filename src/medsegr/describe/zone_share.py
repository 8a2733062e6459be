"""How much of a mask lies in a zone: at least, and at most, where the zone's borders are uncertain."""

from collections.abc import Sequence

import numpy as np

from medsegr.cognition.priors import Location
from medsegr.describe.place import MOST, ZONES, Scene, held

MOST_OUTSIDE = 0.3
"""What lies in a zone by no more than this share is not in it."""


def shares_in(mask: np.ndarray, zone: str, scene: Scene) -> tuple[float, float]:
    """The least and the most of a mask, (H, W) bool, not empty, that a zone holds.

    Measured in the whole picture and in the body in it, and with the zone shifted a little each way.

    Returns:
        Two shares, 0..1; (0, 1) where the zone means no place in such a picture.
    """
    shares = held((np.argwhere(mask) + 0.5) / np.asarray(mask.shape), Location(zones=(zone,)), scene)
    return min(shares, default=0.0), max(shares, default=1.0)


def telling_zones(masks: Sequence[np.ndarray], scene: Scene, least: float = MOST) -> list[str | None]:
    """For each of several masks a zone that it lies in and none of the others does; None where there is none.

    Args:
        masks: (H, W) bool, not empty.
        least: Share of a mask that its zone has to hold.
    """
    zones = [zone for rivals in ZONES[scene.view.frame] for zone in rivals]
    found = {zone: [shares_in(mask, zone, scene) for mask in masks] for zone in zones}

    def tells(zone: str, place: int) -> bool:
        others = [most for number, (_, most) in enumerate(found[zone]) if number != place]
        return found[zone][place][0] >= least and all(most <= MOST_OUTSIDE for most in others)

    return [next((zone for zone in zones if tells(zone, place)), None) for place in range(len(masks))]
