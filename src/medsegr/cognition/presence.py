"""Present, absent or uncertain: which cues of denial and doubt reach a target (after NegEx and ConText)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from medsegr.cognition.answers import Answer
from medsegr.cognition.clauses import Clauses
from medsegr.cognition.denied import contrasts
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.priors import Presence, Span
from medsegr.cognition.tags import ATTRIBUTES, Sentence, Tag

_ORDER = ("uncertain_after", "absent_after", "absent_before", "uncertain_before")
_NEXT, _VERSUS = "absent_next", "versus"
_AHEAD, _BEHIND = "uncertain_before", "uncertain_after"
_CUES = frozenset({*_ORDER, _NEXT, _VERSUS})
HEADING_CUES = frozenset({"absent_before", "uncertain_before", "absent_after"})
"""Kinds of cues that may head a list on the lines that follow."""


class Cue(NamedTuple):
    """A cue and the words [first, last) that it reaches."""

    kind: str
    tag: Tag
    first: int
    last: int


class Said(NamedTuple):
    """What a sentence says of a target, and the words that say so."""

    presence: Presence
    cues: Sequence[Tag] = ()


_PRESENT = Said("present")


class Scopes:
    """The cues of one sentence and how far each reaches.

    A cue before a target reaches ahead, one behind it back. A cue behind goes before one ahead, and doubt behind
    before a denial.
    """

    def __init__(self, clauses: Clauses, answers: Sequence[Answer] = ()) -> None:
        self.clauses = clauses
        self.sentence: Sentence = clauses.sentence
        self.grammar: Grammar = clauses.grammar
        self.answers = answers
        self._answered = {answer.tag.first for answer in answers}
        self.cues = () if _CUES.isdisjoint(self.sentence.kinds) else tuple(self._cues())

    def _cues(self) -> Iterator[Cue]:
        for tag in self.sentence.tags:
            kind, other = tag[0], tag[5]
            if (kind in _CUES or (other and other[0] in _CUES)) and tag.first not in self._answered:
                yield from self._cues_of(tag, (kind, other[0]) if other else (kind,))

    def _cues_of(self, tag: Tag, kinds: Sequence[str]) -> Iterator[Cue]:
        """The cues that the words of a tag are, in this sentence."""
        start = self._denied_exclusion(tag) if tag[0][0] == "a" else None
        if start is not None:
            kinds, tag = [kind.replace("absent", "uncertain") for kind in kinds], tag._replace(first=start)
        if self._heads_a_list(tag):
            kinds = ("absent_before",)
        elif self._says_neither(tag):
            kinds = ("absent_after",)
        elif self._is_parenthetical(tag):
            kinds = (_BEHIND,)
        for kind in kinds:
            if kind in _CUES:
                yield self._cue(kind, tag)

    def _heads_a_list(self, tag: Tag) -> bool:
        """True for "the following were not seen: ..."."""
        if tag.kind != "absent_after" or self.sentence.word(tag.last) != ":":
            return False
        return not any(target.first < tag.first for target in self.clauses.targets)

    def _is_parenthetical(self, tag: Tag) -> bool:
        """True for the "possibly" of "effusion, possibly, on the left"."""
        if tag.kind != _AHEAD or self.sentence.word(tag.first - 1) != ",":
            return False
        if self.sentence.word(tag.last) not in (",", "", "."):
            return False
        return not any(target.first >= tag.last for target in self.clauses.targets)

    def _says_neither(self, tag: Tag) -> bool:
        """True for "is seen neither on the right nor on the left": it looks back."""
        if self.sentence.words[tag.first] not in self.grammar["says_neither"]:
            return False
        return not any(target.first >= tag.last for target in self.clauses.targets)

    def _cue(self, kind: str, tag: Tag) -> Cue:
        if kind in (_NEXT, _VERSUS):
            return Cue(kind, tag, tag.last, tag.last)
        if kind.endswith("_before"):
            denying = kind[0] == "a" and tag.name not in self.grammar.runs_on
            return Cue(kind, tag, tag.last, self.clauses.ahead(tag.last, denying=denying))
        finite = self.sentence.words[tag.first] in self.grammar["begins_verb"]
        return Cue(
            kind, tag, self.clauses.behind(tag.first, finite=finite, resumes=self._resumes(kind, tag)), tag.first
        )

    def _resumes(self, kind: str, tag: Tag) -> bool:
        """True for a denial that closes its clause: it may say so of what a pronoun or comma leads back to."""
        if self._is_parenthetical(tag):
            return True
        after = kind == "absent_after" or (kind == _BEHIND and not _looks_both_ways(tag))
        return after and self._closes(tag.last)

    def _denied_exclusion(self, tag: Tag) -> int | None:
        """Where "has not been ruled out" and "can't be excluded" begin: exclusion denied leaves doubt; else None."""
        words, grammar = self.sentence.words, self.grammar
        if grammar["exclusion"].isdisjoint(words[tag.first : tag.last]):
            return None
        for place in range(tag.first - 1, max(-1, tag.first - 7), -1):
            if any(target.covers(place) for target in self.clauses.targets) or words[place] in (";", ".", ","):
                return None
            if words[place] in grammar["negators"] or words[place].endswith(("n't", "n\u2019t")):
                return place
        return None

    def of(self, target: Tag) -> Said:
        """What the sentence says of a target."""
        if target.presence is not None:
            first, last = target.said or (target.first, target.last)
            cues = (target._replace(first=first, last=last),) if target.presence != "present" else ()
            return Said(target.presence, cues)
        for answer in self.answers:
            if target.first in answer.targets:
                return Said(answer.presence, (answer.tag,) if answer.presence != "present" else ())
        if not (self.cues or self.clauses.ors):
            return _PRESENT
        found: dict[str, Tag] = {}
        for cue in self.cues:
            kind = self._role(cue, target)
            if kind and kind not in found:
                found[kind] = cue.tag
        if not found:
            either = self._alternative(target) if self.clauses.ors else None
            return Said("uncertain", (either,)) if either is not None else _PRESENT
        deciding = next(kind for kind in _ORDER if kind in found)
        return Said("absent" if deciding[0] == "a" else "uncertain", (found[deciding],))

    def _alternative(self, target: Tag) -> Tag | None:
        """The "or" between a finding and the next, of which one is there: "atelectasis or fibrosis"."""
        plain = self.grammar["lists_and_articles"]
        for at in self.clauses.ors:
            before = [tag for tag in self.clauses.targets if tag.last <= at]
            behind = next((tag for tag in self.clauses.targets if tag.first > at), None)
            if not before or behind is None or target not in (before[-1], behind) or before[-1].name == behind.name:
                continue
            if plain.issuperset(self.sentence.between(before[-1].last, behind.first)) and before[-1].presence is None:
                return Tag(_BEHIND, _BEHIND, at, at + 1)
        return None

    def _role(self, cue: Cue, target: Tag) -> str | None:
        """The kind that a cue has for a target; None where it does not reach it."""
        if cue.kind == _NEXT:
            at_once = cue.tag.last <= target.first <= cue.tag.last + 1
            return "absent_before" if at_once and self.sentence.word(cue.tag.first - 1) != "if" else None
        if cue.kind == _VERSUS:
            return _BEHIND if self._is_alternative(cue.tag, target) else None
        if cue.first <= target.first < cue.last:
            reaches = self._reaches_ahead if cue.kind.endswith("_before") else self._reaches_back
            return cue.kind if reaches(cue, target) else None
        return None

    def _reaches_ahead(self, cue: Cue, target: Tag) -> bool:
        if cue.tag.first and _looks_both_ways(cue.tag) and self.sentence.word(cue.tag.last) in ("and", ","):
            return False
        if self._characterises(cue.tag, target) or contrasts(self.sentence, cue.tag, self.grammar["contrasts"]):
            return False
        return not (cue.kind == _AHEAD and self._is_sure(cue.tag.last, target))

    def _reaches_back(self, cue: Cue, target: Tag) -> bool:
        if target.last > cue.tag.first:
            return False
        if self._is_treatment(cue.tag, target) or self._looks_ahead(cue) or self._was_so(cue.tag):
            return False
        if self._characterises(cue.tag, target) or self._is_told_of(target):
            return False
        if self.sentence.word(cue.tag.last).endswith("ly"):
            return True
        return not any(tag.first == cue.tag.last and tag.kind in ATTRIBUTES for tag in self.sentence.tags)

    def _is_told_of(self, target: Tag) -> bool:
        """True for "the cause of the left effusion": what is said behind it is said of the cause."""
        words = self.sentence.words
        ahead = words[max(0, target.first - 6) : target.first]
        place = max((at for at, word in enumerate(ahead) if word == "of"), default=0)
        plain = not self.grammar["signs"].isdisjoint(ahead[place:])
        return place > 0 and ahead[place - 1] in self.grammar["facets"] and not plain

    def _is_alternative(self, cue: Tag, target: Tag) -> bool:
        """True for both findings of "atelectasis versus pneumonia"."""
        if cue.last <= target.first:
            gap = set(self.sentence.between(cue.last, target.first)) - self.grammar["cue_fillers"]
            return len(gap) <= 2 and all(map(str.isalpha, gap)) and self.grammar["links"].isdisjoint(gap)
        between = range(target.last, cue.first)
        if any(tag.first in between and tag.kind in (_AHEAD, "explains") for tag in self.sentence.tags):
            return False
        if any(self.sentence.words[place] == ":" for place in between):
            return False
        others = [tag for tag in self.clauses.targets if tag.first >= cue.last]
        if not others and target.last == cue.first:
            return self.sentence.word(cue.last).isalpha()
        if not others or not self._follows_at_once(cue, others[0]):
            return False
        return target.first >= self.clauses.behind(cue.first)

    def _looks_ahead(self, cue: Cue) -> bool:
        """True for the "likely" of "opacity likely atelectasis", which could look back as well."""
        if cue.kind != _BEHIND or not _looks_both_ways(cue.tag):
            return False
        return not self._closes(cue.tag.last) or any(self._follows_at_once(cue.tag, t) for t in self.clauses.targets)

    def _closes(self, place: int) -> bool:
        """True where a clause ends or only its circumstances follow: "is likely", "likely in this setting"."""
        word = self.sentence.word(place)
        plain = word.isalpha() and not word.endswith("ly") and word not in self.grammar["circumstances"]
        return not plain or place in self.clauses.breaks

    def _follows_at_once(self, cue: Tag, target: Tag) -> bool:
        """True when nothing but attributes, articles and cues stands from a cue to a target behind it."""
        gap = self.sentence.between(cue.last, target.first)
        return cue.last <= target.first and self.grammar["cue_fillers"].issuperset(gap)

    def _is_treatment(self, cue: Tag, target: Tag) -> bool:
        """True for "was seen and removed", "removed with a snare": what is treated during the examination is there."""
        words, grammar = self.sentence.words[target.last : cue.last + 1], self.grammar
        treated = self.sentence.words[cue.last - 1] in grammar["treated"]
        by_means = words[-1] in grammar["means"] and target.name not in grammar.devices
        return treated and (by_means or not grammar["seen"].isdisjoint(words))

    def _was_so(self, cue: Tag) -> bool:
        """True for "not seen on the previous film" and "withdrawn and now ...": what follows says where it is now."""
        words, grammar = self.sentence.words, self.grammar
        behind = words[cue.last : cue.last + 4]
        if words[cue.last - 1] == "withdrawn":
            return not grammar["lies_now"].isdisjoint(behind)
        if not behind or words[cue.first] not in grammar["begins_denial"] or "longer" in words[cue.first : cue.last]:
            return False
        former = not grammar["former"].isdisjoint(behind)
        return behind[0] in grammar["formerly"] or (behind[0] in ("on", "in", "at") and former)

    def _is_sure(self, first: int, target: Tag) -> bool:
        """True for the second of "possible nodule left apex, definite nodule right base": it is not hedged as well."""
        sure, words = self.grammar["sure"], self.sentence.words
        if sure.isdisjoint(self.sentence.known):
            return False
        places = [place for place in range(first, target.first) if words[place] in sure]
        return any(first <= tag.first < place for tag in self.clauses.targets for place in places)

    def _characterises(self, cue: Tag, target: Tag) -> bool:
        """True for "suspicious 2 cm nodule", "the mass is indeterminate": it is there, and what it is is in doubt."""
        if cue.kind[0] != "u" or self.sentence.words[cue.last - 1] not in self.grammar["characterises"]:
            return False
        return target.name in self.grammar.lesions or target.name == "lymphadenopathy"


def _looks_both_ways(cue: Tag) -> bool:
    """True for hedges that may stand before and behind what they hedge ("possible")."""
    return cue.other is not None and {cue.kind, cue.other[0]} == {_AHEAD, _BEHIND}


def open_cue(sentence: Sentence, alone: bool) -> tuple[str, Span] | None:
    """The cue of "No evidence of:", which heads a list on the next lines; it may stand ``alone`` in its line."""
    if not (alone or sentence.word(len(sentence) - 1) == ":") or "target" in sentence.kinds:
        return None
    cues = sentence.of(*HEADING_CUES)
    heads = [cue for cue in cues if _heads_list(sentence, cue)]
    return (heads[-1].kind, sentence.span(heads[-1])) if heads else None


def _heads_list(sentence: Sentence, cue: Tag) -> bool:
    plain = ("the", "following", "finding")
    return all(not word.isalpha() or word in plain for word in sentence.words[cue.last :])
