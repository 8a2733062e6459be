"""Report -> priors by rules: deterministic, offline, every field with the words that say so.

Sentence by sentence: leave out what is not about this image, find what the words
mention, give each place, texture, shape, size and count to the target it belongs
to, decide presence, and join mentions of the same finding.
"""

from medsegr.cognition.again import (
    again,
    compared,
    inherit,
    joined,
    left_free,
    members,
    referred,
    resumed,
    singled_out,
)
from medsegr.cognition.attachment import Draft, attach
from medsegr.cognition.contrast import on_the_other_side, without_normal_sides
from medsegr.cognition.elided import with_elided
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.merging import merge, told_by
from medsegr.cognition.presence import decided
from medsegr.cognition.priors import Finding
from medsegr.cognition.reader import reader_of
from medsegr.cognition.readings import Readings
from medsegr.cognition.sections import Subject, outside, spans_elsewhere
from medsegr.cognition.sentences import split_sentences
from medsegr.cognition.sharing import share
from medsegr.cognition.splitting import apart

_GROUPS = frozenset({"member", "except"})
"""Kinds of words that speak of a finding without its name."""

_SINGLED_OUT = frozenset({"member", "including"})
"""Kinds of words that single out one finding of several."""

_REFERRING = frozenset({"latter", "former"})
"""Kinds of words that refer to one of two findings."""


def read_report(text: str, modality: str | None, lexicon: Lexicon, organs: tuple[str, ...] = ()) -> list[Finding]:
    """The findings of a report, in its order.

    Args:
        modality: Canonical modality, or None.
        organs: That the pictures are taken of: general words are said of them where the report names none.
    """
    walk = _Walk(text, modality, lexicon, organs)
    for first, last in outside(text, spans_elsewhere(text, lexicon)):
        for span in split_sentences(text, first, last):
            walk.read(span)
    return walk.findings()


class _Walk:
    """The way through one report: what was found so far, and what the next sentence may refer to."""

    def __init__(self, text: str, modality: str | None, lexicon: Lexicon, organs: tuple[str, ...]) -> None:
        self.text = text
        self.modality = modality
        self.lexicon = lexicon
        self.reader = reader_of(lexicon)
        self.grammar = self.reader.grammar
        self.readings = Readings(lexicon, self.grammar, modality, organs)
        self.subject = Subject(lexicon, self.grammar, modality)
        self.drafts: list[Draft] = []
        self.shown: list[Draft] = []
        self.heading_side: Mention | None = None

    def read(self, span: tuple[int, int]) -> None:
        """Add the findings of the sentence text[span]."""
        unsettled = self.reader.read(self.text[span[0] : span[1]], self.modality)
        if not unsettled.mentions:
            return
        untitled = self.heading_side is None and not self.drafts
        if self.subject.is_elsewhere(unsettled, self.text, span):
            self.heading_side = self.subject.side_of_title(unsettled, span[0]) if untitled else self.heading_side
            return
        sentence = with_elided(self.readings.settle(unsettled), self.shown[-1].name if self.shown else None)
        sentence = on_the_other_side(sentence, self.drafts[-1] if self.drafts else None, self.grammar)
        sentence = without_normal_sides(sentence, self.grammar)
        new = self._drafts(sentence, span[0])
        self._question(sentence, new, span)
        self.subject.running_side(sentence, new, span[0])
        if untitled:
            self.heading_side = self.subject.side_of_heading(sentence, span[0])
        self.drafts += new
        self.shown += [draft for draft in new if draft.presence != "absent"]

    def _drafts(self, sentence: Sentence, start: int) -> list[Draft]:
        new = self._spoken_of(sentence, start)
        known = resumed(sentence, self.shown, self.grammar)
        stand_ins = [(again(sentence, known, start), known)] if known is not None else []
        if not _REFERRING.isdisjoint(sentence.kinds):
            stand_ins += referred(sentence, new, self.shown, start)
        told_of = [*(stand_in for stand_in, _ in stand_ins), *new] if stand_ins else new
        told_of.sort(key=_place_of)
        attach(sentence, told_of, self.grammar)
        for draft in new:
            inherit(draft)
        if not _SINGLED_OUT.isdisjoint(sentence.kinds):
            compared(sentence, new, self.grammar)
            for draft in new:
                draft.apart = draft.apart or singled_out(sentence, draft)
        for stand_in, meant in stand_ins:
            meant.take([m for m in stand_in.attributes if m.kind != "count"], start)
        if len(new) > 1:
            share(sentence, new, self.grammar)
            new = joined(sentence, new)
        return [part for draft in new for part in apart(sentence, draft)]

    def _spoken_of(self, sentence: Sentence, start: int) -> list[Draft]:
        """The findings of a sentence, present or not, in its order."""
        advised = "advice" in sentence.kinds
        new = [
            Draft(start, target, target.name, presence, triggers)
            for target, presence, triggers in decided(sentence, self.grammar)
            if not (advised and self.subject.is_advice(sentence, target))
        ]
        if "any_abnormality" in sentence.names:
            new = [draft for draft in new if draft.presence == "absent" or draft.name != "any_abnormality"]
        if not _GROUPS.isdisjoint(sentence.kinds):
            new += members(sentence, new, self.shown[-1] if self.shown else None, self.grammar, start)
            new += left_free(sentence, new, start)
            new.sort(key=_place_of)
        return new

    def _question(self, sentence: Sentence, new: list[Draft], span: tuple[int, int]) -> None:
        """A question mark behind a target and its place makes it uncertain ("nodule in the left lung?")."""
        start, end = span
        if not new or self.text[end : end + 1] != "?":
            return
        behind = sentence.between(new[-1].target.last, len(sentence.tokens))
        if self.grammar.prepositions.union(("the",)).issuperset(behind):
            last = len(sentence.tokens)
            new[-1].presence = "uncertain"
            new[-1].triggers = [Mention("uncertain_after", "uncertain_after", last, last, end - start, end - start + 1)]

    def findings(self) -> list[Finding]:
        """All findings, those of one thing joined."""
        side = self.heading_side
        if side is not None:
            for draft in self.drafts:
                if draft.presence != "absent" and not draft.has_side():
                    draft.take([side], 0)
        kind = self.lexicon.kind(self.modality)
        told = (told_by(draft, self.text, kind.sides != "none", self.grammar) for draft in self.drafts)
        return merge(told, kind.frame == "image")


def _place_of(draft: Draft) -> int:
    """The word at which a draft stands in its sentence."""
    return draft.target.first
