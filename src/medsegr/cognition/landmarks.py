"""Where the words of a sentence stand that a scope may end at; found once for each sentence."""

from bisect import bisect_left
from collections.abc import Sequence

from medsegr.cognition.mentions import Sentence

_OWN_KINDS = frozenset({"size", "count"})
OWN_SIZES = frozenset({"small", "medium", "large", "tiny", "massive", "mild", "severe"})
_OWN_STATES = frozenset({"stable", "unchanged", "persistent", "persisting", "known"})
"""What is described so was seen: a denial before the comma or "and" does not reach it."""

_VERBS = frozenset({
    "is", "are", "was", "were", "has", "have", "had", "persist", "increased", "decreased", "improved", "worsened",
    "unchanged", "stable",
})  # fmt: skip
"""What says something of a finding: behind it, "and" begins a new clause."""


class Landmarks:
    """Places of words in a sentence, in order.

    Attributes:
        ands, ors: "and"; "or" and "nor".
        verbs: Words that say something of a finding.
        sides, targets: The first words of mentions; side_names: what the sides are.
        described: Words that describe a finding as seen ("small", "5 mm", "unchanged").
        led: The first "there is", or the end of the sentence.
    """

    __slots__ = ("ands", "described", "led", "ors", "side_names", "sides", "targets", "verbs")

    def __init__(self, sentence: Sentence) -> None:
        words = [token.word for token in sentence.tokens]
        self.ands = [place for place, word in enumerate(words) if word in ("and", "&")]
        self.ors = [place for place, word in enumerate(words) if word in ("or", "nor")]
        self.verbs = [place for place, word in enumerate(words) if word in _VERBS]
        self.sides = [m.first for m in sentence.mentions if m.kind == "side"]
        self.side_names = [m.name for m in sentence.mentions if m.kind == "side"]
        self.targets = [m.first for m in sentence.mentions if m.kind == "target"]
        own = {m.first for m in sentence.mentions if m.kind in _OWN_KINDS or m.name in OWN_SIZES}
        self.described = sorted(own.union(place for place, word in enumerate(words) if word in _OWN_STATES))
        self.led = next((at for at in sentence.breaks if words[at] == "there"), len(words))

    def is_described(self, first: int, last: int) -> bool:
        """True for the words [first, last) of "small effusion" and "unchanged effusion", where no "or" follows."""
        return any_in(self.described, first, last) and not any_from(self.ors, first)

    def describes_anew(self, denied: int, first: int, last: int) -> bool:
        """True for ", small effusion" and ", left effusion", where no "or" goes on with the list from ``denied``."""
        if self.is_described(first, last) or self._is_opposite(denied, first, last):
            return True
        sided = any_in(self.sides, first, last) and not any_in(self.sides, denied, first)
        return sided and not any_from(self.ors, denied) and not any_from(self.ands, denied)

    def _is_opposite(self, denied: int, first: int, target: int) -> bool:
        """True for "on the right, chest tube on the left", where no "or" or "and" goes on with the list."""
        if len(self.sides) < 2 or any_from(self.ors, denied) or any_from(self.ands, denied):
            return False
        limit = after(self.targets, target + 1)
        start, middle, end = (bisect_left(self.sides, place) for place in (denied, first, limit))
        return middle - start == end - middle == 1 and set(self.side_names[start:end]) == {"left", "right"}

    def new_clause(self, first: int, last: int, *, finite: bool) -> bool:
        """True for "the effusion has increased and the consolidation": behind "and", another finding is spoken of.

        Args:
            first, last: From the end of the finding to the words that say something of the other.
            finite: These begin with a verb of their own ("is not excluded").
        """
        begins = [after(self.ands, after(self.verbs, first))]
        if finite and self.led < first:
            begins.append(after(self.ands, first))
        return any(at < last and any_in(self.targets, at + 1, last) for at in begins)

    def and_described(self, first: int, target: int) -> bool:
        """True for "no pneumothorax and small effusion": a denial does not reach what is described behind "and"."""
        nearest = bisect_left(self.ands, target) - 1
        if nearest < 0 or self.ands[nearest] < first:
            return False
        place = self.ands[nearest]
        return any_in(self.targets, first, place) and self.is_described(place + 1, target)


def landmarks_of(sentence: Sentence) -> Landmarks:
    """The landmarks of a sentence."""
    if sentence.landmarks is None:
        sentence.landmarks = Landmarks(sentence)
    return sentence.landmarks


def any_in(places: Sequence[int], first: int, last: int) -> bool:
    """True when one of the places, in order, is in [first, last)."""
    at = bisect_left(places, first)
    return at < len(places) and places[at] < last


def any_from(places: Sequence[int], first: int) -> bool:
    """True when one of the places, in order, is ``first`` or behind it."""
    return bool(places) and places[-1] >= first


def after(places: Sequence[int], first: int) -> int:
    """The first of the places, in order, from ``first`` on; one that no sentence has where there is none."""
    at = bisect_left(places, first)
    return places[at] if at < len(places) else 1 << 30
