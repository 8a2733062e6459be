"""Report -> findings by rules: deterministic, offline, every field with the words that say so.

The way of a report, each step a function of what the one before returned:

1. ``document``: headings, lines, items of lists, sentences -> units, with their offsets in the report.
2. ``tagger``: a unit -> a sentence with typed tags (target, side, zone, texture, shape, size, count, cue). One
   longest-match pass; second readings stay as alternatives until ``readings`` settles whose lesion a word means.
3. ``clauses``: the links of the sentence, the one place that knows where a scope ends. ``answers`` reads it as a form,
   ``presence`` gives each cue the words that it reaches, ``heads`` puts in findings that are spoken of without a name.
4. ``relations``: one ordered table says whose a place, look, size or count is; ``attributes`` gives it; ``sharing``
   and ``splitting`` say which places several findings share, and which make several findings of one.
5. ``group_members``: a group is what its members leave of it. ``claims``: what several sentences say of one finding is
   joined.

What a sentence may refer to is a frozen ``Context``; no step changes what another returned. Words are data: classes,
cues and their scopes stand in ``lexicon_data/*.yaml``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from medsegr.cognition.claims import merge, told_by
from medsegr.cognition.context import Context
from medsegr.cognition.document import Layout, Unit
from medsegr.cognition.drafts import Attribute, Draft, attribute
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.group_members import without_members
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.presence import open_cue
from medsegr.cognition.priors import Finding, Span
from medsegr.cognition.readings import Readings, Spoken
from medsegr.cognition.relative_sides import RELATIVE, with_sides
from medsegr.cognition.since_gone import since_gone
from medsegr.cognition.subject import Subject, own_words
from medsegr.cognition.tagger import Tagger
from medsegr.cognition.tags import PLACES, Sentence
from medsegr.cognition.understood import LONGEST, SENTENCES, Known, Understood, understand
from medsegr.word_forms import fold

LATEST = 24
"""Findings that a sentence may go on about."""

_READERS: "dict[Lexicon, Reader]" = {}
READERS = 4
"""Lexicons whose readers are kept."""


@dataclass(frozen=True)
class Reading:
    """What was read of a report: its findings, and what looks like one and was not understood."""

    findings: list[Finding]
    not_read: list[Span]


class Pictured(NamedTuple):
    """What is known of the pictures that a report is on."""

    subject: Subject
    readings: Readings


class Reader:
    """Reads reports with one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.grammar = Grammar(lexicon)
        self.layout = Layout(lexicon)
        self.tagger = Tagger(lexicon, self.grammar)
        self._pictured: dict[tuple[str | None, tuple[str, ...]], Pictured] = {}
        self._known: dict[tuple[str, str | None, tuple[str, ...]], Known | None] = {}

    def pictured(self, modality: str | None, organs: tuple[str, ...]) -> Pictured:
        """What pictures of a modality and of organs make words mean."""
        known = self._pictured.get((modality, organs))
        if known is None:
            subject = Subject(self.grammar, own_words(self.lexicon, modality))
            known = Pictured(subject, Readings(self.lexicon, self.grammar, modality, organs))
            self._pictured[modality, organs] = known
        return known

    def known(self, text: str, start: int, modality: str | None, organs: tuple[str, ...]) -> Known:
        """The sentence at ``start``; a short one that comes again is remembered as it stood elsewhere."""
        key = (text, modality, organs)
        known = self._known.get(key)
        if known is None:
            sentence = self.tagger.read(text, modality, start)
            subject, readings = self.pictured(modality, organs)
            known = Known(sentence, readings.organs_in(sentence), subject.is_plain(sentence))
            if len(text) <= LONGEST:
                if len(self._known) >= SENTENCES:
                    self._known.clear()
                self._known[key] = known if key in self._known else None
        return known

    def forget(self) -> None:
        """Drop the sentences and words that were met."""
        self._known.clear()
        self.tagger.vocabulary.forget()

    def read(self, text: str, modality: str | None, organs: tuple[str, ...], title: Attribute | None) -> Reading:
        """The findings of a report, in its order."""
        report = _Report(self, text, modality, organs)
        context, past = Context(title=title), list[Draft]()
        for unit in self.layout.units(text):
            context = report.after(context, unit)
            if len(context.drafts) > LATEST:
                past += context.drafts[: -LATEST // 2]
                context = context._replace(drafts=context.drafts[-LATEST // 2 :])
        kind = self.lexicon.kind(modality)
        drafts = [report.sided(draft, context.title) for draft in (*past, *context.drafts)]
        drafts = without_members(drafts, text, self.grammar)
        told = (told_by(draft, text, kind.sides != "none", self.grammar) for draft in drafts)
        return Reading(merge(told, kind.frame == "image"), report.not_read)


def reader_of(lexicon: Lexicon) -> Reader:
    """The reader of a lexicon, made once."""
    reader = _READERS.get(lexicon)
    if reader is None:
        for oldest in (*_READERS,)[: 1 - READERS]:
            _READERS.pop(oldest, None)
        reader = _READERS[lexicon] = Reader(lexicon)
    return reader


def forget_reports() -> None:
    """Drop what is remembered of the reports that were read: sentences and words, which make further ones quicker.

    Answers are the same without. For whoever promises that a report is not kept.
    """
    for reader in (*_READERS.values(),):
        reader.forget()
    fold.cache_clear()


def read_report(
    text: str, modality: str | None, lexicon: Lexicon, organs: tuple[str, ...] = (), title: Attribute | None = None
) -> Reading:
    """What a report says.

    Args:
        text: The report.
        modality, lexicon: Canonical modality, or None; names and words.
        organs: That the pictures are taken of: general words are said of them where the report names none.
        title: The side that the examination's name tells.
    """
    return reader_of(lexicon).read(text, modality, organs, title)


class _Report:
    """One report: how each of its units changes the context."""

    def __init__(self, reader: Reader, text: str, modality: str | None, organs: tuple[str, ...]) -> None:
        self.reader = reader
        self.grammar = reader.grammar
        self.text = text
        self.modality = modality
        self.organs = organs
        self.not_read: list[Span] = []
        self.subject, self.readings = reader.pictured(modality, organs)

    def after(self, context: Context, unit: Unit) -> Context:
        """The context behind a unit."""
        known = self.reader.known(self.text[unit.start : unit.end], unit.start, self.modality, self.organs)
        if not known.sentence.kinds.isdisjoint(RELATIVE):
            sided = with_sides(known.sentence, *context.sides(self.grammar.organ_targets))
            known = Known(sided, known.organs, known.plain)
        unsettled, organs = known.sentence.at(unit.start), known.organs
        spoken = self.readings.spoken_of(unsettled, organs, context.spoken, unit.whole_line)
        before = context.spoken
        if spoken != before:
            context = Context(context.drafts, spoken, *context[2:])
        if not unsettled.tags and not unit.whole_line:
            return context
        headed = self._headed(context, unsettled, unit) if unit.whole_line or context.opening else None
        if headed is not None and unit.whole_line and not self._tells(unsettled):
            return headed
        if headed is not None:
            context = headed
        elif context.opening and (unit.whole_line or "target" in unsettled.kinds):
            context = context._replace(opening=False)
        past = None if known.plain else self._past(context, unsettled, unit)
        if past is not None:
            return past
        of_whom = before if spoken is before else Spoken(before.organ, spoken.heading)
        told = known.understood.get(of_whom)
        if told is None:
            sentence = self.readings.settled(unsettled, organs, of_whom)
            gone = since_gone(sentence, context.drafts, self.grammar)
            if gone is not None:
                return context._replace(drafts=gone)
            told = understand(sentence, self.text, self.subject, context)
            if told.earlier is None:
                known.understood[of_whom] = told
        else:
            told = told.at(unit.start)
        return self._told(context, told, unit, known.plain)

    def _tells(self, sentence: Sentence) -> bool:
        organs = self.grammar.organ_targets
        return any(tag.name not in organs for tag in sentence.of("target"))

    def _headed(self, context: Context, sentence: Sentence, unit: Unit) -> Context | None:
        """The context with the side of a heading; None where there is no heading."""
        heading = self.subject.heading(sentence, unit.whole_line, context.opening)
        if heading is None:
            return None
        context = context._replace(opening=False)
        side = attribute(sentence, heading.tag).from_afar() if heading.tag else None
        if heading.title:
            return context._replace(title=side, section=None)
        if side is None:
            general = not self.grammar["image_heads"].isdisjoint(sentence.known)
            return context if general else context._replace(section=None)
        told = context.drafts
        if context.title is not None and context.title.name != side.name:
            told = tuple(self.sided(draft, context.title, always=True) for draft in told)
            context = context._replace(title=None)
        return context._replace(section=side, drafts=told)

    def _past(self, context: Context, sentence: Sentence, unit: Unit) -> Context | None:
        """The context behind a sentence that does not speak of this image; None where it does."""
        if self.subject.other_examination(sentence):
            if not self.grammar["now"].isdisjoint(sentence.known):
                return None
            line_end = self.text.find("\n", unit.end)
            until = max(context.elsewhere_until, line_end if line_end >= 0 else len(self.text))
            return context._replace(elsewhere_until=until)
        if unit.start < context.elsewhere_until and self.subject.told_as_past(sentence):
            return context
        return context if self.subject.is_elsewhere(sentence) else None

    def _told(self, context: Context, told: Understood, unit: Unit, plain: bool) -> Context:
        """The context with the findings of a sentence, which is a plain one or not."""
        self.not_read += told.not_read
        drafts = context.drafts if told.earlier is None else told.earlier
        new = self._questioned(told, unit) if unit.closing == "?" and told.new else told.new
        if context.listed is not None:
            if unit.item and not new and drafts is context.drafts and self._is_lost(told):
                self.not_read.append((unit.start, unit.start + len(self.text[unit.start : unit.end].rstrip())))
            name, group = context.drafts[-1].name, context.listed
            new = [draft._replace(group=group) if draft.name == name else draft for draft in new]
        if not plain or context.is_open():
            context, new = self._in_context(context, told.sentence, new, unit)
        if not new and drafts is context.drafts:
            return context
        return context._replace(drafts=(*drafts, *new), opening=context.opening and not new)

    def _is_lost(self, told: Understood) -> bool:
        """True for an item of a list that tells a place or size, denies nothing, and was not read."""
        says = self.grammar["denies"] | self.grammar["calls_normal"] | self.grammar["not_looked_at"]
        placed = not told.sentence.kinds.isdisjoint((*PLACES, "size"))
        return placed and not told.not_read and says.isdisjoint(told.sentence.known)

    def _questioned(self, told: Understood, unit: Unit) -> Sequence[Draft]:
        """A question mark behind a target and its place makes it uncertain ("nodule in the left lung?")."""
        *ahead, last = told.new
        behind = told.headed.between(last.target.last, len(told.headed))
        if not self.grammar["leads_to_end"].issuperset(behind):
            return told.new
        return [*ahead, last._replace(presence="uncertain", cues=((unit.end, unit.end + 1),))]

    def sided(self, draft: Draft, side: Attribute | None, always: bool = False) -> Draft:
        """A draft with the side of a heading, where it may have one; that of a title is not that of what is absent."""
        if side is None or draft.has_side() or (draft.presence == "absent" and not always):
            return draft
        return draft if draft.name in self.grammar.unsided else draft.having([side])

    def _in_context(
        self, context: Context, sentence: Sentence, new: Sequence[Draft], unit: Unit
    ) -> tuple[Context, Sequence[Draft]]:
        """Give findings the side of their section or of what they come with, and the denial that heads their list."""
        cut, side = self.subject.field_side(sentence)
        if side is not None:
            context = context._replace(section=attribute(sentence, side).from_afar())
        elif not self.grammar["unpaired"].isdisjoint(sentence.words[:cut]):
            context = context._replace(section=None)
        if context.section is not None and (side or not cut):
            new = [self.sided(draft, context.section, always=True) for draft in new]
        if new and not self.grammar["opens_companion"].isdisjoint(sentence.words[:3]):
            new = [self.sided(draft, context.side_of_last(self.grammar.organ_targets)) for draft in new]
        context = context.listing(sentence, new, unit, self.grammar.organ_targets)
        cue = context.cue if unit.item else None
        if cue is not None:
            new = [draft.denied(*cue) for draft in new]
        cue = open_cue(sentence, unit.whole_line and not unit.item) or cue
        return (context if cue == context.cue else context._replace(cue=cue)), new
