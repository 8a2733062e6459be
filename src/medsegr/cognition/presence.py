"""Present, absent or uncertain: which triggers of negation and hedging reach a target (after NegEx and ConText)."""

from bisect import bisect_left
from collections.abc import Sequence

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.landmarks import landmarks_of
from medsegr.cognition.mentions import ATTRIBUTES, Decision, Mention, Sentence
from medsegr.cognition.priors import Presence

_ORDER = ("uncertain_after", "absent_after", "absent_before", "uncertain_before")
_NEXT = "absent_next"
_VERSUS = "versus"
_AHEAD, _BEHIND = "uncertain_before", "uncertain_after"
_TRIGGERING = frozenset({*_ORDER, _NEXT, _VERSUS, "neutral"})
_RUNS_ON = {"which": 3, "remain": 1}
"""Words before a trigger that looks back: the clause goes on, if it follows within so many words."""

_CIRCUMSTANCES = frozenset({
    "and", "or", "as", "at", "because", "by", "for", "from", "given", "here", "if", "in", "on", "since", "than", "too",
    "with",
})  # fmt: skip
"""What may stand behind a hedge that looks back."""

_ASKS = frozenset({":", "?", "-", "\u2013", "\u2014"})
_ANSWERS: dict[str, Presence] = {"no": "absent", "none": "absent", "yes": "present"}
_ENDS_ANSWER = frozenset({",", ";", "."})
_DASHES = frozenset({"-", "\u2013", "\u2014"})

_BEGINS_VERB = frozenset({"is", "are", "was", "were", "has", "have", "cannot", "can", "could", "may", "might"})
_ARTICLES = frozenset({"a", "an", "the", "of", "to", "be", "."})
_SURE = frozenset({"definite", "definitely", "definitive", "obvious", "certain", "certainly", "clearly", "confirmed"})
"""What a hedge of an earlier finding does not reach over."""

_TREATED = frozenset({"removed", "resected", "excised"})
_MEANS = frozenset({"with", "by", "using", "via", "en", "piecemeal"})
_FORMER = frozenset({"prior", "previous", "earlier", "old"})
_FORMERLY = frozenset({"previously", "before", "earlier"})
_SEEN = frozenset({"seen", "found", "noted", "identified", "encountered", "detected"})
_DIRECTIONS = frozenset({*_ORDER, _NEXT, _VERSUS})


def decided(sentence: Sentence, grammar: Grammar) -> Sequence[Decision]:
    """What a sentence says of each of its targets; decided once for a sentence that comes again."""
    if sentence.decided is None:
        scopes = Scopes(sentence, grammar)
        sentence.decided = [(target, *scopes.presence_of(target)) for target in sentence.of("target")]
    return sentence.decided


