"""Which targets somebody may have meant by a name that is none: those of the picture's own region first."""

import difflib
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medsegr.cognition.lexicon_entries import Target

ALIKE = 0.6
"""Least likeness of two names, of 1."""


def near_targets(name: str, targets: Iterable["Target"], regions: Collection[str] = ()) -> list[str]:
    """Canonical names, the best first.

    In pictures of a region its short words mean its own targets ("cyst" in the breast), so these come first, then
    those whose names hold the word (a cyst of the liver or the kidney in the abdomen).

    Args:
        name: What was asked for, in lower case, with spaces.
        targets: All that there are.
        regions: That the picture shows; empty where unknown.
    """
    every = list(targets)
    own = [target for target in every if target.region in regions]
    meant = [target.name for target in own if name in target.here]
    asked = set(name.split())
    held = [target.name for target in own if asked and asked <= set(target.name.split("_"))]
    return list(dict.fromkeys([*meant, *held, *_alike(name, own, here=True), *_alike(name, every)]))


def _alike(name: str, targets: Iterable["Target"], here: bool = False) -> list[str]:
    """The targets that have a name like this one, by the likeness of their best."""
    spoken: dict[str, str] = {}
    for target in targets:
        for word in (target.name.replace("_", " "), *target.words, *(target.here if here else ())):
            spoken.setdefault(word.lower().replace("-", " "), target.name)
    return [spoken[word] for word in difflib.get_close_matches(name, spoken, n=5, cutoff=ALIKE)]
