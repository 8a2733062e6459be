"""Groups that are counted and whose members are told one by one: "two nodules: one in the left lung, the other ..."."""

from collections.abc import Iterator

from medsegr.cognition.grammar import GENERIC, Grammar
from medsegr.cognition.priors import Span
from medsegr.cognition.tags import ATTRIBUTES, Sentence, Tag, place_of
from medsegr.cognition.vocabulary import Wording

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
