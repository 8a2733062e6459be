"""Findings spoken of again: pronouns, members singled out of a group, places left free."""

from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.attachment import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import Mention, Sentence


def resumed(
    sentence: Sentence,
    first_shown: Draft | None,
    last_shown: Draft | None,
    grammar: Grammar,
) -> Draft | None:
    """The finding that a sentence goes on about ("It measures 9 mm", "Margins are smooth"), or None."""
    if last_shown is None:
        return None
    place = next(
        (
            i
            for i, t in enumerate(sentence.tokens)
            if t.word not in ("the", "-", "its", "a", "an")
        ),
        None,
    )
    if place is None:
        return None
    word = sentence.tokens[place].word
    if word == "color":
        return first_shown
    if (
        word in grammar.goes_on
        or word in grammar.pronouns
        or sentence.tokens[0].word == "its"
    ):
        return last_shown
    if any(m.kind == "target" for m in sentence.mentions):
        return None
    opening = next((m for m in sentence.mentions if m.first <= place < m.last), None)
    return last_shown if opening and opening.kind in ("texture", "size") else None


def again(sentence: Sentence, draft: Draft) -> Draft:
    """A stand-in for a finding at the head of a sentence, to which attributes are given."""
    head = sentence.tokens[0]
    target = Mention("target", draft.name, 0, 0, head.start, head.start)
    return Draft(target, draft.name, draft.presence, [])


def members(
    sentence: Sentence, drafts: Sequence[Draft], earlier: Draft | None
) -> list[Draft]:
    """Findings singled out of a group without a noun: "the largest in the right lower lobe", "one of them"."""
    found: list[Draft] = []
    for mention in sentence.mentions:
        if mention.kind != "member" or _noun_follows(sentence, mention):
            continue
        group = next(
            (d for d in reversed(drafts) if d.target.last <= mention.first), earlier
        )
        if group is not None and group.presence != "absent":
            words = mention._replace(kind="target", name=group.name)
            found.append(Draft(words, group.name, group.presence, [], apart=True))
    return found


def singled_out(sentence: Sentence, draft: Draft) -> bool:
    """True for "including a rounded opacity" and "the largest nodule"."""
    heads = [
        m
        for m in sentence.mentions
        if m.kind in ("member", "including") and m.last <= draft.target.first
    ]
    return any(
        all(_describes(sentence, p) for p in range(m.last, draft.target.first))
        for m in heads
    )


def left_free(sentence: Sentence, drafts: Sequence[Draft]) -> list[Draft]:
    """What is absent in a place that is left free: "except for the left upper zone"."""
    found: list[Draft] = []
    for mention in sentence.mentions:
        if mention.kind != "except":
            continue
        before = next(
            (d for d in reversed(drafts) if d.target.last <= mention.first), None
        )
        behind = [d for d in drafts if d.target.first >= mention.last]
        limit = behind[0].target.first if behind else len(sentence.tokens)
        place = [
            m
            for m in sentence.mentions
            if m.kind in ("zone", "side") and mention.last <= m.first < limit
        ]
        if before is not None and place and not behind and before.presence == "present":
            head = before.target._replace(first=mention.first, last=mention.last)
            found.append(Draft(head, before.name, "absent", [mention]))
    return found


def joined(sentence: Sentence, drafts: Sequence[Draft]) -> list[Draft]:
    """Drafts of one sentence, an apposition made one ("pulmonary infection, two infected areas")."""
    kept: list[Draft] = list(drafts[:1])
    for one, other in pairwise(drafts):
        gap = sentence.between(one.target.last, other.target.first)
        alike = one.name == other.name and one.presence == other.presence == "present"
        if (
            alike
            and kept[-1] is one
            and gap == [","]
            and not (one.article or other.article or other.apart)
        ):
            one.attributes += [m for m in other.attributes if m not in one.attributes]
        else:
            kept.append(other)
    return kept


def by_side(sentence: Sentence, draft: Draft) -> list[Draft]:
    """One draft for each side, where left and right are each named with a place of their own."""
    places = sorted(draft.places(), key=lambda m: (m.first, m.kind == "zone"))
    if {m.name for m in places if m.kind == "side"} < {"left", "right"} or len(
        places
    ) < 4:
        return [draft]
    groups: list[list[Mention]] = []
    for mention in places:
        if mention.name == "bilateral" and mention.kind == "side":
            continue
        end = groups[-1][-1].last if groups else 0
        apart = groups and any(
            sentence.tokens[p].word in ("and", ",", "&", "plus") for p in range(end, mention.first)
        )  # fmt: skip
        new_side = (
            groups
            and mention.kind == "side"
            and any(m.kind == "side" for m in groups[-1])
        )
        if (
            not groups
            or (apart and mention.kind == "side")
            or new_side
            or (apart and _side_follows(sentence, mention, places))
        ):
            groups.append([])
        groups[-1].append(mention)
    sides = {m.name: [z for g in groups if any(s.name == m.name for s in g) for z in g if z.kind == "zone"]
             for m in places if m.kind == "side" and m.name in ("left", "right")}  # fmt: skip
    if set(sides) != {"left", "right"} or not all(sides.values()):
        return [draft]
    return [_one_side(draft, side, groups) for side in sides]


def _side_follows(sentence: Sentence, zone: Mention, places: Sequence[Mention]) -> bool:
    """True for "lower lobe of the left lung": the side of a zone comes behind it, or lies within its words."""
    side = next((m for m in places if m.kind == "side" and m.last > zone.first), None)
    if side is None:
        return False
    return not any(
        sentence.tokens[p].word in ("and", ",", "&")
        for p in range(zone.first, side.first)
    )


def _one_side(draft: Draft, side: str, groups: Sequence[Sequence[Mention]]) -> Draft:
    own = [
        m
        for g in groups
        if any(s.kind == "side" and s.name == side for s in g)
        for m in g
    ]
    rest = [m for m in draft.attributes if m.kind not in ("side", "zone")]
    return Draft(
        draft.target,
        draft.name,
        draft.presence,
        draft.triggers,
        [*own, *rest],
        draft.article,
        draft.apart,
    )


def _noun_follows(sentence: Sentence, mention: Mention) -> bool:
    following = next(
        (
            m
            for m in sentence.mentions
            if m.kind == "target" and m.first >= mention.last
        ),
        None,
    )
    return following is not None and all(
        _describes(sentence, place) for place in range(mention.last, following.first)
    )


def _describes(sentence: Sentence, place: int) -> bool:
    return sentence.is_attribute(place) or sentence.tokens[place].word in (
        "a",
        "an",
        "the",
        ",",
        "one",
        "of",
    )
