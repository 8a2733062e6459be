"""What the words of a sentence say: one longest-match pass gives typed tags, told by their words.

A tag counts words, a sentence knows where its words stand in the report: offsets are those of the report from the
first moment, and a reading that is remembered serves wherever its words stand again.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from medsegr.cognition.priors import Presence, Span
from medsegr.cognition.vocabulary import Wording

ATTRIBUTES = ("side", "zone", "texture", "shape", "size", "count")
"""Kinds of tags that describe a target."""

PLACES = ("side", "zone")
"""Kinds of tags that say where."""

_ATTRIBUTES = frozenset(ATTRIBUTES)
_COVERED, _DESCRIBED = 1, 2


class Tag(NamedTuple):
    """Words of a sentence that mean something.

    Attributes:
        kind: ``target``, ``side``, ``zone``, ``texture``, ``shape``, ``size``, ``count``, or a cue's name.
        name: Canonical name; the numbers of a size (mm, ``12;8``) or the count.
        first, last: Words [first, last) of the sentence.
        presence: Set where the words themselves decide it.
        other: Second reading as (kind, name): organ or place, finding or texture.
        said: Words [first, last) that decide the presence of every member of a list; none where its own words do.
    """

    kind: str
    name: str
    first: int
    last: int
    presence: Presence | None = None
    other: tuple[str, str] | None = None
    said: tuple[int, int] | None = None

    def named(self, kind: str, name: str) -> "Tag":
        """The same words with another meaning."""
        return Tag(kind, name, self.first, self.last)

    def places(self) -> Sequence[int]:
        """Its words, and those that decide its presence."""
        own = range(self.first, self.last)
        return (*own, *range(*self.said)) if self.said else own

    def covers(self, place: int) -> bool:
        """True for a word of the tag."""
        return self.first <= place < self.last


place_of = itemgetter(2, 3)
"""Where a tag stands, to sort by."""


class Sentence:
    """A sentence of a report: its words and what they say, in order.

    Attributes:
        wording: Its words.
        tags: In the order of the text.
        start: Character of the report at which it begins.
        words: What each word means, folded and mended; known: the same as a set.
        kinds: Those of its tags.
    """

    __slots__ = ("_by_kind", "_marks", "kinds", "known", "start", "tags", "wording", "words")

    def __init__(self, wording: Wording, tags: Sequence[Tag], start: int = 0) -> None:
        self.wording = wording
        self.tags = tags
        self.start = start
        self.words = wording.words
        self.known = wording.known
        self._by_kind: dict[str, list[Tag]] = {}
        for tag in tags:
            kind = tag[0]
            if kind in self._by_kind:
                self._by_kind[kind].append(tag)
            else:
                self._by_kind[kind] = [tag]
        self.kinds = self._by_kind.keys()
        self._marks: bytearray | None = None

    def at(self, start: int) -> "Sentence":
        """The same sentence at a place of a report."""
        if start == self.start:
            return self
        moved = Sentence.__new__(Sentence)
        moved.wording, moved.tags, moved.start = self.wording, self.tags, start
        moved.words, moved.known, moved.kinds, moved._by_kind = self.words, self.known, self.kinds, self._by_kind
        moved._marks = self._marks
        return moved

    def __len__(self) -> int:
        return len(self.words)

    def with_tags(self, tags: Sequence[Tag]) -> "Sentence":
        """The same words, with other tags."""
        return Sentence(self.wording, sorted(tags, key=place_of), self.start)

    def of(self, *kinds: str) -> Sequence[Tag]:
        """The tags of some kinds."""
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], ())
        return () if self.kinds.isdisjoint(kinds) else [tag for tag in self.tags if tag[0] in kinds]

    def span(self, tag: Tag) -> Span:
        """Character offsets of a tag in the report."""
        start, wording = self.start, self.wording
        return start + wording.starts[tag[2]], start + wording.ends[tag[3] - 1]

    def word(self, place: int) -> str:
        """The word at a place; empty outside the sentence."""
        return self.words[place] if 0 <= place < len(self.words) else ""

    def within(self, first: int, last: int, *kinds: str) -> list[Tag]:
        """The tags of some kinds that begin among the words [first, last)."""
        if self.kinds.isdisjoint(kinds):
            return []
        return [tag for tag in self.tags if first <= tag[2] < last and tag[0] in kinds]

    def between(self, first: int, last: int) -> list[str]:
        """Words [first, last) that no tag covers."""
        if first >= last:
            return []
        marks, words = self._marks or self._mark(), self.words
        return [words[place] for place in range(first, last) if not marks[place]]

    def is_attribute(self, place: int) -> bool:
        """True when an attribute covers the word."""
        return place < len(self.words) and (self._marks or self._mark())[place] >= _DESCRIBED

    def _mark(self) -> bytearray:
        """For every word, whether a tag covers it, and whether an attribute does."""
        marks = bytearray(len(self.words))
        for tag in self.tags:
            mark = _DESCRIBED if tag.kind in _ATTRIBUTES else _COVERED
            for place in tag.places():
                marks[place] |= mark
        self._marks = marks
        return marks
