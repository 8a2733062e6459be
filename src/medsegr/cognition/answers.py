"""Fields and what answers them: "Effusion: no", "effusion (-)", "Effusion<tab>yes", "[x] Effusion", "left: none"."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.priors import Presence
from medsegr.cognition.tags import Sentence, Tag

_LONGEST = 4
"""Words of an answer."""


class Answer(NamedTuple):
    """An answer of a form.

    Attributes:
        tag: Its words.
        presence: What it says.
        targets: First words of the targets that it answers for.
    """

    tag: Tag
    presence: Presence
    targets: frozenset[int]


def answers_in(clauses: Clauses, text: str) -> Sequence[Answer]:
    """What a sentence of a report answers as a form; nothing for prose."""
    sentence, grammar = clauses.sentence, clauses.grammar
    if grammar["answers"].isdisjoint(sentence.known):
        return ()
    if grammar["marks_a_form"].isdisjoint(sentence.known) and not _is_spaced(sentence, text):
        return ()
    return Form(clauses, text).answers()


def _is_spaced(sentence: Sentence, text: str) -> bool:
    """True for a line with a tab, two blanks or a row of dots between words."""
    line = text[sentence.start : sentence.start + sentence.wording.ends[-1]]
    return "\t" in line or "  " in line or ".." in line


class Form:
    """One sentence as a form: its answers, in order."""

    def __init__(self, clauses: Clauses, text: str) -> None:
        self.clauses = clauses
        self.sentence: Sentence = clauses.sentence
        self.grammar: Grammar = clauses.grammar
        self.text_of_report = text
        quotes = self.grammar["quotes"]
        self.words = [" " if word in quotes else word for word in self.sentence.words]

    def answers(self) -> Sequence[Answer]:
        """What the sentence answers."""
        return tuple(self._boxed()) or tuple(self._boxes()) or tuple(self._behind_fields())

    def _boxed(self) -> Iterator[Answer]:
        """Answers with a box before each: "effusion [ ] yes [x] no"."""
        marks = [(tag, presence, self._word_at(tag.last)) for tag, presence in self._marks()]
        for tag, presence, said in marks if all(said for _, _, said in marks) else ():
            if presence == "present" and said is not None:
                behind = [target.first for target in self.clauses.targets if target.last <= marks[0][0].first]
                yield Answer(tag, said, frozenset(behind))

    def _word_at(self, place: int) -> Presence | None:
        word = self.sentence.word(place)
        return "absent" if word in self.grammar["no"] else "present" if word in self.grammar["yes"] else None

    def _behind_fields(self) -> Iterator[Answer]:
        """Answers that stand behind what they answer."""
        field, place = 0, 1
        while place < len(self.words):
            found = self._answer_at(place)
            if found is None:
                field = place + 1 if self.words[place] == ";" or self.clauses.is_stop(place) else field
                place += 1
                continue
            tag, presence = found
            targets = self._asked(field, self._before(place))
            yield Answer(tag, presence, targets)
            field = place = tag.last

    def _answer_at(self, place: int) -> tuple[Tag, Presence] | None:
        """The answer that begins at a place, or None."""
        if not self._is_asked(place):
            return None
        for last in range(min(len(self.words), place + _LONGEST), place, -1):
            said = " ".join(self.sentence.words[place:last])
            presence = self._means(said)
            if presence is not None and (self._ends(last) or said in self.grammar["answers_alone"]):
                return Tag(f"answer_{presence}", presence, place, last), presence
        return None

    def _means(self, said: str) -> Presence | None:
        """What an answer says."""
        grammar = self.grammar
        if said in grammar["no"]:
            return "absent"
        if said in grammar["unsure"]:
            return "uncertain"
        return "present" if said in grammar["yes"] else None

    def _is_asked(self, place: int) -> bool:
        """True for a tick or cross, and behind a colon, dash, bracket, question mark, equals sign or wide gap."""
        if self.words[place] in self.grammar["answers_alone"]:
            return True
        word = self.words[place - 1]
        dotted = word == "." and self.sentence.word(place - 2) == "."
        signed = dotted or word in self.grammar["asks"] or (word == " " and self.words[place] != ",")
        asked = not self.grammar["asks_plainly"].isdisjoint(self.words[:place])
        sided = asked and any(tag.last == place for tag in self.sentence.of("side", "zone"))
        return signed or self._wide_gap(place) or (sided and self.words[place] in self.grammar["plain_answers"])

    def _wide_gap(self, place: int) -> bool:
        starts, wording = self.sentence.wording.starts, self.sentence.wording
        gap = self.text_of_report[self.sentence.start + wording.ends[place - 1] : self.sentence.start + starts[place]]
        return "\t" in gap or "  " in gap

    def _ends(self, place: int) -> bool:
        """True where nothing but the end of an answer can stand."""
        if place >= len(self.words) or self.words[place] in self.grammar["ends_answer"]:
            return True
        return self.words[place] == " " or self._wide_gap(place) or any(
            tag.first == place for tag in self.sentence.of("side", "zone")
        )  # fmt: skip

    def _before(self, place: int) -> int:
        """One past the last word of the field before an answer."""
        while place > 0 and (self.words[place - 1] in self.grammar["asks"] | {" ", "."}):
            place -= 1
        return place

    def _asked(self, field: int, last: int) -> frozenset[int]:
        """The targets of a field; a clause of its own before them is none of it."""
        behind = [at for at in self.clauses.breaks if field <= at < last]
        first = behind[-1] if behind else field
        return frozenset(tag.first for tag in self.clauses.targets if first <= tag.first < last)

    def _boxes(self) -> Iterator[Answer]:
        """Boxes before what they stand for: ``[x] effusion [ ] pneumothorax``."""
        marks = list(self._marks())
        if not marks or any(tag.first < marks[0][0].first for tag in self.clauses.targets):
            return
        limits = [tag.first for tag, _ in marks[1:]] + [len(self.words)]
        for (tag, presence), limit in zip(marks, limits, strict=True):
            behind = frozenset(t.first for t in self.clauses.targets if tag.last <= t.first < limit)
            yield Answer(tag, presence, behind)

    def _marks(self) -> Iterator[tuple[Tag, Presence]]:
        words, grammar = self.words, self.grammar
        for place, word in enumerate(words):
            if word in grammar["ticked"] or word in grammar["not_ticked"]:
                presence: Presence = "present" if word in grammar["ticked"] else "absent"
                yield Tag(f"answer_{presence}", presence, place, place + 1), presence
            elif word in ("[", "(") and place + 1 < len(words):
                if words[place + 1] in ("]", ")"):
                    yield Tag("answer_absent", "absent", place, min(place + 2, len(words))), "absent"
                elif words[place + 1] == "x" and self.sentence.word(place + 2) in ("]", ")"):
                    yield Tag("answer_present", "present", place, place + 3), "present"
