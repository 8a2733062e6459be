"""Sentences that were read: reports say much in the same words, and what was understood of them serves again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from medsegr.cognition.drafts import Draft
from medsegr.cognition.priors import Span
from medsegr.cognition.readings import Named, Spoken
from medsegr.cognition.tags import Sentence

SENTENCES, LONGEST = 8192, 300
"""Sentences that are known to have been met, and the longest such, in characters."""


class Understood(NamedTuple):
    """What a sentence says.

    Attributes:
        sentence: With one reading of every word.
        new: Its findings.
        not_read: What looks like one.
        ends: Nothing but a place stands behind the last finding.
        earlier: The findings before it, with what it says of them; None where it says nothing of these.
    """

    sentence: Sentence
    new: Sequence[Draft]
    not_read: Sequence[Span]
    ends: bool = False
    earlier: tuple[Draft, ...] | None = None

    def at(self, start: int) -> "Understood":
        """The same at another place of a report."""
        by = start - self.sentence.start
        new = [draft.moved(by) for draft in self.new]
        not_read = [(first + by, last + by) for first, last in self.not_read]
        return Understood(self.sentence.at(start), new, not_read, self.ends)


@dataclass(slots=True)
class Known:
    """A sentence that was met.

    Attributes:
        sentence: With all readings of its words.
        organs: That it names.
        understood: What it says whatever findings stand before it, by the organs spoken of.
    """

    sentence: Sentence
    organs: Sequence[Named]
    understood: dict[Spoken, Understood] = field(default_factory=dict)
