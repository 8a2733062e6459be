"""Objects that compete in a picture: components of a target in classes, each with its description."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.case import Case
from medsegr.describe.place import Scene
from medsegr.describe.words import UNCOUNTED

Aspect = Literal["side", "zone", "size", "texture", "kind"]
ASPECTS: tuple[Aspect, ...] = ("side", "zone", "size", "texture", "kind")

LEAST_PIXELS = 30
LEAST_SHARE = 0.0004
"""A component of fewer pixels, or of a smaller share of the picture, is a crumb: the painter's ragged edge."""

MOST_CRUMBS = 0.05
"""Share of a target that crumbs may make; they go to the component that they are nearest to."""

MOST_COUNTED = 6
"""More components than this are "multiple"."""


@dataclass(frozen=True, eq=False)
class Competitor:
    """An object of a picture, the description that fits it and none of its rivals, and its mask, (H, W) bool."""

    finding: Finding
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Contest:
    """Objects of one picture that one aspect tells apart.

    Attributes:
        pickable: How many of them, from the first on, the aspect may pick; the rest compete only.
    """

    aspect: Aspect
    objects: tuple[Competitor, ...]
    pickable: int


@dataclass(frozen=True)
class Unclear:
    """Objects there are, but not clearly apart in an aspect; the reason is a few words for a table of counts."""

    aspect: Aspect | Literal["any"]
    reason: str


@dataclass(frozen=True, eq=False)
class Rivals:
    """The components of one target in one picture."""

    target: str
    parts: tuple[np.ndarray, ...]
    case: Case
    scene: Scene


def components(mask: np.ndarray) -> tuple[np.ndarray, ...] | None:
    """Connected components, each with the crumbs nearest to it; None where crumbs are too much of the mask."""
    labelled, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = ndimage.sum_labels(mask, labelled, range(1, count + 1))
    large = np.flatnonzero(sizes >= max(LEAST_PIXELS, LEAST_SHARE * mask.size)) + 1
    crumbs = mask & ~np.isin(labelled, large)
    if not len(large) or crumbs.sum() > MOST_CRUMBS * mask.sum():
        return None
    if crumbs.any():
        kept = np.where(np.isin(labelled, large), labelled, 0)
        rows, columns = ndimage.distance_transform_edt(kept == 0, return_distances=False, return_indices=True)
        labelled = np.where(mask, kept[rows, columns], 0)
    return tuple(labelled == number for number in large)


def by_class(
    aspect: Aspect, rivals: Rivals, classes: Sequence[str | None], said: Callable[[str], Mapping[str, Any]]
) -> Contest | Unclear | None:
    """Components of one class are one object; None where all are of one class. ``classes`` are those of the parts."""
    if None in classes:
        return Unclear(aspect, "in no class clearly")
    if len(set(classes)) < 2:
        return None
    of_part = list(zip(classes, rivals.parts, strict=True))
    named = [(str(name), [part for own, part in of_part if own == name]) for name in sorted(set(map(str, classes)))]
    return Contest(aspect, tuple(described(rivals, parts, **said(name)) for name, parts in named), len(named))


def described(
    rivals: Rivals,
    parts: Sequence[np.ndarray],
    *,
    side: Any = None,
    zones: tuple[str, ...] = (),
    texture: tuple[str, ...] = (),
    shape: tuple[str, ...] = (),
) -> Competitor:
    count = None if rivals.target in UNCOUNTED else number_said(len(parts))
    finding = Finding(rivals.target, "present", Location(side, zones), Texture(texture), Shape(shape, (), count))
    return Competitor(finding, np.logical_or.reduce(list(parts)))


def count_said(mask: np.ndarray) -> Any:
    """What is said of the number of a mask's components; nothing where crumbs leave it open."""
    parts = components(mask)
    return None if parts is None else number_said(len(parts))


def number_said(parts: int) -> Any:
    """What is said of so many; of one nothing, for others may be elsewhere in the picture."""
    return None if parts == 1 else parts if parts <= MOST_COUNTED else "multiple"
