"""A target with what was found to belong to it; no stage changes one, each returns new ones."""

from collections.abc import Sequence
from typing import NamedTuple

from medsegr.cognition.presence import Said
from medsegr.cognition.priors import Presence, Span
from medsegr.cognition.tags import PLACES, Sentence, Tag

_made = tuple.__new__
"""Makes a draft or attribute of all its parts at once; many are made."""

NOWHERE = -1
"""Word of an attribute that another sentence states."""


class Attribute(NamedTuple):
    """What describes a target.

    Attributes:
        kind, name: As those of a tag.
        first, last: Words [first, last) of its sentence; ``NOWHERE`` where another sentence states it.
        span: Characters in the report.
    """

    kind: str
    name: str
    first: int
    last: int
    span: Span

    def moved(self, by: int) -> "Attribute":
        """The same so many characters on."""
        kind, name, first, last, (start, end) = self
        return _made(Attribute, (kind, name, first, last, (start + by, end + by)))

    def from_afar(self) -> "Attribute":
        """The same for a finding of another sentence."""
        return _made(Attribute, (self[0], self[1], NOWHERE, NOWHERE, self[4]))


def attribute(sentence: Sentence, tag: Tag) -> Attribute:
    """A tag as an attribute."""
    kind, name, first, last = tag[:4]
    start, wording = sentence.start, sentence.wording
    return _made(Attribute, (kind, name, first, last, (start + wording.starts[first], start + wording.ends[last - 1])))


class Draft(NamedTuple):
    """A finding in the making.

    Attributes:
        target: Its words in its sentence; none where a pronoun stands for it.
        name: Canonical name.
        presence, cues: What is said of it, and the words that say so.
        words: Its words in the report.
        attributes: What describes it.
        article: Introduced as something new ("a nodule").
        apart: Singled out of a group ("the largest").
        group: Characters that name the group it is a member of: no two members of one are the same finding.
    """

    target: Tag
    name: str
    presence: Presence
    cues: tuple[Span, ...]
    words: tuple[Span, ...]
    attributes: tuple[Attribute, ...] = ()
    article: bool = False
    apart: bool = False
    group: Span | None = None

    def denied(self, kind: str, cue: Span) -> "Draft":
        """With the denial or doubt that heads its list, where it is there by its own words."""
        if self.presence != "present":
            return self
        return self._replace(presence="absent" if kind.startswith("absent") else "uncertain", cues=(cue,))

    def having(self, more: Sequence[Attribute]) -> "Draft":
        """The same with more attributes, none twice."""
        own = self.attributes
        new = [one for one in more if one not in own] if own else more
        return _made(Draft, (*self[:5], (*own, *new), *self[6:])) if new else self

    def moved(self, by: int) -> "Draft":
        """The same where its sentence stands so many characters on."""
        target, name, presence, cues, words, attributes, article, apart, group = self
        cues = tuple([(start + by, end + by) for start, end in cues]) if cues else cues
        words = tuple([(start + by, end + by) for start, end in words])
        own = tuple([one.moved(by) for one in attributes]) if attributes else attributes
        group = (group[0] + by, group[1] + by) if group else None
        return _made(Draft, (target, name, presence, cues, words, own, article, apart, group))

    def introduced(self) -> "Draft":
        """The same as something new."""
        return _made(Draft, (*self[:6], True, *self[7:]))

    def has_side(self) -> bool:
        """True when a side is among its attributes."""
        return any(one[0] == "side" for one in self.attributes)

    def places(self) -> list[Attribute]:
        """Its sides and zones."""
        return [one for one in self.attributes if one[0] in PLACES]

    def of(self, kind: str) -> list[Attribute]:
        """Its attributes of one kind."""
        return [one for one in self.attributes if one[0] == kind]


def drafted(sentence: Sentence, target: Tag, said: Said, group: Span | None = None) -> Draft:
    """A target of a sentence, which may be a member of a group, with nothing but what is said of it."""
    cues = tuple([sentence.span(tag) for tag in said.cues]) if said.cues else ()
    return _made(Draft, (target, target[1], said[0], cues, (sentence.span(target),), (), False, False, group))


def stand_in(draft: Draft) -> Draft:
    """A finding at the head of a sentence that goes on about it."""
    return Draft(Tag("target", draft.name, 0, 0), draft.name, draft.presence, (), ())
