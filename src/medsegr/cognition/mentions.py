"""What the words of a sentence mention: targets, places, textures, shapes, sizes, counts and triggers."""

from collections.abc import Sequence
from typing import NamedTuple

from medsegr.cognition.phrases import Token
from medsegr.cognition.priors import Presence

ATTRIBUTES = frozenset({"side", "zone", "texture", "shape", "size", "count"})
"""Kinds of mentions that describe a target."""

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


class Sentence:
    """A sentence's words and what they mention, in order.

    Attributes:
        tokens, mentions: In the order of the text.
        words: The words it has, mended.
        kinds: The kinds of its mentions.
        breaks: Words at which a scope ends; firm_breaks: less "with a" and the like.
    """

    __slots__ = ("_covered", "_described", "breaks", "firm_breaks", "kinds", "mentions", "tokens", "words")

    def __init__(self, tokens: Sequence[Token], mentions: Sequence[Mention], words: frozenset[str]) -> None:
        self.tokens = tokens
        self.mentions = mentions
        self.words = words
        self.kinds = {m.kind for m in mentions}
        self._covered = bytearray(len(tokens))
        self._described = bytearray(len(tokens))
        self.breaks = [m.first for m in mentions if m.kind in ("breaks", "except")]
        self.firm_breaks = [at for at in self.breaks if tokens[at].word not in ("with", "and", "which")]
        for mention in mentions:
            for place in range(mention.first, mention.last):
                self._covered[place] = 1
                if mention.kind in ATTRIBUTES:
                    self._described[place] = 1

    def of(self, *kinds: str) -> list[Mention]:
        """The mentions of some kinds."""
        return [mention for mention in self.mentions if mention.kind in kinds]

    def between(self, first: int, last: int) -> list[str]:
        """Words [first, last) that no mention covers."""
        covered, tokens = self._covered, self.tokens
        return [tokens[place].word for place in range(first, last) if not covered[place]]

    def is_covered(self, place: int) -> bool:
        """True when some mention covers the word."""
        return bool(self._covered[place])

    def is_attribute(self, place: int) -> bool:
        """True when an attribute covers the word."""
        return bool(self._described[place])
