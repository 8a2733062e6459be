"""Places that targets share: those of a list, those of a finding and what comes with it."""

from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.attachment import Draft, explains
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import Sentence

_DESCRIBES = frozenset({"texture", "shape", "size", "count"})
_BESIDE = frozenset({"adjacent", "overlying", "surrounding", "underlying"})
"""Words that lead to a companion and say nothing of its place: "with adjacent atelectasis"."""


def share(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Targets in a list share a place that stands before or after it, a companion that of its finding."""
    if not any(draft.attributes for draft in drafts):
        return
    _share_forward(sentence, drafts, grammar)
    for other, one in pairwise(reversed(drafts)):
        behind = [m for m in other.places() if m.first >= other.target.last]
        alike = (one.presence == "absent") == (other.presence == "absent")
        if not behind or not alike or one.places() or _devices(grammar, one, other):
            continue
        gap = sentence.between(one.target.last, other.target.first)
        described = any(m.kind in _DESCRIBES and m.last <= other.target.first for m in other.attributes)
        listed = (grammar.list_words | grammar.fillers).issuperset(gap) and not described
        if listed or (_lies_in(grammar, one, other) and _only_accompanied(gap, grammar)):
            one.attributes += behind


def _lies_in(grammar: Grammar, one: Draft, other: Draft) -> bool:
    """True where what comes with a finding lies in the finding itself: a mass with calcification."""
    inside = other.name in grammar.anywhere or other.name in grammar.lung_findings
    return inside and (one.name in grammar.lung_findings or one.name in grammar.lesions)


def _only_accompanied(gap: Sequence[str], grammar: Grammar) -> bool:
    """True for "with" and "associated with" and nothing more."""
    return not grammar.companions.isdisjoint(gap) and set(gap) <= grammar.companions | grammar.fillers


def _share_forward(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    shown = [draft for draft in drafts if draft.presence != "absent"]
    for number, (one, other) in enumerate(pairwise(shown)):
        if not one.places() or other.has_side() or _devices(grammar, one, other):
            continue
        explained = number == 0 and explains(sentence, one.target.last, other)
        if not explained and any(one.target.last <= at < other.target.first for at in sentence.firm_breaks):
            continue
        last = _past_its_place(sentence, one, other, grammar)
        spoken = sentence.tokens[last : other.target.first]
        with_it = any(token.word in grammar.companions for token in spoken)
        placed = bool(other.places())
        if placed and not with_it:
            continue
        gap = set(sentence.between(last, other.target.first))
        lung = not placed and one.name in grammar.lung_findings and other.name in grammar.lung_findings
        if explained:
            other.attributes += one.places()
        elif gap <= grammar.list_words | grammar.fillers or (with_it and _is_close(gap, grammar)):
            led = [m for m in one.places() if m.first < one.target.first or with_it]
            other.attributes += [m for m in led if m.kind == "side" or lung or not with_it]


def _past_its_place(sentence: Sentence, one: Draft, other: Draft, grammar: Grammar) -> int:
    """One past the words of a target and of the place behind it: "effusion on the left with atelectasis"."""
    ends = [one.target.last, *(m.last for m in one.places() if one.target.last < m.last <= other.target.first)]
    last = max(ends)
    words = {token.word for token in sentence.tokens[one.target.last : last]}
    return last if words.isdisjoint(grammar.companions | {",", ";"}) else one.target.last


def _is_close(gap: set[str], grammar: Grammar) -> bool:
    """True for "with superimposed": a companion and at most two words more that lead nowhere else."""
    more = gap - grammar.list_words - grammar.companions - grammar.fillers - _BESIDE
    return len(more) <= 2 and more.isdisjoint(grammar.links) and all(word.isalpha() for word in more)


def _devices(grammar: Grammar, one: Draft, other: Draft) -> bool:
    """True when one of two is a tube, line or other device: each has its own place."""
    return one.name in grammar.devices or other.name in grammar.devices
