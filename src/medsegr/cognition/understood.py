"""What a sentence says. Reports say much in the same words: what was understood of them serves again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from medsegr.cognition.answers import answers_in
from medsegr.cognition.clauses import Clauses
from medsegr.cognition.context import Context
from medsegr.cognition.described import by_itself, described, goes_on
from medsegr.cognition.drafts import Draft, drafted
from medsegr.cognition.group_members import GROUP, group_of, some_of
from medsegr.cognition.heads import Heads, may_leave_out, with_heads
from medsegr.cognition.not_read import not_read
from medsegr.cognition.presence import Scopes
from medsegr.cognition.priors import Span
from medsegr.cognition.readings import Named, Spoken
from medsegr.cognition.splitting import apart
from medsegr.cognition.subject import Subject
from medsegr.cognition.tags import Sentence, Tag

SENTENCES, LONGEST = 8192, 300
"""Sentences that are known to have been met, and the longest such, in characters."""


class Understood(NamedTuple):
    """What a sentence says.

    Attributes:
        sentence, headed: With one reading of every word; with the heads that it leaves out.
        new: Its findings.
        not_read: What looks like one.
        earlier: The findings before it, with what it says of them; None where it says nothing of these.
    """

    sentence: Sentence
    headed: Sentence
    new: Sequence[Draft]
    not_read: Sequence[Span]
    earlier: tuple[Draft, ...] | None = None

    def at(self, start: int) -> "Understood":
        """The same at another place of a report."""
        by = start - self.sentence.start
        new = [draft.moved(by) for draft in self.new]
        not_read = [(first + by, last + by) for first, last in self.not_read]
        return Understood(self.sentence.at(start), self.headed, new, not_read)


@dataclass(slots=True)
class Known:
    """A sentence that was met.

    Attributes:
        sentence: With all readings of its words.
        organs: That it names.
        plain: It speaks of this image, heads nothing, and takes nothing from what stands before it.
        understood: What it says whatever findings stand before it, by the organs spoken of.
    """

    sentence: Sentence
    organs: Sequence[Named]
    plain: bool
    understood: dict[Spoken, Understood] = field(default_factory=dict)


def understand(sentence: Sentence, text: str, subject: Subject, context: Context) -> Understood:
    """What a sentence of a report says of its findings, and of those before it."""
    grammar = subject.grammar
    clauses = Clauses(sentence, grammar)
    scopes = Scopes(clauses, answers_in(clauses, text))
    alone = not (may_leave_out(scopes) or goes_on(scopes))
    alone = alone and ("absent_after" not in sentence.kinds or "target" in sentence.kinds)
    alone = alone and (context.listed is None or "target" in sentence.kinds)
    heads = Heads(sentence) if alone else with_heads(scopes, context.earlier())
    if heads.regions:
        clauses = Clauses(heads.sentence, grammar)
        answers = [a for a in scopes.answers if not any(h.first <= a.tag.first < h.last for h in heads.regions)]
        scopes = Scopes(clauses, answers)
    new, earlier = _spoken_of(subject, scopes, heads), None
    if alone:
        new = by_itself(scopes, heads, new)
    else:
        earlier, new = described(scopes, heads, context.drafts, new)
    new = [part for draft in new for part in apart(clauses, draft)]
    if "of" in sentence.known and "count" in sentence.kinds:
        new = [part for draft in new for part in some_of(clauses, draft)]
    return Understood(sentence, heads.sentence, new, [*not_read(clauses, heads.regions)], earlier)


def _is_field(clauses: Clauses, target: Tag) -> bool:
    """True for the first of "Cervical nodes: no enlarged nodes": it is told of behind the colon."""
    sentence, place = clauses.sentence, target.last
    denied = sentence.word(place) == ":" and sentence.word(place + 1) in clauses.grammar["denies"]
    return denied and any(one.name == target.name and one.first > target.first for one in clauses.targets)


def _spoken_of(subject: Subject, scopes: Scopes, heads: Heads) -> list[Draft]:
    """The findings of a sentence, present or not, in its order."""
    sentence, clauses = scopes.sentence, scopes.clauses
    then = subject.may_tell_of_then(sentence)
    new: list[Draft] = []
    for target in clauses.targets:
        if target[2] in heads.dropped or _is_field(clauses, target) or (then and subject.is_then(clauses, target)):
            continue
        if "advice" in sentence.kinds and subject.is_advice(clauses, target):
            continue
        if subject.is_condition(sentence, target):
            continue
        group = group_of(sentence, target, clauses.grammar) if GROUP in sentence.kinds else None
        draft = drafted(sentence, target, scopes.of(target), group)
        if draft.presence == "absent" or draft.name != "any_abnormality":
            new.append(draft)
    return new
