"""What was said before a sentence: findings, organs, sides of headings, an open denial."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from medsegr.cognition.document import Unit
from medsegr.cognition.drafts import Attribute, Draft
from medsegr.cognition.head_finder import Earlier
from medsegr.cognition.priors import Span
from medsegr.cognition.readings import Spoken
from medsegr.cognition.tags import Sentence


class Context(NamedTuple):
    """What was said before a sentence.

    Attributes:
        drafts: The latest findings, which a sentence may go on about.
        spoken: Organs spoken of.
        title, section: Sides of the title of the examination, and of the section.
        cue: A denial or doubt that heads a list on lines of its own, and its words.
        elsewhere_until: Character up to which an earlier examination is told.
        opening: Nothing was said before.
        listed: Characters of a finding that heads a list ("Nodules: 1) ..."): an item need not name it.
    """

    drafts: tuple[Draft, ...] = ()
    spoken: Spoken = Spoken()
    title: Attribute | None = None
    section: Attribute | None = None
    cue: tuple[str, Span] | None = None
    elsewhere_until: int = -1
    opening: bool = True
    listed: Span | None = None

    def is_open(self) -> bool:
        """True where a section, a list or a denial goes on to what follows."""
        return self.section is not None or self.cue is not None or self.listed is not None

    def earlier(self) -> Earlier | None:
        """The finding last spoken of."""
        if not self.drafts:
            return None
        last = self.drafts[-1]
        places = frozenset((place.kind, place.name) for place in last.places())
        graded = bool(places) and bool(last.of("shape") or last.of("size"))
        return Earlier(last.name, last.presence, places, graded, self.listed is not None)

    def sides(self, organs: Collection[str]) -> tuple[str | None, str | None]:
        """The side of the finding that is there or of the heading, of what is not there or an organ for want of these;
        and that last spoken of, whatever of."""
        found = [draft for draft in reversed(self.drafts) if draft.presence != "absent" and draft.name not in organs]
        heading = self.section or self.title
        headed = heading.name if heading else None
        last = next((one.name for draft in reversed(self.drafts) for one in draft.of("side")), headed)
        return next((one.name for draft in found for one in draft.of("side")), headed or last), last

    def side_of_last(self, organs: Collection[str]) -> Attribute | None:
        """The side of the finding last spoken of that is there, for what comes with it ("Adjacent atelectasis.")."""
        found = [one for one in self.drafts if one.presence != "absent" and one.name not in organs]
        sides = found[-1].of("side") if found else []
        return sides[0].from_afar() if len(sides) == 1 else None

    def listing(self, sentence: Sentence, new: Sequence[Draft], unit: Unit, organs: Collection[str]) -> "Context":
        """With the finding that heads a list ("Nodules: 1) ..."), for as long as its items go on."""
        listed = self.listed
        if new and sentence.word(len(sentence) - 1) == ":":
            shown = new[-1].presence != "absent" and new[-1].name not in organs
            listed = new[-1].words[0] if shown and new[-1].words else None
        elif listed:
            others = any(one.name != self.drafts[-1].name for one in new)
            listed = None if others or not (new or unit.item or unit.whole_line) else listed
        return self if listed == self.listed else self._replace(listed=listed)
