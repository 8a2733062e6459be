"""Empty scenes of three looks: organs, places where lesions may lie, and how a picture is made of them.

All are drawn as displayed: row 0 at the top, the patient's left on the
picture's right (X-ray, CT).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from medsegr.data.phantoms.forms import echo, grain, profile

Place = tuple[str | None, tuple[str, ...]]
"""(laterality, zones) as a report states them."""

Drawn = tuple[np.ndarray, str, float]
"""Soft mask, texture and contrast of a lesion."""


@dataclass
class Scene:
    """One patient without lesions.

    Attributes:
        look: ``xray``, ``ct`` or ``ultrasound``.
        organs: Name -> bool mask; may overlap.
        places: Target -> place -> bool mask of where the centre of a lesion may lie.
        coarse: Target -> coarse place -> bool mask, for lesions that must share a stated place.
        render: Soft masks, textures and contrasts of the lesions -> grey picture in 0..1.
    """

    look: str
    organs: dict[str, np.ndarray]
    places: dict[str, dict[Place, np.ndarray]]
    coarse: dict[str, dict[Place, np.ndarray]]
    render: Callable[[list[Drawn]], np.ndarray] = field(repr=False)


def ellipse(size: int, center: tuple[float, float], radii: tuple[float, float], power: float = 2.0) -> np.ndarray:
    """Bool mask of a (super)ellipse; centre and radii (rows, columns) as shares of the side."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    return np.abs((rows - center[0]) / radii[0]) ** power + np.abs((columns - center[1]) / radii[1]) ** power < 1


def soft(mask: np.ndarray, sigma: float) -> np.ndarray:
    """A mask with blurred edges."""
    return ndimage.gaussian_filter(mask.astype(np.float32), sigma)


def _added(rng: np.random.Generator, picture: np.ndarray, lesions: list[Drawn]) -> np.ndarray:
    shown = picture.copy()
    for alpha, texture, contrast in lesions:
        shown += contrast * profile(rng, alpha, texture)
    return shown


def _inner(mask: np.ndarray, pixels: float) -> np.ndarray:
    return ndimage.distance_transform_edt(mask) > pixels


def xray(rng: np.random.Generator, size: int) -> Scene:
    """A chest film: attenuations add up, so structures overlap and shine through each other."""
    jitter = rng.uniform(-0.015, 0.015, 12)
    body = ellipse(size, (0.58, 0.5), (0.62, 0.47), 3)
    top, bottom = 0.14 + jitter[0], 0.84 + jitter[1]
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    right = ellipse(size, (middle, 0.30 + jitter[2]), (half, 0.165 + jitter[3] / 2), 2.6)
    left = ellipse(size, (middle, 0.70 + jitter[4]), (half, 0.165 + jitter[5] / 2), 2.6)
    heart = ellipse(size, (0.66 + jitter[6], 0.55 + jitter[7]), (0.17, 0.15 + jitter[8]), 2)
    central = ellipse(size, (0.45, 0.5), (0.40, 0.055 + jitter[9] / 2), 6) | heart
    airway = ellipse(size, (0.20, 0.5), (0.19, 0.016), 6) & body
    organs = {"left_lung": left, "right_lung": right, "cardiomediastinum": central, "airways": airway}
    thickness = 0.62 * soft(body, size / 40) + 0.10 * soft(central, size / 90) + 0.12 * soft(heart, size / 64)
    thickness -= 0.36 * (soft(left, size / 100) + soft(right, size / 100)) + 0.08 * soft(airway, size / 180)
    thickness += 0.025 * _ribs(rng, size) * soft(body, size / 60)
    thickness += 0.012 * grain(rng, size, size / 50)
    noise = 0.014 * grain(rng, size, 0.6)
    gain, offset = rng.uniform(0.9, 1.1), rng.uniform(-0.03, 0.03)

    def render(lesions: list[Drawn]) -> np.ndarray:
        return np.clip(gain * _added(rng, thickness, lesions) + offset + noise, 0, 1)

    rows = (np.arange(size) + 0.5)[:, None] / size
    places: dict[Place, np.ndarray] = {}
    coarse: dict[Place, np.ndarray] = {}
    for side, lung in (("left", left), ("right", right)):
        reach = _inner(lung, size * 0.03)
        coarse[side, ()] = reach
        for number, zone in enumerate(("upper_zone", "mid_zone", "lower_zone")):
            start = top + (bottom - top) * number / 3
            inside = (rows > start + 0.02) & (rows < start + (bottom - top) / 3 - 0.02)
            places[side, (zone,)] = reach & inside
    targets = ("nodule", "mass", "consolidation")
    return Scene("xray", organs, dict.fromkeys(targets, places), dict.fromkeys(targets, coarse), render)


def _ribs(rng: np.random.Generator, size: int) -> np.ndarray:
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    bend = rows - 0.5 * (columns - 0.5) ** 2 * np.sign(0.5 - rows + 0.3) + rng.uniform(0, 0.08)
    return (np.sin(bend * 2 * np.pi * rng.uniform(9, 11)) > 0.55).astype(np.float32)


