"""Findings spoken of without their name: "none on the right", "small in the caecum", "the largest", "except the apex".

One pass puts in the missing heads. Each gets the stretch of words that speaks of it alone; a stretch about a place
that is normal, or was not looked at, speaks of no finding, and its places belong to none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from medsegr.cognition.clauses import any_in
from medsegr.cognition.groups import is_one
from medsegr.cognition.head_finder import Earlier, Head
from medsegr.cognition.presence import Scopes
from medsegr.cognition.rows import Rows
from medsegr.cognition.tags import ATTRIBUTES, PLACES, Sentence, Tag


class Heads(NamedTuple):
    """A sentence with its heads put in.

    Attributes:
        sentence: With them as targets.
        regions: Words that speak of one head, or of none.
        dropped: First words of targets that only head a list of places.
    """

    sentence: Sentence
    regions: Sequence[Head] = ()
    dropped: frozenset[int] = frozenset()


def with_heads(scopes: Scopes, earlier: Earlier | None) -> Heads:
    """Put in the heads that a sentence leaves out.

    Args:
        scopes: The cues of the sentence.
        earlier: What was last spoken of before it, or None.
    """
    sentence = scopes.sentence
    finder = Rows(scopes, earlier)
    found = list(finder.heads())
    tables, dropped = finder.tables(found)
    found = sorted([*tables, *found], key=lambda head: head.first) or list(finder.item())
    if not found:
        return Heads(sentence)
    taken = {place for head in found if head.tag for place in range(head.tag.first, head.tag.last)}
    kept = [tag for tag in sentence.tags if tag.kind in ATTRIBUTES or taken.isdisjoint(range(tag.first, tag.last))]
    kept = [tag for tag in kept if not any(_decides(tag, head) for head in found)]
    added = [head.tag for head in found if head.tag is not None]
    kept += [
        Tag("count", "1", tag.first, tag.first + 1)
        for tag in sentence.of("member")
        if tag.first in taken and is_one(sentence, tag, scopes.grammar)
    ]
    organs = {t.first for t in scopes.clauses.targets if any(h.first <= t.first < h.last for h in found)}
    return Heads(sentence.with_tags([*kept, *added]), found, dropped | (organs - {tag.first for tag in added}))


def may_leave_out(scopes: Scopes) -> bool:
    """False where every place stands with a target in its stretch, and nothing denies or compares another place."""
    sentence, grammar = scopes.sentence, scopes.grammar
    if sentence.kinds.isdisjoint(PLACES):
        return False
    if "except" in sentence.kinds or not grammar["moves_on"].isdisjoint(sentence.known):
        return True
    if any(sentence.word(cue.last) in grammar["at"] for cue in sentence.of("absent_after")):
        return True
    targets = [tag.first for tag in scopes.clauses.targets if tag.name not in grammar.organ_targets]
    places = [tag.first for tag in sentence.of(*PLACES)]
    for first, last in scopes.clauses.stretches():
        if any_in(places, first, last) and not any_in(targets, first, last):
            return True
    return False


def _decides(tag: Tag, head: Head) -> bool:
    """True for cues within the words of a head: they are spent."""
    spent = tag.kind.startswith(("absent", "uncertain")) or tag.kind == "member"
    return head.tag is not None and head.first < tag.last and tag.first < head.last and spent
