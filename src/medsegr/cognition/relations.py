"""Relations between an attribute and the targets around it: one ordered table says whose it is."""

from collections.abc import Callable, Sequence

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.drafts import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.tags import PLACES, Sentence, Tag

EXPLAINS = ("explains", "uncertain_before")
"""Kinds of words that lead from a finding to the diagnosis that explains it."""


class Case:
    """An attribute between the targets of a sentence.

    Attributes:
        clauses: The links of the sentence.
        tag: The attribute.
        drafts: The targets.
        before, after: Numbers of the nearest on either side, or None.
        is_place: It says where.
        ends: A clause ends before the next target.
        gap: Words up to the next target that no tag covers, and the "and" that begins "and another".
        direct: Nothing but plain words leads to the next target.
    """

    def __init__(
        self, clauses: Clauses, tag: Tag, drafts: Sequence[Draft], before: int | None, after: int | None
    ) -> None:
        self.clauses = clauses
        self.sentence: Sentence = clauses.sentence
        self.grammar: Grammar = clauses.grammar
        self.tag = tag
        self.drafts = drafts
        self.before = before
        self.after = after
        self.is_place = tag[0] in PLACES
        if after is not None:
            first = drafts[after][0][2]
            self.ends = clauses.parted(tag[3], first)
            if before is not None or tag[0] == "count":
                self._look_ahead(first)

    def _look_ahead(self, first: int) -> None:
        gap = self.sentence.between(self.tag.last, first)
        self.gap = [*gap, "and"] if self.sentence.words[first] in self.grammar["next_of_list"] else gap
        self.direct = not self.ends and self.grammar["links"].isdisjoint(self.gap)

    @property
    def target_before(self) -> Tag:
        """The nearest target before it."""
        return self.drafts[self.before or 0].target

    @property
    def target_after(self) -> Tag:
        """The nearest target behind it."""
        return self.drafts[self.after or 0].target


def owners_of(clauses: Clauses, tag: Tag, drafts: Sequence[Draft]) -> Sequence[int]:
    """Numbers of the drafts that an attribute belongs to: what the first relation that holds says."""
    before = after = None
    for number, draft in enumerate(drafts):
        first = draft[0][2]
        if draft[0][3] <= tag.first:
            before = number
        elif first >= tag.last:
            after = number
            break
        else:
            return [n for n, other in enumerate(drafts) if other.target.first == first]
    if after is None and before is not None and tag[0] != "count" and drafts[before][2] != "absent":
        return (before,)
    case = Case(clauses, tag, drafts, before, after)
    if before is None and after is not None and tag[0] != "count":
        return _led(case)
    for holds, owners in RELATIONS:
        if holds(case):
            return owners(case)
    return ()


def _nothing_behind(case: Case) -> bool:
    return case.after is None or (case.before is not None and _closes(case))


def _closes(case: Case) -> bool:
    """True for the "3 cm" of "effusion of 3 cm and ..." and "effusion (3 cm) ...": it measures nothing behind it."""
    return case.tag.kind == "size" and case.sentence.word(case.tag.last) in case.grammar["past_sizes"]


def _nothing_ahead(case: Case) -> bool:
    return case.before is None and case.tag.kind != "count"


def _heads_a_field(case: Case) -> bool:
    """True for the second place of "left lung: nodule, right lung: effusion"."""
    if not case.is_place or case.before is None or case.after is None:
        return False
    place, words = case.tag.last, case.sentence.words
    while case.sentence.is_attribute(place) or case.sentence.word(place) in case.grammar["body_parts"]:
        place += 1
    return case.sentence.word(place) == ":" and place < case.target_after.first and words[case.tag.first - 1] != ":"


def _counts(case: Case) -> bool:
    return case.tag.kind == "count"


def _is_subject(case: Case) -> bool:
    """True for the "right" of "the left lung is clear; the right lung shows a cavity"."""
    if not (case.is_place and case.ends):
        return False
    place, sentence = case.tag.last, case.sentence
    while sentence.is_attribute(place):
        place += 1
    if sentence.word(place) not in case.grammar["shows"]:
        return False
    words = set(sentence.words[case.target_before.last : case.tag.first])
    turned = not words.isdisjoint(case.grammar["turns_or_lists"])
    return turned and not after_preposition(case.sentence, case.tag, case.grammar)


def _goes_ahead(case: Case) -> bool:
    """A place behind "and", "but" or ";" is that of what follows."""
    return case.is_place and not case.ends and not _stays_with(case)


def _measures_next(case: Case) -> bool:
    """True for "and 6 mm of midline shift"."""
    return case.tag.kind == "size" and case.sentence.word(case.tag.last) == "of" and not case.ends


def _begins_anew(case: Case) -> bool:
    """True for the "antrum" of "in the duodenum no erosion, in the antrum an erosion": each place leads its target."""
    if not (case.is_place and case.direct):
        return False
    place = case.tag.first - 1
    while place > 0 and (
        case.sentence.words[place] in case.grammar["leads_a_place"] or case.sentence.is_attribute(place)
    ):
        place -= 1
    ahead = case.sentence.within(0, case.target_before.first, *PLACES)
    return case.sentence.words[place] == "," and place < case.tag.first - 1 and bool(ahead)


def _is_of_the_explained(case: Case) -> bool:
    after = case.drafts[case.after or 0]
    return case.direct and explains(case.sentence, case.tag.last, after) and _stays_with(case)


