"""One aspect of a described finding turned into another one, to see whether the model listens.

Swapping acts on the structured priors, so that nothing else of the report changes. A finding that states
nothing to be swapped has no counterfactual and is not counted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Literal, get_args

import numpy as np
import yaml

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.lexicon_entries import Attribute
from medsegr.cognition.priors import Finding
from medsegr.view import View

Swap = Literal["side", "texture", "shape", "negated"]
SWAPS: tuple[Swap, ...] = get_args(Swap)

_READ = yaml.safe_load(files("medsegr.evaluation").joinpath("alike.yaml").read_text(encoding="utf-8"))
ALIKE: tuple[frozenset[str], ...] = tuple(map(frozenset, _READ))
"""Attributes that readers use for the same thing, or that a picture hardly tells apart: no swap for each other."""


def swapped(
    finding: Finding,
    swap: Swap,
    rng: np.random.Generator,
    *,
    view: View,
    lexicon: Lexicon,
    used: Collection[str] = frozenset(),
) -> Finding | None:
    """The finding with one aspect turned into another.

    - ``side``: left for right, of the patient or of the picture, in the side, in zones (``top_left``) and in
      names of lungs. "Bilateral" and "midline" stay.
    - ``texture``, ``shape``: each attribute for another one of its class in the lexicon (echo, form, margin,
      ...) that is not :data:`ALIKE` and contradicts nothing else that is stated. Sizes in mm and counts stay.
    - ``negated``: the same words, denied.

    Args:
        view: Of the image; where it does not show both sides, a side of the patient is no place in it.
        used: Attributes that the data set's reports use; one of them is taken where the class has one, for the
            model has at least heard of it.

    Returns:
        None where the finding states nothing that could be swapped.
    """
    if swap == "negated":
        return replace(finding, presence="absent")
    if swap == "side":
        return mirrored if _lies_elsewhere(mirrored := finding.mirrored(view), finding, view) else None
    table = lexicon.textures if swap == "texture" else lexicon.shapes
    stated = getattr(finding, swap)
    others = _others(stated.attributes, table, rng, used)
    return None if others is None else replace(finding, **{swap: replace(stated, attributes=others)})


def _lies_elsewhere(mirrored: Finding, finding: Finding, view: View) -> bool:
    first, second = mirrored.location, finding.location
    moved = set(first.zones) != set(second.zones)
    sided = view.sides == "both"
    return moved or (sided and (first.laterality, mirrored.target) != (second.laterality, finding.target))


def used_attributes(findings: Iterable[Finding]) -> frozenset[str]:
    """Texture and shape attributes of some findings."""
    return frozenset(name for f in findings for name in (*f.texture.attributes, *f.shape.attributes))


def _others(
    stated: Sequence[str], table: Mapping[str, Attribute], rng: np.random.Generator, used: Collection[str]
) -> tuple[str, ...] | None:
    """Other attributes for all that can be swapped; None where none can."""
    taken: list[str] = []
    for name in stated:
        barred = {*stated, *taken}
        group = [other.name for other in table.values() if name in table and other.group == table[name].group]
        free = [other for other in group if other not in barred and not any(alike(other, known) for known in barred)]
        options = [other for other in free if other in used] or free
        taken.append(options[int(rng.integers(len(options)))] if options else name)
    return tuple(taken) if tuple(taken) != tuple(stated) else None


def alike(first: str, second: str) -> bool:
    """True for one attribute and for two that readers use for the same thing."""
    return first == second or any({first, second} <= pair for pair in ALIKE)
