"""Forms and textures of phantom lesions, drawn as soft masks and grey-value profiles."""

import numpy as np
from scipy import ndimage, special

FORMS = ("round", "oval", "linear", "lobulated", "irregular")
"""Canonical forms that a person tells apart at a glance at 16 px and more."""

ALIKE = ({"round", "oval"}, {"lobulated", "irregular"}, {"oval", "linear"})
"""Pairs that are too much alike to compete with each other."""


def distinct_forms(form: str) -> list[str]:
    """Forms that nobody confuses with ``form``."""
    return [other for other in FORMS if other != form and {form, other} not in ALIKE]


def draw_form(rng: np.random.Generator, size: int, center: tuple[float, float], area: float, form: str) -> np.ndarray:
    """A soft mask (size, size) float32 in 0..1 of one of :data:`FORMS`, of about ``area`` pixels.

    Its turn, lobes and irregularities are drawn; its centre is given as row and column, in pixels.
    """
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    y, x = rows + 0.5 - center[0], columns + 0.5 - center[1]
    turn = rng.uniform(0, 2 * np.pi)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    stretch = {"oval": 1.75, "linear": 4.5}.get(form, 1.0)
    u, v = u / np.sqrt(stretch), v * np.sqrt(stretch)
    distance, angle = np.hypot(u, v), np.arctan2(v, u)
    outline = np.ones_like(angle)
    if form == "lobulated":
        outline = 0.72 + 0.42 * np.abs(np.cos(angle * rng.choice([1.5, 2.0]) + rng.uniform(0, np.pi)))
    elif form == "irregular":
        spikes = int(rng.integers(6, 9))
        outline = 0.62 + 0.75 * np.abs(np.cos(angle * spikes / 2 + rng.uniform(0, np.pi))) ** 3
        for wave in (1, 2, 3):
            outline += rng.uniform(0.04, 0.12) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    radius = np.sqrt(area / np.pi / np.mean(outline**2))  # over the plane each angle counts about the same
    return special.expit((radius * outline - distance) / 0.6).astype(np.float32)


def grain(rng: np.random.Generator, size: int, sigma: float) -> np.ndarray:
    """Smooth noise of mean 0 and deviation 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma)
    return (noise / noise.std()).astype(np.float32)


def rim(alpha: np.ndarray, share: float = 0.34) -> np.ndarray:
    """The outer part of a soft mask: 1 at the rim, 0 at the core."""
    inside = ndimage.distance_transform_edt(alpha > 0.5).astype(np.float32)
    depth = inside.max() or 1.0
    core = special.expit((inside - share * depth - 0.5) / 0.5)
    return (1 - core).astype(np.float32)


def profile(rng: np.random.Generator, alpha: np.ndarray, texture: str) -> np.ndarray:
    """What a texture adds to the picture inside ``alpha``, a soft mask: multiples of the lesion's contrast."""
    size = alpha.shape[0]
    if texture in ("solid", "hyperdense"):
        inner = np.ones_like(alpha)
    elif texture == "hypodense":
        inner = -np.ones_like(alpha)
    elif texture == "ground_glass":
        inner = 0.45 + 0.12 * grain(rng, size, 1.2)
    elif texture in ("cavitary", "ring_enhancing"):
        inner = 1.3 * rim(alpha) - (0.7 if texture == "cavitary" else 0.9) * (1 - rim(alpha))
    elif texture == "calcified":
        inner = 0.7 + 2.6 * (grain(rng, size, 1.0) > 0.55)
    else:
        raise ValueError(f"no profile for texture {texture!r}")
    return (alpha * inner).astype(np.float32)


def echo(rng: np.random.Generator, alpha: np.ndarray, texture: str) -> np.ndarray:
    """Factor by which a lesion changes the echo strength of ultrasound."""
    size = alpha.shape[0]
    if texture == "heterogeneous":
        patches = grain(rng, size, size / 100)
        inside = np.where(patches > 0.1, 2.6, 0.18).astype(np.float32)
    else:
        inside = np.full_like(alpha, {"anechoic": 0.03, "hypoechoic": 0.32, "hyperechoic": 3.0}[texture])
    return 1 + alpha * (inside - 1)