def ct(rng: np.random.Generator, size: int) -> Scene:
    """An axial slice of the abdomen: anterior at the top, the patient's right on the picture's left."""
    jitter = rng.uniform(-0.012, 0.012, 12)
    body = ellipse(size, (0.5, 0.5), (0.36 + jitter[0], 0.46 + jitter[1]), 2.3)
    wall = body & ~_inner(body, size * 0.03)
    liver = ellipse(size, (0.42 + jitter[2], 0.31 + jitter[3]), (0.22, 0.225), 2.4) & _inner(body, size * 0.035)
    spleen = ellipse(size, (0.58 + jitter[4], 0.83 + jitter[5]), (0.13, 0.065)) & _inner(body, size * 0.035)
    right_kidney = ellipse(size, (0.70 + jitter[6], 0.33), (0.075, 0.06)) & ~liver
    left_kidney = ellipse(size, (0.70 + jitter[7], 0.68), (0.075, 0.06)) & ~spleen
    spine = ellipse(size, (0.74, 0.5), (0.07, 0.065), 3)
    aorta = ellipse(size, (0.61 + jitter[8], 0.53), (0.032, 0.032))
    organs = {"liver": liver, "spleen": spleen, "kidney": left_kidney | right_kidney, "aorta": aorta}
    picture = 0.36 * soft(body, 1.2) - 0.06 * soft(wall, 1.0) + 0.14 * soft(liver, 1.0)
    picture += 0.17 * soft(spleen, 1.0) + 0.22 * soft(left_kidney | right_kidney, 1.0)
    picture += 0.5 * soft(spine, 1.5) * (0.75 + 0.1 * grain(rng, size, 2)) + 0.25 * soft(aorta, 0.8)
    picture += (0.018 * grain(rng, size, size / 40) + 0.022 * grain(rng, size, 0.7)) * soft(body, 1.0)

    def render(lesions: list[Drawn]) -> np.ndarray:
        return np.clip(_added(rng, picture, lesions), 0, 1)

    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    cavity = _inner(body, size * 0.08) & ~ndimage.binary_dilation(spine, iterations=max(2, size // 40))
    sides = {"right": columns < 0.47, "left": columns > 0.53}
    depths = {"anterior": rows < 0.47, "posterior": rows > 0.53}
    reach = _inner(liver, size * 0.03)
    free = cavity & ~ndimage.binary_dilation(liver, iterations=max(1, size // 50))
    mass: dict[Place, np.ndarray] = {(s, (d,)): cavity & a & b for s, a in sides.items() for d, b in depths.items()}
    return Scene(
        "ct",
        organs,
        {"liver_lesion": {(None, (d,)): reach & b for d, b in depths.items()}, "mass": mass},
        {"liver_lesion": {(None, ()): reach}, "mass": {("left", ()): free & sides["left"]}},
        render,
    )


def ultrasound(rng: np.random.Generator, size: int) -> Scene:
    """A breast: layers, attenuation with depth, multiplicative speckle."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    wave = 0.03 * np.sin(columns * rng.uniform(4, 9) + rng.uniform(0, 6))
    echoes = np.full((size, size), 0.32, np.float32)
    echoes[rows < 0.06 + wave / 3] = 0.75
    echoes[(rows > 0.06 + wave / 3) & (rows < 0.20 + wave)] = 0.22
    echoes[rows > 0.86 + wave] = 0.5
    echoes = ndimage.gaussian_filter(echoes, size / 120) * np.exp(0.16 * grain(rng, size, size / 14))
    echoes *= np.exp(-0.5 * rows)
    real, imaginary = grain(rng, size, 0.9), grain(rng, size, 0.9)
    speckle = np.hypot(real, imaginary) / 1.25
    gain = rng.uniform(0.85, 1.15)

    def render(lesions: list[Drawn]) -> np.ndarray:
        shown = echoes.copy()
        for alpha, texture, contrast in lesions:
            shown *= np.exp(contrast * np.log(echo(rng, alpha, texture) + 1e-6))
            behind = np.maximum.accumulate(alpha, axis=0) * (1 - alpha)
            shown *= 1 + (0.6 if texture == "anechoic" else -0.3 if texture == "hypoechoic" else 0) * (
                ndimage.gaussian_filter(behind, size / 100) * contrast
            )
        compressed = np.log1p(12 * gain * shown * (0.25 + 0.75 * speckle)) / np.log(13)
        return np.clip(compressed, 0, 1)

    tissue = (rows > 0.17) & (rows < 0.87) & (columns > 0.08) & (columns < 0.92)
    heights = {"top": rows < 0.47, "bottom": rows > 0.53}
    widths = {"left": columns < 0.46, "right": columns > 0.54}
    places: dict[Place, np.ndarray] = {
        (None, (f"{h}_{w}",)): tissue & a & b for h, a in heights.items() for w, b in widths.items()
    }
    return Scene("ultrasound", {}, {"breast_lesion": places}, {"breast_lesion": {(None, ()): tissue}}, render)


LOOKS: dict[str, Callable[[np.random.Generator, int], Scene]] = {
    "xray": xray,
    "ct": ct,
    "ultrasound": ultrasound,
}

TEXTURES = {
    "xray": ("solid", "cavitary", "calcified", "ground_glass"),
    "ct": ("hypodense", "hyperdense", "calcified", "ring_enhancing"),
    "ultrasound": ("anechoic", "hypoechoic", "hyperechoic", "heterogeneous"),
}
"""Textures per look, each to be told apart at a glance."""

CONTRAST = {"xray": 0.20, "ct": 0.20, "ultrasound": 1.0}
"""Usual contrast of a lesion (grey value 0..1; ultrasound: exponent of the echo factor)."""
