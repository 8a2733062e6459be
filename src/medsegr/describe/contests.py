"""Pictures in which several structures or components compete, and what tells them apart.

For each aspect the components of a target fall into classes: left and right,
zones, small and large, faint and dense. A contest is a picture whose components
all fall clearly into one of at least two classes; each class is an object that
can be picked, and the others are its competitors. Of structures of different
kinds the name itself is what tells them apart.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.case import Case
from medsegr.describe.competitors import (
    Competitor,
    Contest,
    Rivals,
    Unclear,
    by_class,
    components,
    count_said,
    described,
)
from medsegr.describe.grey_values import core_of, texture_of
from medsegr.describe.place import Scene, grey_of, side_of, zones_of
from medsegr.describe.words import LUNG_TARGETS, UNCOUNTED
from medsegr.describe.zone_share import telling_zones

MOST_PARTS = 24
"""A target in more components than this, such as nuclei, is a texture and not a number of objects."""

MAINLY = 0.6
"""Share of a competitor that a zone has to hold to be recorded as its own, where it is not to be picked by it."""

FEW_PARTS = 5
"""Sizes and textures are compared among this many components at most; among more, no two differ clearly."""

SIZE_STEP = 2.5
"""Least ratio of the areas of the smallest large and the largest small component."""

LARGEST_SMALL, SMALLEST_LARGE = 0.03, 0.005
"""Shares of the picture beyond which nothing is called small, or large, whatever it is compared with."""

DENSITY_STEP = 0.12
"""Least step of the medians of grey values, 0..1, between faint and dense."""

DENSITY_CHANCE = 0.85
"""Chance that a pixel of the dense object is brighter than one of the faint."""

SHARED_NAMES = {"airspace_opacity": {"ground_glass_opacity": "ground_glass", "consolidation": "dense"}}
"""Name -> two targets that it covers -> their texture, the fainter first."""

SHARED_IN = ("chest_ct", "chest_xray")

MOST_OVERLAP = 0.1
"""Share of the smaller of two structures that may overlap the other where grey values are compared."""


def find_contests(case: Case, scene: Scene) -> Iterator[Contest | Unclear]:
    """Every contest of a picture, and what comes near to one."""
    present = {target: mask for target, mask in sorted(case.structures.items()) if mask.any()}
    for target, mask in present.items():
        if scene.group(target) != "finding":
            continue
        parts = components(mask)
        if parts is None:
            yield Unclear("any", "crumbs beside the components")
        elif len(parts) > MOST_PARTS:
            yield Unclear("any", "too many components")
        elif len(parts) > 1:
            rivals = Rivals(target, parts, case, scene)
            for find in (by_side, by_zone, by_size, by_texture):
                found = find(rivals)
                if found is not None:
                    yield found
    yield from _by_shared_name(present, case, scene)
    if len(present) > 1:
        named = tuple(_named(target, mask, scene) for target, mask in present.items())
        yield Contest("kind", named, len(named))


def by_side(rivals: Rivals) -> Contest | Unclear | None:
    """Left against right, of the patient."""
    view = rivals.scene.view
    if not (view.placed and view.sides == "both"):
        return None
    sides = [side_of(part, rivals.scene) for part in rivals.parts]
    return by_class("side", rivals, sides, lambda side: {"side": side})


def by_zone(rivals: Rivals) -> Contest | Unclear | None:
    """One zone against the others; else, one zone of a side against that side's others and against the other side."""
    view = rivals.scene.view
    if not view.placed:
        return None
    if view.frame == "image":
        return _by_place_in_picture(rivals)
    zones = [next(iter(zones_of(part, rivals.scene)), None) for part in rivals.parts]
    found = by_class("zone", rivals, zones, lambda name: {"zones": (name,)})
    sides = [side_of(part, rivals.scene) for part in rivals.parts]
    if isinstance(found, Contest) or None in sides:
        return found
    for near, far in (("left", "right"), ("right", "left")):
        here = [(zone, part) for part, zone, side in zip(rivals.parts, zones, sides, strict=True) if side == near]
        there = [part for part, side in zip(rivals.parts, sides, strict=True) if side == far]
        names = {zone for zone, _ in here}
        if len(names) > 1 and there and None not in names:
            groups = [(name, [part for zone, part in here if zone == name]) for name in sorted(map(str, names))]
            objects = [described(rivals, parts, side=near, zones=(name,)) for name, parts in groups]
            return Contest("zone", (*objects, described(rivals, there, side=far)), len(objects))
    return found


