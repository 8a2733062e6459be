"""Findings spoken of again: pronouns, members singled out of a group, places left free."""

from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.attachment import Draft, explains
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.phrases import fold

_ARTICLES = frozenset({"the", "-", "its", "a", "an"})
_COMPARED = {"smaller": "small", "larger": "large", "bigger": "large"}
_OPENINGS = frozenset({"texture", "size"})
"""Kinds of words that a sentence may begin with that goes on without a noun."""


def resumed(sentence: Sentence, shown: Sequence[Draft], grammar: Grammar) -> Draft | None:
    """The finding that a sentence goes on about ("It measures 9 mm", "Margins are smooth"), or None.

    Args:
        sentence, grammar: What is read, and with which words.
        shown: The findings before it that are not absent.
    """
    if not shown:
        return None
    place, tokens = 0, sentence.tokens
    while place < len(tokens) and tokens[place].word in _ARTICLES:
        place += 1
    if place == len(tokens):
        return None
    word = tokens[place].word
    if word == "color":
        return shown[0]
    if word in grammar.goes_on or word in grammar.pronouns or tokens[0].word == "its":
        return shown[-1]
    if "target" in sentence.kinds or sentence.kinds.isdisjoint(_OPENINGS):
        return None
    opening = next((m for m in sentence.mentions if m.first <= place < m.last), None)
    if opening is None or opening.kind not in _OPENINGS:
        return None
    behind = tokens[opening.last].word if opening.last < len(tokens) else ","
    return shown[-1] if opening.kind == "size" or behind in (",", "and", "on", "with") else None


def again(sentence: Sentence, draft: Draft, start: int) -> Draft:
    """A stand-in for a finding at the head of a sentence, to which attributes are given."""
    head = sentence.wording.starts[0]
    target = Mention("target", draft.name, 0, 0, head, head)
    return Draft(start, target, draft.name, draft.presence, [])


def referred(
    sentence: Sentence, drafts: Sequence[Draft], shown: Sequence[Draft], start: int
) -> list[tuple[Draft, Draft]]:
    """Stand-ins for findings called "the latter" and "the former", each with the finding that is meant."""
    found: list[tuple[Draft, Draft]] = []
    for mention in sentence.of("latter", "former"):
        ahead = [d for d in drafts if d.presence != "absent" and d.target.last <= mention.first]
        two = [*shown[-2:], *ahead][-2:]
        if len(two) == 2 and not _noun_follows(sentence, mention):
            known = two[mention.kind == "latter"]
            known.more = [*known.more, mention.moved(start - known.start)]
            target = mention._replace(kind="target", name=known.name)
            found.append((Draft(start, target, known.name, known.presence, ()), known))
    return found


def members(
    sentence: Sentence, drafts: Sequence[Draft], earlier: Draft | None, grammar: Grammar, start: int
) -> list[Draft]:
    """Findings singled out of a group without a noun: "the largest in the right lower lobe", "one of them"."""
    found: list[Draft] = []
    for mention in sentence.of("member"):
        if _noun_follows(sentence, mention) or _says_where(sentence, mention, grammar):
            continue
        group = next((d for d in reversed(drafts) if d.target.last <= mention.first), earlier)
        if group is not None and group.presence != "absent":
            words = mention._replace(kind="target", name=group.name)
            one = sentence.tokens[mention.first].word == "one" and sentence.tokens[mention.first + 1].word == "of"
            count = [mention._replace(kind="count", name="1")] if one else []
            found.append(Draft(start, words, group.name, group.presence, [], count, apart=True, group=group))
    return found


def inherit(draft: Draft) -> None:
    """Give a member of a group the group's one side, and its zones where it has no place of its own."""
    if draft.group is None or draft.has_side():
        return
    sides = [m for m in draft.group.attributes if m.kind == "side"]
    if len({m.name for m in sides}) > 1 or any(m.name == "bilateral" for m in sides):
        return
    zones = [] if draft.places() else [m for m in draft.group.attributes if m.kind == "zone"]
    draft.take([*sides, *zones], draft.group.start)


