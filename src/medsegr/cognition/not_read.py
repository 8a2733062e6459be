"""What looks like a finding and was not understood: stretches that a mask cannot show, told rather than lost."""

from collections.abc import Iterator, Sequence

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.grammar import GENERIC, Grammar
from medsegr.cognition.heads import Head
from medsegr.cognition.priors import Span
from medsegr.cognition.tags import Sentence

_SHORTEST = 4
"""Letters of a word that may name a finding."""

_SPEAKS = ("absent_before", "absent_after", "uncertain_before", "uncertain_after", "size", "count")
_SAY_NOTHING = frozenset({"target", "side", "zone", "breaks"})
_LOOKS = ("texture", "shape")


def not_read(clauses: Clauses, regions: Sequence[Head]) -> Iterator[Span]:
    """Characters of the stretches of a sentence that say something of a thing that no target names."""
    sentence = clauses.sentence
    if sentence.kinds <= _SAY_NOTHING and "there" not in sentence.known:
        return
    spoken = [*[(tag.first, tag.last) for tag in clauses.targets], *[(head.first, head.last) for head in regions]]
    for first, last in clauses.stretches():
        for start, end in spoken:
            if start < last and first < end:
                break
        else:
            general = any(tag.kind.startswith(GENERIC) for tag in sentence.tags if first <= tag.first < last)
            if general or _is_finding(sentence, clauses.grammar, first, last):
                yield _span(sentence, first, last)


def _is_finding(sentence: Sentence, grammar: Grammar, first: int, last: int) -> bool:
    """True where something is denied, doubted, measured or described, or is said to be there, and a word names it."""
    if not _names_something(sentence, grammar, first, last):
        return False
    there = sentence.words[first:last][:2] in (["there", "is"], ["there", "are"])
    speaks = sentence.within(first, last, *_SPEAKS)
    return (
        there or bool(speaks) or bool(sentence.within(first, last, *_LOOKS) and not _goes_on(sentence, grammar, first))
    )


def _goes_on(sentence: Sentence, grammar: Grammar, first: int) -> bool:
    return sentence.words[first] in grammar["goes_on"] or first > 0


def _names_something(sentence: Sentence, grammar: Grammar, first: int, last: int) -> bool:
    covered = {place for tag in sentence.tags for place in range(tag.first, tag.last)}
    plain = grammar["not_names"]
    return any(
        len(word) >= _SHORTEST and word.isalpha() and word not in plain
        for place, word in enumerate(sentence.words[first:last], first)
        if place not in covered
    )


def _span(sentence: Sentence, first: int, last: int) -> Span:
    return sentence.start + sentence.wording.starts[first], sentence.start + sentence.wording.ends[last - 1]
