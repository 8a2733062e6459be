"""What the words of a sentence mention: targets, places, textures, shapes, sizes, counts and triggers."""

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from medsegr.cognition.priors import Presence
from medsegr.cognition.vocabulary import Word, Wording

if TYPE_CHECKING:
    from medsegr.cognition.landmarks import Landmarks

ATTRIBUTES = frozenset({"side", "zone", "texture", "shape", "size", "count"})
"""Kinds of mentions that describe a target."""

_BREAKS = frozenset({"breaks", "except"})
_SOFT_BREAKS = frozenset({"with", "and", "which"})
_KIND, _NAME, _OTHER = itemgetter(0), itemgetter(1), itemgetter(7)
_CONJUNCTIONS = frozenset({"whether", "if"})
_SIGNS = frozenset({",", ";", ":", "?", "-", "\u2013", "\u2014"})
_NO_PLACES: Sequence[int] = ()
_COVERED, _DESCRIBED = 1, 2

Decision = tuple["Mention", Presence, Sequence["Mention"]]
"""A target, what is said of it, and the triggers that say so."""

new_mention = tuple.__new__
"""Makes a mention of all its parts at once; many are made."""


class Mention(NamedTuple):
    """A stretch of a sentence that means something.

    Attributes:
        kind: ``target``, ``side``, ``zone``, ``texture``, ``shape``, ``size``, ``count``, or a trigger's name.
        name: Canonical name; the numbers of a size (mm, ``12;8``) or the count.
        first, last: Words [first, last) of the sentence.
        start, end: Character offsets [start, end) into the sentence; into the report once a draft holds it.
        presence: Set where a whole statement decides it.
        other: Second reading as (kind, name): organ or place, finding or texture.
    """

    kind: str
    name: str
    first: int
    last: int
    start: int
    end: int
    presence: Presence | None = None
    other: tuple[str, str] | None = None

    def moved(self, by: int) -> "Mention":
        """The same words, counted from ``by`` characters further ahead."""
        kind, name, first, last, start, end, presence, other = self
        return new_mention(Mention, (kind, name, first, last, start + by, end + by, presence, other))


def _is_subordinate(tokens: Sequence[Word], place: int) -> bool:
    """True for the "there is" of "unclear whether there is"."""
    return place > 0 and tokens[place - 1].word in _CONJUNCTIONS


class Sentence:
    """A sentence's words and what they mention, in order.

    Attributes:
        wording: Its words and where they begin.
        tokens, mentions: In the order of the text.
        words: The words it has, folded and mended.
        kinds, names: Those of its mentions.
        has_readings: Some target can be read in two ways.
        breaks: Words at which a scope ends; firm_breaks: less "with a" and the like.
        decided: What is said of its targets, once that was asked (see presence).
        landmarks: Where certain words stand, once that was asked (see landmarks).
        signs: Words that are a comma, semicolon, colon, question mark or dash.
    """

    __slots__ = (
        "_marks", "breaks", "decided", "firm_breaks", "has_readings", "kinds", "landmarks", "mentions", "names",
        "signs", "tokens", "wording", "words",
    )  # fmt: skip

    def __init__(self, wording: Wording, mentions: Sequence[Mention]) -> None:
        self.wording = wording
        self.tokens = tokens = wording.tokens
        self.mentions = mentions
        self.words = words = wording.known
        self.kinds = frozenset(map(_KIND, mentions))
        self.names = frozenset(map(_NAME, mentions))
        self.has_readings = any(map(_OTHER, mentions)) and any(m.other for m in mentions if m.kind == "target")
        self.breaks = self.firm_breaks = _NO_PLACES
        if not _BREAKS.isdisjoint(self.kinds):
            self.breaks = [m.first for m in mentions if m.kind in _BREAKS and not _is_subordinate(tokens, m.first)]
            self.firm_breaks = [at for at in self.breaks if tokens[at].word not in _SOFT_BREAKS]
        self.signs = (
            _NO_PLACES if _SIGNS.isdisjoint(words) else [at for at, w in enumerate(wording.words) if w in _SIGNS]
        )
        self.decided: Sequence[Decision] | None = None
        self.landmarks: "Landmarks | None" = None
        self._marks: bytearray | None = None

    def of(self, *kinds: str) -> list[Mention]:
        """The mentions of some kinds."""
        return [] if self.kinds.isdisjoint(kinds) else [m for m in self.mentions if m.kind in kinds]

    def between(self, first: int, last: int) -> list[str]:
        """Words [first, last) that no mention covers."""
        if first >= last:
            return []
        marks, tokens = self._marks or self._mark(), self.tokens
        return [tokens[place].word for place in range(first, last) if not marks[place]]

    def is_attribute(self, place: int) -> bool:
        """True when an attribute covers the word."""
        return (self._marks or self._mark())[place] >= _DESCRIBED

    def _mark(self) -> bytearray:
        """For every word, whether a mention covers it, and whether an attribute does."""
        marks = bytearray(len(self.tokens))
        for kind, _, first, last, *_ in self.mentions:
            mark = _DESCRIBED if kind in ATTRIBUTES else _COVERED
            for place in range(first, last):
                marks[place] |= mark
        self._marks = marks
        return marks
