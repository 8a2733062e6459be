"""What a mask looks like inside, against a ring around it; None or nothing where it is not clear.

Brightness is compared by rank: how often a pixel inside is brighter than one
of the ring. Colours are not named: medians of colour did not tell apart what
people call brown, pink and white in the data sets at hand.
"""

import numpy as np
from scipy import ndimage

CLEAR = 0.88
"""Chance that a pixel inside is brighter (or darker) than one of the ring, from which on it is stated."""

LEAST_STEP = 0.06
"""Least difference of the medians, of grey values in 0..1."""

ECHO_FREE = 0.06
"""Mean grey value below which a lesion in ultrasound has no echoes."""

EVEN, UNEVEN = 0.07, 0.25
"""Spread inside (quartiles, as a share of the picture's) below which a mask is even, above which uneven."""

LEAST_PIXELS = 20
LEAST_EVEN_PIXELS = 100
"""In a smaller object the soft edge makes most of the spread."""

BRIGHTNESS = {
    "ultrasound": ("hypoechoic", "hyperechoic"),
    "echocardiography": ("hypoechoic", "hyperechoic"),
    "mri": ("hypointense", "hyperintense"),
    "ct": ("hypodense", "hyperdense"),
}
"""Last word of a modality -> words for darker and brighter."""

EVENNESS = ("mri", "ct")
"""Kinds of picture whose evenness can be told: speckle, surfaces and what lies in front or behind hide it elsewhere."""


def texture_of(
    mask: np.ndarray, plane: np.ndarray, modality: str | None, *, told_by_name: bool = False
) -> tuple[str, ...]:
    """Canonical texture attributes of a mask.

    Args:
        mask: (H, W) bool.
        plane: (H, W) or (H, W, 3) float32 in 0..1; the channels of a grey modality count as sequences.
        modality: Canonical modality, or None.
        told_by_name: The target's name says how bright it is (consolidation in CT), so that it is not repeated.

    Returns:
        At most one attribute of brightness and one of evenness.
    """
    kind = (modality or "").rsplit("_", maxsplit=1)[-1]
    if kind not in BRIGHTNESS:
        return ()
    core, ring = core_of(mask), ring_around(mask)
    if core.sum() < LEAST_PIXELS or ring.sum() < LEAST_PIXELS:
        return ()
    channels = [plane] if plane.ndim == 2 else list(np.moveaxis(plane, -1, 0))
    found = [] if told_by_name else _brightness(core, ring, channels, kind)
    if kind in EVENNESS and core.sum() >= LEAST_EVEN_PIXELS:
        found += _evenness(core, channels)
    return tuple(found)


def core_of(mask: np.ndarray) -> np.ndarray:
    """The mask without its edge, where a pixel is half inside; the mask itself where nothing would be left."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    core = depth > min(2.0, 0.3 * float(depth.max()))
    return core if core.sum() >= LEAST_PIXELS else mask


def ring_around(mask: np.ndarray) -> np.ndarray:
    """A ring around a mask, a little off its edge, half as wide as the mask's radius."""
    radius = float(np.sqrt(mask.sum() / np.pi))
    distance = ndimage.distance_transform_edt(~mask)
    gap, width = max(1.5, 0.08 * radius), max(4.0, 0.5 * radius)
    return (distance > gap) & (distance <= gap + width)


def _brightness(core: np.ndarray, ring: np.ndarray, channels: list[np.ndarray], kind: str) -> list[str]:
    """Darker or brighter, where every sequence that shows a clear difference shows the same."""
    if kind == "ultrasound" and float(np.mean([channel[core].mean() for channel in channels])) < ECHO_FREE:
        return ["anechoic"]
    darker, brighter = BRIGHTNESS[kind]
    signs = {sign for channel in channels if (sign := _sign(channel, core, ring))}
    return [] if len(signs) != 1 else [brighter if signs == {1} else darker]


def _sign(channel: np.ndarray, core: np.ndarray, ring: np.ndarray) -> int:
    smooth = ndimage.gaussian_filter(channel, max(1.0, 0.004 * max(channel.shape)))
    inside, outside = smooth[core], np.sort(smooth[ring])
    chance = float(np.searchsorted(outside, inside).mean()) / len(outside)
    step = float(np.median(inside) - np.median(outside))
    if abs(step) < LEAST_STEP:
        return 0
    return 1 if chance >= CLEAR else -1 if chance <= 1 - CLEAR else 0


def _evenness(core: np.ndarray, channels: list[np.ndarray]) -> list[str]:
    spreads = []
    for channel in channels:
        smooth = ndimage.gaussian_filter(channel, 1.0)
        low, high = np.percentile(channel, (2, 98))
        quartiles = np.percentile(smooth[core], (25, 75))
        spreads.append(float(quartiles[1] - quartiles[0]) / max(float(high - low), 1e-6))
    if max(spreads) <= EVEN:
        return ["homogeneous"]
    return ["heterogeneous"] if max(spreads) >= UNEVEN else []
