"""Masks and image of a case -> findings, in the vocabulary's names, with nothing stated that is not clear."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Count, Finding, Laterality, Location, Shape, Texture
from medsegr.data.case import Case
from medsegr.data.extents import extents_mm
from medsegr.describe.competitors import MOST_COUNTED
from medsegr.describe.form import form_of
from medsegr.describe.grey_values import texture_of
from medsegr.describe.place import Scene, side_of, zones_of
from medsegr.describe.words import UNCOUNTED

SPECK = 0.05
"""A component below this share of the largest is a speck: neither counted nor measured."""

MOST_APART = 3
"""With more components than this on a side, both sides are one bilateral finding."""

FORMS_OF_ORGANS = ("round", "oval", "ring_shaped")
"""Forms that are said of an organ; what looks irregular may be its own form."""

SIZE_CLASSES = (("small", 0.0, 0.008), ("medium", 0.0125, 0.04), ("large", 0.065, 1.0))
"""Size class, from and up to which share of the picture; between them nothing is stated."""


@dataclass(frozen=True, eq=False)
class Part:
    """One connected component and the side on which it clearly lies."""

    mask: np.ndarray
    side: Laterality | None

    def key_plane(self) -> int:
        """The plane of a volume that shows most of it; 0 of a picture."""
        return int(np.argmax(self.mask.sum(axis=(1, 2)))) if self.mask.ndim == 3 else 0

    def section(self) -> np.ndarray:
        """(H, W) bool, its key plane."""
        return self.mask[self.key_plane()] if self.mask.ndim == 3 else self.mask


@dataclass(frozen=True, eq=False)
class Extent:
    """The components that make up one finding, the largest first, and whether there are specks beside them."""

    parts: tuple[Part, ...]
    specks: bool
    mask: np.ndarray


def measure_case(case: Case, lexicon: Lexicon) -> tuple[Finding, ...]:
    """Everything that masks and image say of a case.

    Args:
        case: Image and structures, of known targets. An empty structure is denied, if it is a finding or a device.

    Returns:
        Present findings, then absent ones, each in alphabetical order of the targets.
    """
    scene = Scene.of(case.image, lexicon)
    present: list[Finding] = []
    absent: list[Finding] = []
    for target, mask in sorted(case.structures.items()):
        if mask.any():
            present += measure_target(target, mask, case, scene)
        elif scene.group(target) != "anatomy":
            absent.append(Finding(target, "absent"))
    return (*present, *absent)


def measure_target(target: str, mask: np.ndarray, case: Case, scene: Scene) -> list[Finding]:
    """The findings of one target of a case, by its mask, not empty: one, or a left and a right one.

    Left and right are told apart where every component lies clearly on a side and
    there are few; otherwise components on both sides make it bilateral.
    """
    whole = _extent(mask, scene)
    if scene.group(target) != "finding":
        return [_finding(target, whole, case, scene, None)]
    sides: dict[Laterality | None, list[Part]] = {}
    for part in whole.parts:
        sides.setdefault(part.side, []).append(part)
    left, right = sides.get("left", []), sides.get("right", [])
    if left and right and len(sides) == 2 and max(len(left), len(right)) <= MOST_APART:
        return [_finding(target, _some(whole, own), case, scene, own[0].side) for own in (left, right)]
    side: Laterality | None = "bilateral" if left and right else next(iter(sides)) if len(sides) == 1 else None
    return [_finding(target, whole, case, scene, side)]


def _extent(mask: np.ndarray, scene: Scene) -> Extent:
    labelled, count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    sizes = ndimage.sum_labels(mask, labelled, range(1, count + 1))
    kept = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= SPECK * sizes.max()]
    masks = [labelled == i + 1 for i in kept]
    return Extent(tuple(Part(m, side_of(m, scene)) for m in masks), len(kept) < count, mask)


def _some(whole: Extent, parts: list[Part]) -> Extent:
    return Extent(tuple(parts), whole.specks, np.logical_or.reduce([part.mask for part in parts]))


def _finding(target: str, extent: Extent, case: Case, scene: Scene, side: Laterality | None) -> Finding:
    """One finding. Of a device only that it is there: a report names its tip and course, which masks do not tell."""
    entry = scene.lexicon.targets[target]
    if entry.group == "device":
        return Finding(target)
    is_finding = entry.group == "finding"
    plane = extent.parts[0].key_plane()
    section = extent.mask[plane] if extent.mask.ndim == 3 else extent.mask
    told_by_name = is_finding and scene.modality == "chest_ct" and entry.region == "chest"
    texture = texture_of(section, case.image.plane(plane), scene.modality, told_by_name=told_by_name)
    zones = zones_of(extent.mask, scene) if is_finding else ()
    if len(extent.parts) > 1:  # "multiple ... anteriorly" speaks of each of them, not of most of the area
        zones = zones if all(zones_of(part.mask, scene) == zones for part in extent.parts) else ()
    shape = _shape(target, extent, case, is_finding)
    return Finding(target, "present", Location(side, zones), Texture(texture), shape)


def _shape(target: str, extent: Extent, case: Case, is_finding: bool) -> Shape:
    """Form, size and count. What holds for one of several components only is left out; organs are not counted."""
    geometry = case.image.geometry
    single = len(extent.parts) == 1 and not extent.specks
    forms = {form_of(part.section(), geometry.spacing_mm[1:]) for part in extent.parts}
    if not is_finding:
        forms &= set(FORMS_OF_ORGANS)
    attributes = [form for form in forms if form and len(forms) == 1]
    size: tuple[float, ...] = ()
    if geometry.spacing_known and single:
        planes = extent.mask if extent.mask.ndim == 3 else extent.mask[None]
        length, _ = extents_mm(planes, geometry.displayed_affine())
        size = (round(length, 1) if length < 10 else float(round(length)),) if length else ()
    elif is_finding and not geometry.spacing_known:
        shares = [float(part.section().mean()) for part in extent.parts]
        attributes += [name for name, low, high in SIZE_CLASSES if all(low <= share <= high for share in shares)]
    count = _count(extent) if is_finding and target not in UNCOUNTED else None
    return Shape(tuple(attributes), size, count)


def _count(extent: Extent) -> Count | None:
    number = len(extent.parts)
    if extent.specks or number > MOST_COUNTED:
        return "multiple" if number >= 3 else None
    return number
