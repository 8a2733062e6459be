"""Several mentions, one finding: the same target, side and presence are joined."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from medsegr.cognition.drafts import Attribute, Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.priors import Count, Evidence, Finding, Laterality, Location, Presence, Shape, Span, Texture
from medsegr.word_forms import is_plural

T = TypeVar("T")

MEMORY = 64
"""Findings of one target that a new mention is compared with, the latest; reports hold no more."""

Words = tuple[list[Span], list[Span], list[Span], list[Span], list[Span]]
"""Words that say so, as the fields of ``Evidence``: target, presence, location, texture, shape."""

_FIELDS = {"side": 2, "zone": 2, "texture": 3, "shape": 4, "size": 4, "count": 4}
"""Kind of an attribute -> the field of its words."""

_NO_GROUP: frozenset[Span] = frozenset()
_NOWHERE, _NO_TEXTURE, _NO_SHAPE = Location(), Texture(), Shape()


@dataclass(slots=True, eq=False)
class Told:
    """What a report tells of a finding, by one mention or several, and the words that say so."""

    name: str
    presence: Presence
    article: bool
    apart: bool
    groups: frozenset[Span]
    words: Words
    side: Laterality | None = None
    zones: tuple[str, ...] = ()
    texture: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    size_mm: tuple[float, ...] = ()
    count: str | None = None


def told_by(draft: Draft, text: str, has_sides: bool, grammar: Grammar) -> Told:
    """A draft as what it tells; what is absent has a place at most."""
    _, name, presence, cues, words, _, article, apart, group = draft
    groups = frozenset((group,)) if group else _NO_GROUP
    told = Told(name, presence, article, apart, groups, ([*words], [*cues], [], [], []))
    kept = _kept(draft, grammar)
    if kept:
        names = _describe(told, kept, grammar)
        told.side = _side(draft, kept, names, text, grammar) if has_sides else None
    return told


def _describe(told: Told, kept: Sequence[Attribute], grammar: Grammar) -> dict[str, list[str]]:
    """Fill in what attributes tell, and their words; the names of each kind."""
    names: dict[str, list[str]] = {}
    for kind, name, _, _, span in kept:
        names.setdefault(kind, []).append(name)
        if span[0] < span[1]:
            told.words[_FIELDS[kind]].append(span)
    places = names.get("zone", ())
    if len(places) > 1:
        broader = {grammar.broader.get(place) for place in places}
        places = [place for place in places if place not in broader]
    told.zones = _each_once(places)
    told.texture = _each_once(names.get("texture", ()))
    told.shape = _each_once(names.get("shape", ()))
    if "size" in names:
        told.size_mm = tuple([float(value) for name in _each_once(names["size"]) for value in name.split(";")])
    told.count = names["count"][0] if "count" in names else None
    return names


def _kept(draft: Draft, grammar: Grammar) -> Sequence[Attribute]:
    """The attributes of a draft, less those that its name holds already."""
    attributes: Sequence[Attribute] = draft.places() if draft.presence == "absent" else draft.attributes
    if not attributes:
        return attributes
    name = draft.name
    own = name.split("_") if "_" in name else ()
    changes = grammar["changes"] if name not in grammar.organ_targets else ()
    named = grammar["named_already"] if name.startswith(("liver", "hepat")) else ()
    return [
        one
        for one in attributes
        if one[1] not in changes and one[1] not in named and not (one[0] == "zone" and one[1] in own)
    ]


def _side(
    draft: Draft, kept: Sequence[Attribute], names: Mapping[str, Sequence[str]], text: str, grammar: Grammar
) -> Laterality | None:
    sides = {*names.get("side", ())}
    if len(sides) > 1:
        return "bilateral"
    if sides or draft.presence == "absent" or "zone" not in names:
        return sides.pop() if sides else None  # type: ignore[return-value]
    places = [text[slice(*one.span)] for one in kept if one.kind == "zone" and one.name in grammar["paired_zones"]]
    return "bilateral" if any(is_plural(words.rsplit(maxsplit=1)[-1]) for words in places) else None


def merge(mentioned: Iterable[Told], pictured: bool) -> list[Finding]:
    """Join what is said of the same finding in several places.

    Args:
        mentioned: In the order of the report. Two that are each introduced as
            new ("a round nodule ...", "an oval nodule ...") and differ in what
            they state stay two, and so do the members of a group.
        pictured: Places are those of the picture, not the patient's.

    Returns:
        Findings; one that is hedged here and stated outright there is present.
    """
    joined: list[Told] = []
    by_name: dict[str, list[Told]] = {}
    for told in mentioned:
        known = by_name.get(told.name)
        if known is None:
            by_name[told.name] = [told]
            joined.append(told)
            continue
        same = next((one for one in known[-MEMORY:] if _same(one, told, pictured)), None)
        if same is None:
            joined.append(told)
            known.append(told)
        else:
            _join(same, told)
    return [_finding(told) for told in joined]


def _same(one: Told, other: Told, in_picture: bool) -> bool:
    if one.presence != other.presence and "absent" in (one.presence, other.presence):
        return False
    if one.apart != other.apart:
        return False
    if one.presence == "absent":
        return one.side == other.side
    if not one.groups.isdisjoint(other.groups):
        return False
    sided = one.side == other.side
    unlike = _apart(one.zones, other.zones) or _apart(one.texture, other.texture) or _apart(one.shape, other.shape)
    both_introduced = one.article and other.article
    if both_introduced and (unlike or not sided):
        return False
    if one.presence != other.presence:
        return (sided or None in (one.side, other.side)) and not unlike
    if None not in (one.count, other.count) and one.count != other.count:
        return False
    if one.size_mm and other.size_mm and one.size_mm != other.size_mm:
        return False
    if in_picture and _apart(one.zones, other.zones):
        return False
    return sided or (None in (one.side, other.side) and not both_introduced and not unlike)


def _apart(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool(one and other) and set(one).isdisjoint(other)


def _join(one: Told, other: Told) -> None:
    """Add what another mention tells; lists grow in place, so that a thousand mentions cost a thousand steps."""
    if one.presence != other.presence:
        (other if one.presence == "present" else one).words[1].clear()
        one.presence = "present"
    for words, more in zip(one.words, other.words, strict=True):
        words.extend(more)
    one.groups |= other.groups
    one.side = one.side or other.side
    one.zones = _union(one.zones, other.zones)
    one.texture = _union(one.texture, other.texture)
    one.shape = _union(one.shape, other.shape)
    one.size_mm = one.size_mm or other.size_mm
    one.count = one.count if one.count is not None else other.count


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other])) if other and other != one else one


def _finding(told: Told) -> Finding:
    count: Count | None = "multiple" if told.count == "multiple" else int(told.count) if told.count else None
    return Finding(
        told.name,
        told.presence,
        Location(told.side, told.zones) if told.side or told.zones else _NOWHERE,
        Texture(told.texture) if told.texture else _NO_TEXTURE,
        Shape(told.shape, told.size_mm, count) if told.shape or told.size_mm or count else _NO_SHAPE,
        Evidence(*[_each_once(spans) if spans else () for spans in told.words]),
    )


def _each_once(values: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values)) if len(values) > 1 else tuple(values)
