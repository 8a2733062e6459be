"""Which planes of a volume a stated place speaks of: the region map's counterpart along the body."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from medsegr.cognition.priors import Location
from medsegr.view import View

SOFTNESS = 0.06
"""Width of the soft ends of a range, as a share of the volume's length: where a zone ends differs between patients."""

LEAST = 0.2
"""By how much the odds of a finding fall in planes far from its stated place. Never to nothing: words are wrong at
times, and a volume's ends are not known by the millimetre."""


def planes_likely(location: Location, view: View, planes: int) -> Float[np.ndarray, "d"] | None:
    """How likely each plane is to show a finding with this place, beside the likeliest one.

    Zones count along the body in axial volumes that are known to show the whole region, and the side does in
    sagittal ones that show both; several zones unite.

    Args:
        location: As the report states it.
        view: Of the volume.
        planes: How many, as displayed.

    Returns:
        Factors of the odds, from :data:`LEAST` to 1; None where nothing is stated or known.
    """
    ranges = list(_ranges(location, view, planes))
    if not ranges:
        return None
    along = (np.arange(planes) + 0.5) / planes
    if view.step_mm is not None and view.step_mm > 0:  # ranges begin at the head and at the patient's right
        along = 1 - along
    shares = np.max([_inside(along, low, high) for low, high in ranges], axis=0)
    return LEAST + (1 - LEAST) * shares


def steered(support: float, likely: float) -> float:
    """A support 0..1 with its odds multiplied."""
    return support * likely / (support * likely + 1 - support) if support < 1 else 1.0


def _ranges(location: Location, view: View, planes: int) -> Iterable[tuple[float, float]]:
    """From 0 at the head, or at the patient's right, to 1."""
    if view.step_mm is None:
        return
    length, stretches = abs(view.step_mm) * planes, view.kind.stretches
    if view.plane == "axial":
        known = next((s for s in stretches if s.length_mm[0] <= length <= s.length_mm[1]), None)
        yield from (known.along[zone] for zone in location.zones if known and zone in known.along)
    wide = any(s.width_mm[0] <= length <= s.width_mm[1] for s in stretches)
    if view.plane == "sagittal" and wide and location.laterality in ("left", "right"):
        yield (0.5, 1.0) if location.laterality == "left" else (0.0, 0.5)


def _inside(along: Float[np.ndarray, "d"], low: float, high: float) -> Float[np.ndarray, "d"]:
    """1 between the ends, 0 far outside; ends of the volume are open."""
    rise = 1 / (1 + np.exp(-(along - low) / SOFTNESS * 2)) if low > 0 else np.ones_like(along)
    fall = 1 / (1 + np.exp((along - high) / SOFTNESS * 2)) if high < 1 else np.ones_like(along)
    return rise * fall
