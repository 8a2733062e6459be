"""What the members of a group leave of it: "two nodules. One is in the left lung" are one there and one elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from medsegr.cognition.drafts import NOWHERE, Attribute, Draft
from medsegr.cognition.grammar import Grammar


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
            group.left = None if group.left is None else group.left - (_count(draft) or 1)
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
    sides = {one.name for one in whole.of("side")} - {"bilateral"}
    if group.left is None or not draft.words or (draft.has_side() and sides.isdisjoint(_sides(draft)) and sides):
        return False
    words = {word.lower() for word in text[slice(*draft.words[0])].split()}
    if "one" in words:
        return True
    if not words.isdisjoint(grammar["one_of_a_group"]):
        return bool(group.members) and group.left == 1
    one = [count for count in draft.of("count") if text[slice(*count.span)].lower() == "one"]
    return bool(one) and not whole.places()


def _sides(draft: Draft) -> set[str]:
    return {one.name for one in draft.of("side")}


def _is_told_later(one: Attribute) -> bool:
    """True for what a sentence that goes on says of a heading: it is a finding of its own."""
    return one.first == NOWHERE and one.kind != "side"


def _part(told: list[Draft], group: _Group) -> None:
    """Take the members out of a group, or the group out of the report where none is left."""
    whole = told[group.number]
    gone = group.left <= 0 if group.left is not None else not any(map(_is_told_later, whole.attributes))
    looks = [one.from_afar() for one in whole.attributes if gone and one.kind in ("texture", "shape")]
    for number in group.members:
        draft = told[number]
        words = (*whole.words[:1], *draft.words) if gone and draft.presence != "absent" else draft.words
        told[number] = draft.having(looks)._replace(words=words, group=whole.words[0])
    if gone:
        told[group.number] = whole._replace(words=())
        return
    counted = group.left is not None
    rest = [one._replace(name=str(group.left)) if counted and one.kind == "count" else one for one in whole.attributes]
    told[group.number] = whole._replace(attributes=tuple(rest), group=whole.words[0])
