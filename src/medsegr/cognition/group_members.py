"""Groups of findings and their members: "two nodules: one in the left lung, the other ...", "one of two has resolved".

Within a sentence each member is a target of its own; over a report a group is what its members leave of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.drafts import NOWHERE, Draft, attribute
from medsegr.cognition.grammar import GENERIC, Grammar
from medsegr.cognition.priors import Span
from medsegr.cognition.tags import ATTRIBUTES, PLACES, Sentence, Tag, place_of
from medsegr.cognition.vocabulary import Wording
from medsegr.word_forms import fold

GROUP = "group"
"""Kind of the tag of a group: what describes it describes every member."""


def with_members(wording: Wording, tags: list[Tag], grammar: Grammar) -> list[Tag]:
    """The tags, with a target of the group's name for every member, where the members make up the group's count."""
    if grammar["one_of_a_group"].isdisjoint(wording.known):
        return tags
    for count in tags:
        if count.kind == "count" and count.name.isdigit() and int(count.name) > 1:
            group = _counted(count, tags)
            members = list(_members(wording, tags, grammar, group)) if group is not None else []
            if group is not None and sum(number for number, _ in members) == int(count.name):
                return _told_apart(tags, count, group, [place for _, place in members])
    return tags


def group_of(sentence: Sentence, target: Tag, grammar: Grammar) -> Span | None:
    """The characters of the group that a target is a member of: the "one" of "two nodules: one in the ..."."""
    group = next(iter(sentence.of(GROUP)), None)
    behind = group is not None and target.first >= group.last
    return sentence.span(group) if group and behind and is_a_member(sentence, target, grammar) else None


def is_a_member(sentence: Sentence, target: Tag, grammar: Grammar) -> bool:
    """True for the "one" and "two" that stand for a finding, not for that of "one nodule" and "one on each side"."""
    each = any(side.name == "bilateral" for side in sentence.within(target.last, target.last + 2, "side"))
    if each or target.last - target.first > 1:
        return False
    stands = sentence.words[target.first] in grammar["one_of_a_group"]
    return stands or bool(sentence.within(target.first, target.last, "count"))


def counts_two(wording: Wording, side: Tag, tags: list[Tag], grammar: Grammar) -> bool:
    """True for the "both" of "both are small", "both in the lung", "both lung nodules": two findings, not two sides."""
    words, behind = wording.words, side.last
    if words[side.first] not in grammar["both_of_findings"] or behind >= len(words):
        return False
    if words[behind].endswith("ing") or words[behind] in grammar["behind_a_pronoun"]:
        return behind == side.first + 1
    named = _counted(side, tags)
    led = behind > side.first + 1 and side.first > 0 and words[side.first - 1] in grammar["prepositions"]
    if named is None or named.name not in grammar.lesions or led:
        return False
    return all(any(tag.covers(place) for tag in tags) for place in range(behind, named.first))


def _counted(count: Tag, tags: list[Tag]) -> Tag | None:
    """What a number counts: the target behind it, with nothing but attributes between."""
    for tag in tags:
        if tag.first >= count.last and tag.kind not in ATTRIBUTES:
            return tag if tag.kind == "target" or tag.kind.startswith(GENERIC) else None
    return None


def _members(wording: Wording, tags: list[Tag], grammar: Grammar, group: Tag) -> Iterator[tuple[int, int]]:
    """How many each member of a list behind a group is, and the word that stands for it."""
    words, place, listed = wording.words, group.last, False
    counts = {tag.first: int(tag.name) for tag in tags if tag.kind == "count" and tag.name.isdigit()}
    while place < len(words):
        opens = words[place] in grammar["parts_members"]
        at = place + 1
        while opens and at < len(words) and words[at] in grammar["before_members"]:
            at += 1
        if opens and at < len(words) and (at in counts or words[at] in grammar["one_of_a_group"]):
            if _has_a_name(tags, grammar, at):
                return
            listed = True
            yield counts.get(at, 1), at
            place = at
        elif not listed and words[place] in grammar["signs"] and words[place] != ",":
            return
        place += 1


def _has_a_name(tags: list[Tag], grammar: Grammar, at: int) -> bool:
    """True for the "one" of "one nodule" and "one 4 mm stone"."""
    behind = next((tag for tag in tags if tag.first > at and tag.kind not in ("texture", "shape", "size")), None)
    named = behind is not None and (behind.kind == "target" or behind.kind.startswith(GENERIC))
    return behind is not None and named and behind.name not in grammar.organ_targets and behind.first - at <= 5


def _told_apart(tags: list[Tag], count: Tag, group: Tag, places: list[int]) -> list[Tag]:
    taken = {*places, *(place - 1 for place in places)}
    kept = [
        tag
        for tag in tags
        if tag not in (count, group)
        and not (tag.kind == "member" and not taken.isdisjoint(range(tag.first, tag.last)))
        and not (tag.kind == "count" and tag.name == "1" and tag.first in taken)
    ]
    members = [group._replace(first=place, last=place + 1) for place in places]
    return sorted([*kept, *members, group.named(GROUP, group.name)], key=place_of)


def some_of(clauses: Clauses, draft: Draft) -> list[Draft]:
    """A group and what is said of some of it: "one of two nodules has resolved", "two of the nodules are calcified".

    All are in the places that stand with their name, before a verb; they have the looks that stand before it.
    """
    sentence, grammar, first = clauses.sentence, clauses.grammar, draft.target.first
    counts = [tag for tag in sentence.within(0, first, "count") if tag.name.isdigit()]
    some = next((tag for tag in counts if sentence.word(tag.last) == "of"), None)
    gap = sentence.between(some.last, first) if some else []
    if some is None or draft.name in grammar.organ_targets or not grammar["some_of"].issuperset(gap):
        return [draft]
    of_all = next((tag for tag in counts if tag.first > some.last), None)
    ended = draft.presence == "absent" and all(cue[0] > draft.words[0][0] for cue in draft.cues)
    if not (ended or (draft.name in grammar.lesions and draft.presence != "absent" and of_all)):
        return [draft]
    own = [one for one in draft.attributes if one.kind != "count"]
    verb = next((at for at in range(first, len(sentence)) if sentence.words[at] in grammar["lies"]), len(sentence))
    common = [one for one in own if 0 <= one.first < (verb if one.kind in PLACES else first)]
    number = [attribute(sentence, of_all)] if of_all else []
    every = draft._replace(attributes=(*common, *number))
    if ended:
        every = every._replace(presence="present", cues=())
    return [every, draft._replace(attributes=(*own, attribute(sentence, some)), group=draft.words[0])]


@dataclass(slots=True)
class _Group:
    """A group and its members, by their numbers.

    Attributes:
        number: Of the draft that names it.
        left: How many of it were not told by themselves; None where it was not counted.
        members: Those that were.
    """

    number: int
    left: int | None
    members: list[int] = field(default_factory=list)


def without_members(drafts: Iterable[Draft], text: str, grammar: Grammar) -> list[Draft]:
    """The findings of a report, each member of a group once: a group is what its members leave of it.

    Args:
        drafts: In the order of the report.
        text: The report.
        grammar: Words that stand for a member.
    """
    told = list(drafts)
    groups: dict[str, _Group] = {}
    every: list[_Group] = []
    listed = {draft.group for draft in told if draft.group}
    for number, draft in enumerate(told):
        group = groups.get(draft.name)
        if group is not None and _is_member(draft, told[group.number], group, text, grammar):
            group.members.append(number)
            others = "others" in text[slice(*draft.words[0])].lower()
            if group.left is not None:
                group.left = 0 if others else group.left - (_count(draft) or 1)
        elif _opens(draft, listed):
            groups[draft.name] = _Group(number, _count(draft))
            every.append(groups[draft.name])
    for group in every:
        if group.members:
            _part(told, group)
    return [draft for draft in told if draft.words]


def _count(draft: Draft) -> int | None:
    counts = [int(one.name) for one in draft.of("count") if one.name.isdigit()]
    return counts[0] if counts else None


def _opens(draft: Draft, listed: Iterable[object]) -> bool:
    """True for the "nodules" that head a list, and for "two nodules" whose sizes are not told with them."""
    if draft.presence == "absent" or not draft.words or draft.group:
        return False
    return draft.words[0] in listed or ((_count(draft) or 0) > 1 and not draft.of("size"))


def _is_member(draft: Draft, whole: Draft, group: _Group, text: str, grammar: Grammar) -> bool:
    if draft.group or (group.left is not None and group.left <= 0):
        return draft.group == whole.words[0]
    sides, own = ({one.name for one in side.of("side")} for side in (whole, draft))
    if group.left is None or not draft.words or (own and sides - {"bilateral"} and own.isdisjoint(sides)):
        return False
    words = {fold(word) for word in text[slice(*draft.words[0])].lower().split()}
    if not words.isdisjoint(("one", "first")):
        return True
    if not words.isdisjoint(grammar["one_of_a_group"]):
        return bool(group.members)
    one = [count for count in draft.of("count") if text[slice(*count.span)].lower() == "one"]
    return bool(one) and not whole.places()


def _part(told: list[Draft], group: _Group) -> None:
    """Take the members out of a group, or the group out of the report where none is left."""
    whole = told[group.number]
    kept = any(told[number].words[0] == whole.words[0] for number in group.members)
    kept = kept or any(one.first == NOWHERE and one.kind != "side" for one in whole.attributes)
    gone = group.left <= 0 if group.left is not None else not kept
    looks = [one.from_afar() for one in whole.attributes if gone and one.kind in ("texture", "shape")]
    for number in group.members:
        draft = told[number]
        words = (*whole.words[:1], *draft.words) if gone and draft.presence != "absent" else draft.words
        told[number] = draft.having(looks)._replace(words=words, group=whole.words[0])
    if gone:
        told[group.number] = whole._replace(words=())
        return
    rest = [one._replace(name=str(group.left or one.name)) if one.kind == "count" else one for one in whole.attributes]
    told[group.number] = whole._replace(attributes=tuple(rest), group=whole.words[0])
