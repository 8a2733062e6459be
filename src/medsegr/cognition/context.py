"""What was said before a sentence: findings, organs, sides of headings, an open denial."""

from typing import NamedTuple

from medsegr.cognition.drafts import Attribute, Draft
from medsegr.cognition.head_finder import Earlier
from medsegr.cognition.priors import Span
from medsegr.cognition.readings import Spoken


class Context(NamedTuple):
    """What was said before a sentence.

    Attributes:
        drafts: The latest findings, which a sentence may go on about.
        spoken: Organs spoken of.
        title, section: Sides of the title of the examination, and of the section.
        cue: A denial or doubt that heads a list on lines of its own, and its words.
        elsewhere_until: Character up to which an earlier examination is told.
        opening: Nothing was said before.
    """

    drafts: tuple[Draft, ...] = ()
    spoken: Spoken = Spoken()
    title: Attribute | None = None
    section: Attribute | None = None
    cue: tuple[str, Span] | None = None
    elsewhere_until: int = -1
    opening: bool = True

    def earlier(self) -> Earlier | None:
        """The finding last spoken of."""
        if not self.drafts:
            return None
        last = self.drafts[-1]
        places = frozenset((place.kind, place.name) for place in last.places())
        return Earlier(last.name, last.presence, places, bool(places) and bool(last.of("shape") or last.of("size")))

    def side(self) -> str | None:
        """The side last spoken of."""
        sides = (one.name for draft in reversed(self.drafts) for one in draft.of("side"))
        return next(sides, self.section.name if self.section else self.title.name if self.title else None)