def _by_place_in_picture(rivals: Rivals) -> Contest | Unclear | None:
    """Component by component, for corners, halves and the centre of a picture overlap: each by a zone of its own."""
    if len(rivals.parts) > FEW_PARTS:
        return None
    clear = telling_zones(rivals.parts, rivals.scene)
    zones = [a or b for a, b in zip(clear, telling_zones(rivals.parts, rivals.scene, MAINLY), strict=True)]
    if None in zones or not any(clear):
        return Unclear("zone", "in no zone of its own clearly")
    order = sorted(range(len(zones)), key=lambda place: clear[place] is None)
    objects = tuple(described(rivals, [rivals.parts[place]], zones=(str(zones[place]),)) for place in order)
    return Contest("zone", objects, sum(zone is not None for zone in clear))


def by_size(rivals: Rivals) -> Contest | Unclear | None:
    """Small against large, by the widest step between neighbours in size."""
    if len(rivals.parts) > FEW_PARTS:
        return None
    areas = sorted((float(part.mean()) for part in rivals.parts), reverse=True)
    steps = [first / second for first, second in pairwise(areas)]
    place = int(np.argmax(steps))
    if steps[place] < SIZE_STEP:
        return Unclear("size", "of about one size")
    if areas[place + 1] > LARGEST_SMALL or areas[place] < SMALLEST_LARGE:
        return Unclear("size", "neither small nor large")
    classes = ["large" if float(part.mean()) >= areas[place] else "small" for part in rivals.parts]
    return by_class("size", rivals, classes, lambda name: {"shape": (name,)})


def by_texture(rivals: Rivals) -> Contest | Unclear | None:
    """Faint against dense in the lung; elsewhere by what each shows against its surroundings."""
    if len(rivals.parts) > FEW_PARTS:
        return None
    if rivals.target in LUNG_TARGETS:
        return _by_density(rivals)
    plane = rivals.case.image.plane()
    seen = [texture_of(part, plane, rivals.scene.modality) for part in rivals.parts]
    if not any(seen):
        return None

    def among(names: Collection[str]) -> Contest | Unclear | None:
        shown = [next((name for name in found if name in names), None) for found in seen]
        return by_class("texture", rivals, shown, lambda name: {"texture": (name,)})

    evenness = {"homogeneous", "heterogeneous"}
    brightness = {name for found in seen for name in found} - evenness
    of_both = [found for names in (brightness, evenness) if isinstance(found := among(names), Contest)]
    return of_both[0] if of_both else Unclear("texture", "in no class clearly")


def _by_density(rivals: Rivals) -> Contest | Unclear | None:
    grey = grey_of(rivals.case.image.plane())
    ranked = sorted((float(np.median(grey[core_of(part)])), place) for place, part in enumerate(rivals.parts))
    steps = [second[0] - first[0] for first, second in pairwise(ranked)]
    cut = int(np.argmax(steps)) + 1
    faint, dense = ([place for _, place in some] for some in (ranked[:cut], ranked[cut:]))
    if not _denser([rivals.parts[place] for place in dense], [rivals.parts[place] for place in faint], grey):
        return Unclear("texture", "of about one grey value")
    classes = ["dense" if place in dense else "faint" for place in range(len(rivals.parts))]
    return by_class("texture", rivals, classes, lambda name: {"texture": (name,)})


def _denser(dense: Sequence[np.ndarray], faint: Sequence[np.ndarray], grey: np.ndarray) -> bool:
    """True when masks are clearly brighter than others, by their medians and by nearly every pixel."""
    inside = [np.concatenate([grey[core_of(part)] for part in parts]) for parts in (faint, dense)]
    step = float(np.median(inside[1]) - np.median(inside[0]))
    chance = float(np.searchsorted(np.sort(inside[0]), inside[1]).mean()) / len(inside[0])
    return step >= DENSITY_STEP and chance >= DENSITY_CHANCE


def _by_shared_name(present: Mapping[str, np.ndarray], case: Case, scene: Scene) -> Iterator[Contest | Unclear]:
    """Structures that one name covers, such as opacities of the lung, told apart by their texture."""
    for name, textures in SHARED_NAMES.items():
        masks = [present[target] for target in textures if target in present]
        if len(masks) < len(textures) or name in case.structures or scene.modality not in SHARED_IN:
            continue
        faint, dense = masks
        if (faint & dense).sum() > MOST_OVERLAP * min(faint.sum(), dense.sum()):
            yield Unclear("texture", "they overlap")
        elif not _denser([dense], [faint], grey_of(case.image.plane())):
            yield Unclear("texture", "of about one grey value")
        else:
            said = [Texture((texture,)) for texture in textures.values()]
            objects = [
                Competitor(Finding(name, "present", Location(), texture, Shape((), (), count_said(mask))), mask)
                for texture, mask in zip(said, masks, strict=True)
            ]
            yield Contest("texture", tuple(objects), len(objects))


def _named(target: str, mask: np.ndarray, scene: Scene) -> Competitor:
    """A structure by its name alone; how many components it has is said of findings."""
    counted = scene.group(target) == "finding" and target not in UNCOUNTED
    shape = Shape((), (), count_said(mask) if counted else None)
    return Competitor(Finding(target, shape=shape), mask)
