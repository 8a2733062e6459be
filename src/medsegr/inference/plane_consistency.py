"""What neighbouring planes say of each other: one finding in space, not a mask a plane.

A plane is asked by itself, so the same organ may be supported in one plane and a little less in the next, and a
shadow in one plane alone may be taken for it. Two rules, both about parts of a mask that hang together in space:

* **Support along the slices.** A plane whose support passes keeps its mask. One whose support falls short, by
  :data:`WEAK` of the threshold at most, keeps those parts that hang together, plane by plane, with a mask that passes.
* **Specks.** A part that lies in a single plane and has at most :data:`SPECK` of the voxels of the largest part is
  left out. Never the largest one, so the only lesion stays however small; never what the plane that is shown has; and
  none where the report counts several or names both sides.

Both are settled before a user clicks: a click changes its own plane and no other (``volume.py``).

On stacks of three organs in abdominal MRI (``docs/studies.md``), which the model had never
seen, specks are worth a third of a point of Dice, a gain in most of the stacks that they change; support along the
slices one to four points, with an interval that reaches below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from medsegr.cognition.priors import Finding
from medsegr.inference.packed_mask import PackedMask

WEAK = 0.2
"""Share of the support threshold from which on a plane may go on with what its neighbours have."""

SPECK = 0.02
"""Most voxels of a speck, as a share of those of the largest part."""

NEIGHBOURS = np.ones((3, 3), bool)
"""Pixels that touch hang together, also by a corner."""


@dataclass(frozen=True)
class Parts:
    """The parts of each plane, numbered through, and which of them hang together in space.

    Attributes:
        plane: Plane of each part.
        voxels: Of each part.
        body: Number of what it belongs to in space.
    """

    plane: Int[np.ndarray, "n"]
    voxels: Int[np.ndarray, "n"]
    body: Int[np.ndarray, "n"]


def is_several(finding: Finding) -> bool:
    """Whether a finding may lie in several places by its words."""
    count = finding.shape.count
    return finding.location.laterality == "bilateral" or count == "multiple" or (count or 1) > 1


def settled(mask: PackedMask, passes: Sequence[bool], shown: int, *, several: bool = False) -> PackedMask:
    """The mask of a volume after the two rules.

    Args:
        mask: Of planes that pass, and of weak ones.
        passes: For each plane, whether its support does.
        shown: The plane that is shown.
        several: There may be several objects, so nothing is a speck.
    """
    if len(mask) == 1:
        return mask if passes[0] else PackedMask.empty((1, *mask.size))
    if not any(passes):
        return PackedMask.empty((len(mask), *mask.size))
    if all(passes) and several:
        return mask
    parts = _parts(mask)
    keeps = _held(parts, np.asarray(passes, bool)) & ~(_specks(parts, shown) & (not several))
    if keeps.all():
        return mask
    kept, first = PackedMask(mask.size), 0
    for plane in mask:
        labels, count = _labelled(plane)
        kept.append(np.concatenate([[False], keeps[first : first + count]])[labels])
        first += count
    return kept


def touching(plane: Bool[np.ndarray, "h w"], beside: Sequence[Bool[np.ndarray, "h w"]]) -> Bool[np.ndarray, "h w"]:
    """The parts of a plane that hang together with the planes beside it."""
    labels, count = _labelled(plane)
    touched = np.zeros(count + 1, bool)
    for other in beside:
        touched[labels[other]] = True
    touched[0] = False
    return touched[labels]


def _labelled(plane: Bool[np.ndarray, "h w"]) -> tuple[np.ndarray, int]:
    """The parts of a plane by their numbers from 1, and how many."""
    from scipy import ndimage

    return ndimage.label(plane, NEIGHBOURS)


def _parts(mask: PackedMask) -> Parts:
    planes: list[int] = []
    voxels: list[int] = []
    pairs: list[np.ndarray] = []
    before, first_before = np.zeros(mask.size, np.int32), 0
    for place, plane in enumerate(mask):
        labels, count = _labelled(plane)
        both = (labels > 0) & (before > 0)
        touching = np.unique(np.stack([before[both] + first_before, labels[both] + len(planes)], 1), axis=0)
        pairs.append(touching - 1)
        before, first_before = labels, len(planes)
        planes += [place] * count
        voxels += np.bincount(labels.ravel(), minlength=count + 1)[1:].tolist()
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = np.concatenate(pairs).T
    edges = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(planes), len(planes)))
    return Parts(np.array(planes, int), np.array(voxels, int), connected_components(edges, directed=False)[1])


def _held(parts: Parts, passes: Bool[np.ndarray, "d"]) -> Bool[np.ndarray, "n"]:
    """Parts that hang together with a plane that passes, or lie in one."""
    return np.isin(parts.body, parts.body[passes[parts.plane]])


def _specks(parts: Parts, shown: int) -> Bool[np.ndarray, "n"]:
    if not len(parts.plane):
        return np.zeros(0, bool)
    whole = np.bincount(parts.body, parts.voxels)
    pieces = np.bincount(parts.body)
    small = whole <= SPECK * whole.max()
    return small[parts.body] & (pieces[parts.body] == 1) & (parts.plane != shown)
