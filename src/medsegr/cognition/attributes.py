"""Gives places, textures, shapes, sizes and counts to the targets of a sentence (whose they are: ``relations``)."""

from collections.abc import Sequence

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.denied import contrasts, denied_attributes
from medsegr.cognition.drafts import Draft, attribute
from medsegr.cognition.group_members import GROUP
from medsegr.cognition.heads import Head
from medsegr.cognition.relations import owners_of
from medsegr.cognition.tags import ATTRIBUTES, Sentence, Tag

_SAY_NOTHING = frozenset({"texture", "size"})
"""Kinds of words beside which an attribute may say nothing of a target."""


def attach(clauses: Clauses, drafts: Sequence[Draft], regions: Sequence[Head]) -> list[Draft]:
    """Give every attribute of a sentence to the drafts that it belongs to.

    Args:
        clauses: The links of the sentence.
        drafts: In its order.
        regions: Words that speak of one head alone, or of none.
    """
    sentence = clauses.sentence
    attributes = sentence.of(*ATTRIBUTES) if drafts else []
    given: list[list[Tag]] = [[] for _ in drafts]
    own = {head.tag.first for head in regions if head.tag is not None}
    numbers: Sequence[int] = range(len(drafts))
    if own:
        numbers = [number for number in numbers if drafts[number].target.first not in own]
    free = [drafts[number] for number in numbers] if own else drafts
    members = [number for number, draft in enumerate(free) if draft.group]
    begin = _begin_of_group(sentence, attributes) if members and members[0] else 0
    doubtful = not _SAY_NOTHING.isdisjoint(sentence.kinds)
    denied = denied_attributes(clauses) if attributes else frozenset()
    for tag in attributes:
        region = next((head for head in regions if head.first <= tag.first < head.last), None) if regions else None
        if region is not None:
            for number in _in_region(region, drafts):
                given[number].append(tag)
            continue
        if tag[2] in denied and _denies_alone(clauses, tag, drafts):
            continue
        if doubtful and tag[0] in ("size", "shape") and _says_nothing(clauses, tag, drafts):
            continue
        whole = members and tag.kind != "count" and begin <= tag.first < free[members[0]].target.first
        for number in members if whole else owners_of(clauses, tag, free):
            given[numbers[number]].append(tag)
    having = [
        draft.having([attribute(sentence, tag) for tag in tags]) if tags else draft
        for draft, tags in zip(drafts, given, strict=True)
    ]
    may_introduce = members or "uncertain_before" in sentence.kinds
    if not may_introduce and clauses.grammar["introduces"].isdisjoint(sentence.known):
        return having
    return [draft.introduced() if _is_introduced(clauses, draft) else draft for draft in having]


def _begin_of_group(sentence: Sentence, attributes: Sequence[Tag]) -> int:
    """The number of a group that another finding stands before: what is ahead of it is not of the group."""
    at = next((group.first for group in sentence.of(GROUP)), 0)
    while at > 0 and any(tag.covers(at - 1) for tag in attributes):
        at -= 1
    return max(at - 1, 0)


def _in_region(region: Head, drafts: Sequence[Draft]) -> list[int]:
    return [n for n, draft in enumerate(drafts) if region.tag is not None and draft.target.first == region.tag.first]


def _says_nothing(clauses: Clauses, tag: Tag, drafts: Sequence[Draft]) -> bool:
    """True for a degree of an attribute ("moderately hyperintense"), and an organ's own size."""
    if tag.kind == "size":
        return _measures_an_organ(clauses, tag, drafts)
    sentence = clauses.sentence
    adverb = tag.kind == "shape" and sentence.words[tag.last - 1].endswith("ly")
    return adverb and any(other.first == tag.last for other in sentence.of("texture"))


def _denies_alone(clauses: Clauses, tag: Tag, drafts: Sequence[Draft]) -> bool:
    """False for the "left" of "no left effusion": what is denied is the finding, and this describes it."""
    sentence = clauses.sentence
    cue = next((cue for cue in reversed(sentence.of("absent_before")) if cue.last <= tag.first), None)
    nearer = any(cue is not None and other.first >= cue.last for other in sentence.within(0, tag.first, "absent_next"))
    if cue is None or nearer or contrasts(sentence, cue, clauses.grammar["contrasts"]):
        return True
    following = next((d.target.first for d in drafts if d.target.first >= tag.first), None)
    return following is None or clauses.ahead(tag.last, denying=True) <= following


def _measures_an_organ(clauses: Clauses, tag: Tag, drafts: Sequence[Draft]) -> bool:
    """True for the "11 cm" of "Left kidney: 11 cm, 7 mm stone in the lower pole"."""
    sentence, grammar, place = clauses.sentence, clauses.grammar, tag.first - 1
    while place >= 0 and sentence.words[place] in grammar["measures"]:
        place -= 1
    if place < 0 or not (sentence.words[place] in grammar.organs or sentence.words[place] in grammar["body_parts"]):
        return False
    first = next((at + 1 for at in range(tag.first - 1, -1, -1) if sentence.words[at] in (";", ".")), 0)
    words = [word for word in sentence.words[first : tag.first] if word not in grammar["measures"]]
    if not 0 < len(words) <= 3:
        return False
    spoken = any(draft.target.first < tag.first and draft.target.last > first for draft in drafts)
    ended = sentence.word(tag.last) in (",", ";", ".", "") or bool(sentence.within(tag.last, tag.last + 1, "breaks"))
    zones = [
        zone for zone in sentence.within(first, tag.first, "zone") if sentence.words[zone.first] not in grammar.organs
    ]
    return ended and not spoken and not zones


def _is_introduced(clauses: Clauses, draft: Draft) -> bool:
    """True for "a round nodule" and "possible round nodule": a lesion that was not spoken of before."""
    sentence, place = clauses.sentence, draft.target.first - 1
    if draft.group and not any(one.first > draft.target.first for one in draft.places()):
        return True
    own = {p for one in draft.attributes for p in range(one.first, one.last)}
    while place >= 0 and (place in own or sentence.words[place] == ","):
        place -= 1
    if place < 0:
        return False
    if sentence.words[place] in clauses.grammar["introduces"]:
        return True
    return any(tag.last == place + 1 for tag in sentence.of("uncertain_before"))