class Scopes:
    """The triggers of one sentence and how far each reaches."""

    def __init__(self, sentence: Sentence, grammar: Grammar) -> None:
        self.sentence = sentence
        self.grammar = grammar
        self.triggers: list[tuple[str, Mention]] = []
        for mention in () if _TRIGGERING.isdisjoint(sentence.kinds) else sentence.mentions:
            kinds = (mention.kind, mention.other[0]) if mention.other else (mention.kind,)
            if not _DIRECTIONS.isdisjoint(kinds) and not _is_month(sentence, mention):
                self.triggers += [(kind, mention) for kind in kinds if kind in _DIRECTIONS]
        self._answered = not sentence.words.isdisjoint(_ANSWERS) and not sentence.words.isdisjoint(_ASKS)

    def presence_of(self, target: Mention) -> tuple[Presence, Sequence[Mention]]:
        """What the sentence says of a target, and the triggers that say so.

        A trigger before a target reaches forward, one behind it reaches back,
        neither across the end of a clause ("but", ";", ", a ..."). A trigger
        behind goes before one ahead, and a hedge behind before a denial.
        """
        if target.presence is not None:
            return target.presence, [target] if target.presence == "absent" else ()
        if not self.triggers:
            return "present", ()
        answer = self._answer_to(target) if self._answered else None
        if answer is not None:
            return _ANSWERS[self.sentence.tokens[answer].word], [m for _, m in self.triggers if m.first == answer][:1]
        found: dict[str, Mention] = {}
        for kind, trigger in self.triggers:
            if kind == _NEXT:
                if trigger.last <= target.first <= trigger.last + 1 and not self._is_sign(trigger.last, target.first):
                    found.setdefault("absent_before", trigger)
            elif kind == _VERSUS:
                if self._is_alternative(trigger, target):
                    found.setdefault(_BEHIND, trigger)
            elif kind not in found and self._reaches(trigger, kind, target):
                found[kind] = trigger
        if not found:
            return "present", ()
        deciding = next(kind for kind in _ORDER if kind in found)
        return ("absent" if deciding.startswith("absent") else "uncertain"), [found[deciding]]

    def _is_alternative(self, trigger: Mention, target: Mention) -> bool:
        """True for both findings of "atelectasis versus pneumonia"."""
        if trigger.last <= target.first:
            return self._follows_at_once(trigger, target)
        between = range(target.last, trigger.first)
        if any(m.first in between and m.kind in (_AHEAD, "explains") for m in self.sentence.mentions):
            return False
        if any(self.sentence.tokens[place].word == ":" for place in between):
            return False
        others = [m for m in self.sentence.of("target") if m.first >= trigger.last]
        if not others or not self._follows_at_once(trigger, others[0]):
            return False
        return not clause_ends(self.sentence, self.grammar, target.last, trigger.first, looking_back=True)

    def _looks_ahead(self, trigger: Mention, kind: str) -> bool:
        """True for the "likely" of "opacity likely atelectasis", which could look back as well."""
        if kind != _BEHIND or not _looks_both_ways(trigger):
            return False
        return not self._closes(trigger.last) or any(
            self._follows_at_once(trigger, m) for m in self.sentence.of("target")
        )

    def _ends_at(self, place: int) -> bool:
        """True for the "and" of "effusion possible and nodule seen": the hedge has looked back."""
        return self.sentence.tokens[place].word in ("and", ",")

    def _closes(self, place: int) -> bool:
        """True where a clause ends or only its circumstances follow: "is likely", "likely in this setting"."""
        if place == len(self.sentence.tokens):
            return True
        word = self.sentence.tokens[place].word
        return not word.isalpha() or word.endswith("ly") or word in _CIRCUMSTANCES or place in self.sentence.breaks

    def _follows_at_once(self, trigger: Mention, target: Mention) -> bool:
        """True when nothing but attributes, articles and triggers stands from a trigger to a target behind it."""
        gap = self.sentence.between(trigger.last, target.first)
        return trigger.last <= target.first and _ARTICLES.issuperset(gap)

    def _is_treatment(self, trigger: Mention, target: Mention) -> bool:
        """True for "was seen and removed", "removed with a snare": what is treated during the examination is there."""
        words = [token.word for token in self.sentence.tokens[target.last : trigger.last + 1]]
        treated = self.sentence.tokens[trigger.last - 1].word in _TREATED
        by_means = words[-1] in _MEANS and target.name not in self.grammar.devices
        return treated and (by_means or not _SEEN.isdisjoint(words))

    def _answer_to(self, target: Mention) -> int | None:
        """Where "no" or "yes" stands alone behind a target and a colon, dash or question mark ("Effusion: no")."""
        tokens, place = self.sentence.tokens, target.last
        while place < len(tokens) and (self.sentence.is_attribute(place) or tokens[place].word in "()"):
            place += 1
        if place + 1 >= len(tokens) or tokens[place].word not in _ASKS or tokens[place + 1].word not in _ANSWERS:
            return None
        return place + 1 if self._is_answer(place + 1) else None

    def _is_answer(self, place: int) -> bool:
        """True for the "no" of "Effusion: no" and "Effusion? No, ..."."""
        tokens = self.sentence.tokens
        alone = place + 1 == len(tokens) or tokens[place + 1].word in _ENDS_ANSWER
        return alone and place > 0 and tokens[place - 1].word in _ASKS

    def _was_so(self, trigger: Mention) -> bool:
        """True for "not seen on the previous film" and "withdrawn and now ...": what follows says where it is now."""
        words = [token.word for token in self.sentence.tokens[trigger.first : trigger.last + 4]]
        behind = words[trigger.last - trigger.first :]
        if words[trigger.last - trigger.first - 1] == "withdrawn":
            return not {"now", "by", "slightly", "lie"}.isdisjoint(behind)
        if not behind or words[0] not in ("not", "was", "were", "is", "absent") or "longer" in words:
            return False
        return behind[0] in _FORMERLY or (behind[0] in ("on", "in", "at") and not _FORMER.isdisjoint(behind))

    def _is_sign(self, first: int, last: int) -> bool:
        return any(not self.sentence.tokens[place].word.isalpha() for place in range(first, last))

    def _reaches(self, trigger: Mention, kind: str, target: Mention) -> bool:
        if kind.endswith("_before"):
            if trigger.last > target.first or (_looks_both_ways(trigger) and self._ends_at(trigger.last)):
                return False
            if self._characterises(trigger, target):
                return False
            denying = kind[0] == "a"
            if denying and (
                self._is_answer(trigger.last - 1)
                or landmarks_of(self.sentence).and_described(trigger.last, target.first)
            ):
                return False
            if kind == _AHEAD and not _SURE.isdisjoint(self.sentence.words) and self._is_sure(trigger.last, target):
                return False
            first = trigger.last + (kind == _AHEAD and self.sentence.tokens[trigger.last].word == ":")
            return not clause_ends(self.sentence, self.grammar, first, target.first, denying=denying)
        if target.last > trigger.first or self._is_treatment(trigger, target) or self._looks_ahead(trigger, kind):
            return False
        finite = self.sentence.tokens[trigger.first].word in _BEGINS_VERB
        if self._was_so(trigger) or landmarks_of(self.sentence).new_clause(target.last, trigger.first, finite=finite):
            return False
        describes = any(m.first == trigger.last and m.kind in ATTRIBUTES for m in self.sentence.mentions)
        return not describes and not clause_ends(
            self.sentence, self.grammar, target.last, trigger.first, looking_back=True
        )

    def _is_sure(self, first: int, target: Mention) -> bool:
        """True for the second of "possible nodule left apex, definite nodule right base": it is not hedged as well."""
        sure = [place for place in range(first, target.first) if self.sentence.tokens[place].word in _SURE]
        return any(first <= m.first < place for m in self.sentence.of("target") for place in sure)

    def _characterises(self, trigger: Mention, target: Mention) -> bool:
        """True for "suspicious 2 cm nodule": it is there, and what it is is in doubt."""
        alone = trigger.last == trigger.first + 1 and self.sentence.tokens[trigger.first].word == "suspicious"
        return alone and (target.name in self.grammar.lesions or target.name == "lymphadenopathy")


