"""The soft map over the picture that a stated place implies. A wrong map is worse than none."""

from dataclasses import replace

import numpy as np

from medsegr.cognition.priors import Count, Finding, Location
from medsegr.view import View, ZoneBox

SOFTNESS = 0.03
"""Width of the soft edges, as a share of the picture's side."""


def region_map(location: Location, view: View, size: int = 64, count: Count | None = None) -> np.ndarray | None:
    """Where a finding with this location may lie in the picture.

    Zones of the same kind (upper, mid) unite, zones of different kinds (upper,
    lateral) and the side intersect; but as many zones as there are objects are a
    place for each ("two polyps, right and bottom"), and unite. In the patient's frame the patient's left
    is on the picture's right; zones there are laid out from the midline, so the
    map of the mirrored location is the mirrored map.

    Args:
        location: Side and zones.
        view: Of the picture; decides which zones and sides mean a place in it.
        size: Side of the map in pixels.
        count: How many objects the finding is, where it is stated.

    Returns:
        (size, size) float32 in 0..1, row 0 at the top; None when nothing is stated
        or nothing is known about what is stated.
    """
    kinds: dict[tuple[str, ...], np.ndarray] = {}
    one_each = count == len(location.zones) and len(location.zones) > 1
    for zone in location.zones:
        if zone in view.zones:
            kind = () if one_each else tuple(sorted(view.zones[zone]))
            drawn = _draw(view.zones[zone], size)
            kinds[kind] = np.maximum(kinds[kind], drawn) if kind in kinds else drawn
    maps = list(kinds.values())
    if (half := view.half(location.laterality)) is not None:
        maps.append(_draw({"columns": half}, size))
    return np.prod(maps, axis=0).astype(np.float32) if maps else None


def seen(finding: Finding, view: View) -> Finding:
    """A finding with what of its place can be told in a picture.

    Slices across the body are what the zones of CT and MRI are laid out for. In a coronal slice the front is
    nowhere to be seen; a sagittal one has no sides either, for its columns run to the back.
    """
    place = finding.location
    zones = tuple(zone for zone in place.zones if zone not in view.unseen)
    told = Location(None if view.side_unseen else place.laterality, zones)
    return finding if told == place else replace(finding, location=told)


def _draw(zone: ZoneBox, size: int) -> np.ndarray:
    """A soft box: the product of its ranges along rows and columns."""
    along = (np.arange(size) + 0.5) / size
    rows = _between(along, zone["rows"]) if "rows" in zone else np.ones(size)
    columns = np.ones(size)
    if "columns" in zone:
        columns = _between(along, zone["columns"])
    if "off_midline" in zone:
        columns = _between(np.abs(2 * along - 1), zone["off_midline"], 2 * SOFTNESS)
    return rows[:, None] * columns[None, :]


def _between(along: np.ndarray, bounds: tuple[float, float], softness: float = SOFTNESS) -> np.ndarray:
    """1 between the bounds, 0 outside, a logistic step at each; bounds at the edge of the picture are open."""
    low, high = bounds
    rise = 1 / (1 + np.exp(-(along - low) / (softness / 2))) if low > 0 else np.ones_like(along)
    fall = 1 / (1 + np.exp((along - high) / (softness / 2))) if high < 1 else np.ones_like(along)
    return rise * fall
