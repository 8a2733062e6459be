"""Places that targets share: those of a list, those of a finding and what comes with it."""

from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.drafts import Attribute, Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.group_members import is_a_member
from medsegr.cognition.relations import explains
from medsegr.cognition.tags import PLACES, Sentence


def share(clauses: Clauses, drafts: Sequence[Draft]) -> list[Draft]:
    """Targets in a list share a place that stands before or after it, a companion that of its finding."""
    if len(drafts) < 2 or not any(draft.attributes for draft in drafts):
        return list(drafts)
    return _backward(clauses, _forward(clauses, drafts))


def _forward(clauses: Clauses, drafts: Sequence[Draft]) -> list[Draft]:
    given = list(drafts)
    shown = [number for number, draft in enumerate(drafts) if draft.presence != "absent"]
    for order, (one, other) in enumerate(pairwise(shown)):
        first = all(drafts[number].name == drafts[one].name for number in shown[:order])
        given[other] = given[other].having(_handed_on(clauses, given[one], given[other], first))
    return given


def _handed_on(clauses: Clauses, one: Draft, other: Draft, first: bool) -> Sequence[Attribute]:
    """The places of a finding that hold for the next as well."""
    sentence, grammar = clauses.sentence, clauses.grammar
    if not one.places() or other.has_side() or _devices(grammar, one, other):
        return ()
    explained = (first and explains(sentence, one.target.last, other)) or _opens_alternative(clauses, one, other)
    if not explained and any(one.target.last <= at < other.target.first for at in clauses.firm_breaks):
        return ()
    if explained and other.places():
        return one.of("side")
    last = _past_its_place(sentence, one, other, grammar)
    with_it = not grammar["companions"].isdisjoint(sentence.words[last : other.target.first])
    placed = bool(other.places())
    if placed and not with_it:
        return ()
    gap = set(sentence.between(last, other.target.first)) - ({"."} if "versus" in sentence.kinds else set())
    lung = not placed and one.name in grammar.lung_findings and other.name in grammar.lung_findings
    if explained:
        return one.places()
    if gap <= grammar["lists_and_fills"] or (with_it and _is_close(gap, grammar)):
        led = [place for place in one.places() if place.first < one.target.first or with_it]
        return [place for place in led if place.kind == "side" or lung or not with_it]
    return ()


def _opens_alternative(clauses: Clauses, one: Draft, other: Draft) -> bool:
    """True for the "atelectasis" of "opacity in the right base, atelectasis versus pneumonia"."""
    sentence = clauses.sentence
    near = any(other.target.last <= tag.first <= other.target.last + 2 for tag in sentence.of("versus"))
    return near and sentence.between(_past_its_place(sentence, one, other, clauses.grammar), other.target.first) == [
        ","
    ]


def _backward(clauses: Clauses, drafts: Sequence[Draft]) -> list[Draft]:
    given = list(drafts)
    for number in range(len(given) - 1, 0, -1):
        one, other = given[number - 1], given[number]
        behind = [place for place in other.places() if place.first >= other.target.last]
        alike = (one.presence == "absent") == (other.presence == "absent")
        bare = not (one.places() or other.apart or _devices(clauses.grammar, one, other))
        if behind and alike and bare and _reaches_back(clauses, one, other):
            given[number - 1] = one.having(behind)
    return given


def _reaches_back(clauses: Clauses, one: Draft, other: Draft) -> bool:
    sentence, grammar = clauses.sentence, clauses.grammar
    told = min(other.attributes, key=lambda one: one.first if one.first >= other.target.last else len(sentence))
    if is_a_member(sentence, other.target, grammar) and (
        told.kind in PLACES or not is_a_member(sentence, one.target, grammar)
    ):
        return False
    gap = sentence.between(one.target.last, other.target.first)
    described = any(a.kind not in ("side", "zone") and a.last <= other.target.first for a in other.attributes)
    beside = not grammar["companions"].isdisjoint(sentence.words[one.target.last : other.target.first])
    listed = grammar["lists_and_fills"].issuperset(gap) and not (described or beside)
    return listed or (_lies_in(grammar, one, other) and _only_accompanied(gap, grammar))


def _lies_in(grammar: Grammar, one: Draft, other: Draft) -> bool:
    """True where what comes with a finding lies in the finding itself: a mass with calcification."""
    inside = other.name in grammar.anywhere or other.name in grammar.lung_findings
    return inside and (one.name in grammar.lung_findings or one.name in grammar.lesions)


def _only_accompanied(gap: Sequence[str], grammar: Grammar) -> bool:
    """True for "with" and "associated with" and nothing more."""
    companions = grammar["companions"]
    return not companions.isdisjoint(gap) and set(gap) <= companions | grammar["fillers"]


def _past_its_place(sentence: Sentence, one: Draft, other: Draft, grammar: Grammar) -> int:
    """One past the words of a target and of the place behind it: "effusion on the left with atelectasis"."""
    ends = [place.last for place in one.places() if one.target.last < place.last <= other.target.first]
    last = max([one.target.last, *ends])
    apart = grammar["companions"] | {",", ";"}
    return last if apart.isdisjoint(sentence.words[one.target.last : last]) else one.target.last


def _is_close(gap: set[str], grammar: Grammar) -> bool:
    """True for "with superimposed": a companion and at most two words more that lead nowhere else."""
    more = gap - grammar["list_words"] - grammar["companions"] - grammar["fillers"] - grammar["beside"]
    return len(more) <= 2 and more.isdisjoint(grammar["links"]) and all(word.isalpha() for word in more)


def _devices(grammar: Grammar, one: Draft, other: Draft) -> bool:
    """True when one of two is a tube, line or other device: each has its own place."""
    return one.name in grammar.devices or other.name in grammar.devices