def _stays_with(case: Case) -> bool:
    """True when nothing new begins between a target and an attribute behind it: no "and in ...", no "but"."""
    words, grammar = case.sentence.words, case.grammar
    for place in range(case.target_before.last, case.tag.first):
        listed = words[place] in grammar["next_of_list"] and not case.sentence.is_attribute(place + 1)
        if words[place] in grammar["new_topics"] or listed:
            return False
    return True


def _looks_back(case: Case) -> bool:
    return not case.direct or _is_noun(case)


def _is_noun(case: Case) -> bool:
    """True for "posterior shadowing" and the "spiculated" of "spiculated margins", unless a target follows at once."""
    if case.tag.kind not in ("texture", "shape") or not case.gap:
        return False
    words = case.sentence.words[case.tag.last - 1 : case.tag.last + 2]
    return not case.grammar["attribute_nouns"].isdisjoint(words)


def _opens_chain(case: Case) -> bool:
    """True for the "pleomorphic" of "with pleomorphic, vesicular nuclei"."""
    if case.tag.kind not in ("texture", "shape") or case.gap != [","]:
        return False
    sentence, place = case.sentence, case.tag.first - 1
    chain = range(case.tag.last, case.target_after.first)
    if not all(sentence.words[at] == "," or sentence.is_attribute(at) for at in chain):
        return False
    while place >= 0 and sentence.is_attribute(place):
        place -= 1
    word = sentence.words[place] if place >= 0 else "a"
    return word in case.grammar["companions"] or word in case.grammar["opens_chain"]


def _behind_comma(case: Case) -> bool:
    return "," in case.gap


def _is_predicate(case: Case) -> bool:
    """True for the "solid" of "the nodule is solid and the mass ...", and for "in the right lung ..."."""
    if not case.gap:
        return False
    if after_preposition(case.sentence, case.tag, case.grammar):
        return True
    place = case.tag.first - 1
    while place > case.target_before.last and case.sentence.is_attribute(place):
        place -= 1
    said = place >= case.target_before.last and case.sentence.words[place] in case.grammar["looks"]
    return said and not case.clauses.parted(case.target_before.last, case.tag.first)


def _always(_: Case) -> bool:
    return True


def _after(case: Case) -> Sequence[int]:
    return [case.after] if case.after is not None else []


def _before(case: Case) -> Sequence[int]:
    """The target before; what is absent is described directly or not at all."""
    if case.before is None or case.tag.kind == "count":
        return []
    draft = case.drafts[case.before]
    if draft.presence != "absent" or not case.is_place:
        return [case.before]
    first, last = draft.target.last, case.tag.first
    if any(case.sentence.words[at] in case.grammar["subordinates"] for at in case.clauses.breaks if first <= at < last):
        return []
    gap = set(case.sentence.between(first, last)) - case.grammar["skipped_to_places"]
    return [case.before] if not gap or not gap.isdisjoint(case.grammar["prepositions"]) else []


def _counted(case: Case) -> Sequence[int]:
    plain = case.after is not None and case.direct and ("," not in case.gap or case.before is None)
    return _after(case) if plain else []


def _led(case: Case) -> Sequence[int]:
    """What stands before every target is that of the next; behind "Place:" of all targets of the clause."""
    first, drafts = case.target_after.first, case.drafts
    if case.ends:
        colon = ":" in case.sentence.between(case.tag.last, first)
        if not case.is_place:
            return _after(case) if colon and case.tag.kind == "size" else []
        if colon:
            return _of_the_clause(case)
    return [n for n, d in enumerate(drafts) if d.target.first == first and (not case.ends or d.presence != "absent")]


def _of_the_clause(case: Case) -> list[int]:
    """The next target, and those behind it up to the end of the clause or the next heading of a place."""
    first, sentence = case.target_after.first, case.sentence
    colons = [at for at in case.clauses.signs if sentence.words[at] == ":" and at > first]
    limit = next((tag.first for tag in sentence.of(*PLACES) if colons and first < tag.first < colons[0]), len(sentence))
    return [
        n
        for n, draft in enumerate(case.drafts)
        if n == case.after
        or (first <= draft.target.first < limit and not case.clauses.parted(first, draft.target.first))
    ]


RELATIONS: tuple[tuple[Callable[[Case], bool], Callable[[Case], Sequence[int]]], ...] = (
    (_nothing_behind, _before),
    (_nothing_ahead, _led),
    (_heads_a_field, _of_the_clause),
    (_counts, _counted),
    (_goes_ahead, _after),
    (_measures_next, _after),
    (_is_subject, _led),
    (_begins_anew, _after),
    (_is_of_the_explained, _before),
    (_looks_back, _before),
    (_opens_chain, _after),
    (_behind_comma, _before),
    (_is_predicate, _before),
    (_always, _after),
)
"""Relations between an attribute and the targets around it, and whose it then is; the first that holds decides."""


def explains(sentence: Sentence, first: int, draft: Draft) -> bool:
    """True when words between ``first`` and a diagnosis say that it explains what stands before ("suspicious for")."""
    return any(first <= tag.first < draft.target.first for tag in sentence.of(*EXPLAINS))


def after_preposition(sentence: Sentence, tag: Tag, grammar: Grammar) -> bool:
    """True when the words before, attributes and articles left out, end with a preposition."""
    for place in range(tag.first - 1, -1, -1):
        word = sentence.words[place]
        if not sentence.is_attribute(place) and (word in grammar["prepositions"] or word not in grammar["fillers"]):
            return word in grammar["prepositions"]
    return False