def singled_out(sentence: Sentence, draft: Draft) -> bool:
    """True for "including a rounded opacity" and "the largest nodule"."""
    heads = [m for m in sentence.of("member", "including") if m.last <= draft.target.first]
    return any(sum(not _describes(sentence, p) for p in range(m.last, draft.target.first)) < 2 for m in heads)


def compared(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Give "the smaller nodule" and "the larger of two polyps" the count of one, and a size where none is measured."""
    for mention in sentence.of("member"):
        size = _COMPARED.get(sentence.tokens[mention.last - 1].word)
        if size is None or not _noun_follows(sentence, mention) or _says_where(sentence, mention, grammar):
            continue
        for draft in drafts:
            if draft.target.first >= mention.last:
                rest = [m for m in draft.attributes if m.kind != "count"]
                measured = any(m.kind == "size" for m in rest)
                told = [] if measured else [mention._replace(kind="shape", name=size)]
                draft.attributes = [*rest, *told, mention._replace(kind="count", name="1")]
                break


def left_free(sentence: Sentence, drafts: Sequence[Draft], start: int) -> list[Draft]:
    """What is absent in a place that is left free: "except for the left upper zone"."""
    found: list[Draft] = []
    for mention in sentence.of("except"):
        before = next((d for d in reversed(drafts) if d.target.last <= mention.first), None)
        behind = [d for d in drafts if d.target.first >= mention.last]
        limit = behind[0].target.first if behind else len(sentence.tokens)
        place = [m for m in sentence.mentions if m.kind in ("zone", "side") and mention.last <= m.first < limit]
        if before is not None and place and not behind and before.presence == "present":
            head = before.target._replace(first=mention.first, last=mention.last)
            found.append(Draft(start, head, before.name, "absent", [mention]))
    return found


def joined(sentence: Sentence, drafts: Sequence[Draft]) -> list[Draft]:
    """Drafts of one sentence, an apposition made one ("pulmonary infection, two infected areas")."""
    kept: list[Draft] = list(drafts[:1])
    for one, other in pairwise(drafts):
        alike = one.name == other.name and "absent" not in (one.presence, other.presence) and not other.apart
        if not alike or kept[-1] is not one:
            kept.append(other)
            continue
        explained = explains(sentence, one.target.last, other)
        listed = one.presence == other.presence and not (one.article or other.article)
        listed = listed and not _told_apart(one, other)
        if explained or (listed and sentence.between(one.target.last, other.target.first) == [","]):
            one.attributes += [m for m in other.attributes if m not in one.attributes]
            one.more = [*one.more, other.target]
            if explained and _is_its_name(sentence, other):
                one.presence, one.triggers = other.presence, other.triggers
        else:
            kept.append(other)
    return kept


def _told_apart(one: Draft, other: Draft) -> bool:
    """True for "subcarinal node 15 mm, paratracheal node 12 mm": each has a size of its own."""
    sizes = [{m.name for m in draft.attributes if m.kind == "size"} for draft in (one, other)]
    return all(sizes) and sizes[0] != sizes[1]


def _is_its_name(sentence: Sentence, draft: Draft) -> bool:
    """True for "polyp": "a lesion, likely a polyp" doubts the polyp, "a mass, likely a glioma" doubts no tumour."""
    return sentence.tokens[draft.target.last - 1].word == fold(draft.name)


def _noun_follows(sentence: Sentence, mention: Mention) -> bool:
    following = next((m for m in sentence.mentions if m.kind == "target" and m.first >= mention.last), None)
    return following is not None and all(_describes(sentence, place) for place in range(mention.last, following.first))


def _says_where(sentence: Sentence, mention: Mention, grammar: Grammar) -> bool:
    """True for the "third" of "in the third part of the duodenum" and "on the other side"."""
    return mention.first > 0 and sentence.tokens[mention.first - 1].word in grammar.prepositions


def _describes(sentence: Sentence, place: int) -> bool:
    return sentence.is_attribute(place) or sentence.tokens[place].word in ("a", "an", "the", ",", "one", "of")