def _looks_both_ways(trigger: Mention) -> bool:
    """True for hedges that may stand before and behind what they hedge ("possible")."""
    return trigger.other is not None and {trigger.kind, trigger.other[0]} == {_AHEAD, _BEHIND}


def clause_ends(
    sentence: Sentence, grammar: Grammar, first: int, last: int, *, looking_back: bool = False, denying: bool = False
) -> bool:
    """True when a clause ends among the words [first, last).

    Args:
        sentence, grammar: The words and the sets they are looked up in.
        first, last: From the earlier mention to the later.
        looking_back: The trigger stands behind: it reaches over a comma only in
            a list that ends with "and" or "or".
        denying: The trigger is a denial: it does not reach over a question mark,
            nor over a comma to a thing that is described, unless the list goes on
            with "or".
    """
    if first >= last or not (sentence.breaks or sentence.signs):
        return False
    tokens = sentence.tokens
    at = bisect_left(sentence.breaks, first)
    while at < len(sentence.breaks) and sentence.breaks[at] < last:
        near = _RUNS_ON.get(tokens[sentence.breaks[at]].word, 0) if looking_back else 0
        if last - sentence.breaks[at] > near:
            return True
        at += 1
    for place in sentence.signs:
        if not first <= place < last:
            continue
        word = tokens[place].word
        if word == ";" or (word == ":" and not looking_back) or (word == "?" and denying):
            return True
        if denying and word in _DASHES and landmarks_of(sentence).describes_anew(first, place + 1, last):
            return True
        if word != "," or place + 1 >= len(tokens):
            continue
        if tokens[place + 1].word in grammar.new_thoughts:
            return True
        if looking_back and not any(tokens[p].word in ("and", "or", "nor", "&") for p in range(place, last)):
            return True
        if denying and landmarks_of(sentence).describes_anew(first, place + 1, last):
            return True
    return False


def _is_month(sentence: Sentence, trigger: Mention) -> bool:
    """True for "12 May"."""
    if trigger.last - trigger.first != 1 or sentence.tokens[trigger.first].text != "May":
        return False
    near = [sentence.tokens[p].word for p in (trigger.first - 1, trigger.last) if 0 <= p < len(sentence.tokens)]
    return any(word.isdigit() for word in near)
