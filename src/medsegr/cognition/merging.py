"""Several mentions, one finding: the same target, side and presence are joined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from medsegr.cognition.attachment import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import Mention
from medsegr.cognition.phrases import is_plural
from medsegr.cognition.priors import Evidence, Finding, Laterality, Location, Presence, Shape, Span, Texture

T = TypeVar("T")

CHANGES = frozenset({"enlarged", "dilated", "thickened", "thinned", "atrophic"})
"""Changes of an organ; the names of findings hold them already ("enlarged node", lymphadenopathy)."""

PAIRED = frozenset({
    "upper_lobe", "lower_lobe", "upper_zone", "mid_zone", "lower_zone", "apical", "basal", "hilar",
    "costophrenic_angle", "hemidiaphragm", "frontal_lobe", "parietal_lobe", "temporal_lobe", "occipital_lobe",
    "thalamus", "maxillary_sinus", "upper_pole", "lower_pole", "axillary", "main_bronchus",
})  # fmt: skip
"""Zones that exist on both sides: their plural means both."""

NAMED_ALREADY = frozenset({"hepatic"})
"""Zones that the names of liver findings hold."""

MEMORY = 64
"""Findings of one target that a new mention is compared with, the latest; reports hold no more."""

_FIELD = {
    "side": "place", "zone": "place", "texture": "texture", "shape": "shape", "size": "shape", "count": "shape",
}  # fmt: skip
"""Kind of attribute -> field of the evidence."""

_location = lru_cache(maxsize=4096)(Location)
_texture = lru_cache(maxsize=4096)(Texture)
_shape = lru_cache(maxsize=4096)(Shape)
"""Frozen values that reports repeat are made once."""


@dataclass(slots=True, eq=False)
class Told:
    """What a report tells of a finding, by one mention or several, and the words that say so."""

    name: str
    presence: Presence
    article: bool
    apart: bool
    words: Sequence[Span]
    triggers: Sequence[Span]
    side: Laterality | None = None
    zones: tuple[str, ...] = ()
    texture: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    size_mm: tuple[float, ...] = ()
    count: str | None = None
    place_words: Sequence[Span] = ()
    texture_words: Sequence[Span] = ()
    shape_words: Sequence[Span] = ()


def told_by(draft: Draft, text: str, has_sides: bool, grammar: Grammar) -> Told:
    """A draft as what it tells; what is absent has a place at most."""
    at = draft.start
    words = [(at + draft.target.start, at + draft.target.end)]
    if draft.more:
        words += [(at + m.start, at + m.end) for m in draft.more]
    triggers = [(at + m.start, at + m.end) for m in draft.triggers] if draft.triggers else ()
    told = Told(draft.name, draft.presence, draft.article, draft.apart, words, triggers)
    kept = _told_attributes(draft, grammar)
    if kept:
        _describe(told, kept, at)
        told.side = _side(draft, kept, text) if has_sides else None
    return told


def _describe(told: Told, kept: Sequence[Mention], at: int) -> None:
    """Fill in what attributes tell, and their words; ``at`` is where their sentence begins."""
    names: dict[str, list[str]] = {}
    spans: dict[str, list[Span]] = {}
    for kind, name, _, _, start, end, _, _ in kept:
        names.setdefault(kind, []).append(name)
        spans.setdefault(_FIELD[kind], []).append((at + start, at + end))
    told.zones = _each_once(names.get("zone", ()))
    told.texture = _each_once(names.get("texture", ()))
    told.shape = _each_once(names.get("shape", ()))
    if "size" in names:
        told.size_mm = tuple(float(value) for name in _each_once(names["size"]) for value in name.split(";"))
    if "count" in names:
        told.count = names["count"][0]
    told.place_words = spans.get("place", ())
    told.texture_words = spans.get("texture", ())
    told.shape_words = spans.get("shape", ())


def _told_attributes(draft: Draft, grammar: Grammar) -> Sequence[Mention]:
    """The attributes of a draft, less those that its name holds already."""
    kept = draft.places() if draft.presence == "absent" else draft.attributes
    if kept and draft.name not in grammar.organ_targets:
        kept = [m for m in kept if m.name not in CHANGES]
    if kept and _of_liver(draft.name):
        kept = [m for m in kept if m.name not in NAMED_ALREADY]
    return kept


def _side(draft: Draft, kept: Sequence[Mention], text: str) -> Laterality | None:
    sides = {m.name for m in kept if m.kind == "side"}
    if len(sides) > 1:
        return "bilateral"
    if sides or draft.presence == "absent":
        return sides.pop() if sides else None  # type: ignore[return-value]
    for mention in kept:
        if mention.kind == "zone" and mention.name in PAIRED:
            word = text[draft.start + mention.start : draft.start + mention.end].rsplit(maxsplit=1)[-1]
            if is_plural(word):
                return "bilateral"
    return None


def _of_liver(name: str) -> bool:
    return name.startswith(("liver", "hepat"))


def merge(mentioned: Iterable[Told], pictured: bool) -> list[Finding]:
    """Join what is said of the same finding in several places.

    Args:
        mentioned: In the order of the report. Two that are each introduced as
            new ("a round nodule ...", "an oval nodule ...") and differ in what
            they state stay two, and so does a member singled out of a group.
        pictured: Places are those of the picture, not the patient's.

    Returns:
        Findings; one that is hedged here and stated outright there is present.
    """
    joined: list[Told] = []
    by_name: dict[str, list[Told]] = {}
    for told in mentioned:
        known = by_name.setdefault(told.name, [])
        same = next((one for one in known[-MEMORY:] if _same(one, told, pictured)), None) if known else None
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
        return one.side == other.side and one.zones == other.zones
    sided = one.side == other.side
    unlike = _apart(one.zones, other.zones) or _apart(one.texture, other.texture) or _apart(one.shape, other.shape)
    both_introduced = one.article and other.article
    if both_introduced and (unlike or not sided):
        return False
    if one.presence != other.presence:
        return (sided or None in (one.side, other.side)) and not unlike
    if one.size_mm and other.size_mm and one.size_mm != other.size_mm:
        return False
    if in_picture and _apart(one.zones, other.zones):
        return False
    return sided or (None in (one.side, other.side) and not both_introduced and not unlike)


def _apart(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool(one and other) and set(one).isdisjoint(other)


def _join(one: Told, other: Told) -> None:
    """Add what another mention tells."""
    if one.presence == other.presence:
        one.triggers = _more(one.triggers, other.triggers)
    else:
        one.triggers = one.triggers if one.presence == "present" else other.triggers
        one.presence = "present"
    one.side = one.side or other.side
    one.zones = _union(one.zones, other.zones)
    one.texture = _union(one.texture, other.texture)
    one.shape = _union(one.shape, other.shape)
    one.size_mm = one.size_mm or other.size_mm
    one.count = one.count if one.count is not None else other.count
    one.words = _more(one.words, other.words)
    one.place_words = _more(one.place_words, other.place_words)
    one.texture_words = _more(one.texture_words, other.texture_words)
    one.shape_words = _more(one.shape_words, other.shape_words)


def _more(spans: Sequence[Span], others: Sequence[Span]) -> Sequence[Span]:
    """The first and the others; lists grow in place, so that a thousand mentions cost a thousand steps."""
    if not isinstance(spans, list):
        return [*spans, *others]
    spans += others
    return spans


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other])) if other and other != one else one


def _finding(told: Told) -> Finding:
    count = told.count if told.count in (None, "multiple") else int(told.count)
    return Finding(
        told.name,
        told.presence,
        _location(told.side, told.zones),
        _texture(told.texture),
        _shape(told.shape, told.size_mm, count),
        Evidence(
            _each_once(told.words),
            _each_once(told.triggers) if told.triggers else (),
            _each_once(told.place_words) if told.place_words else (),
            _each_once(told.texture_words) if told.texture_words else (),
            _each_once(told.shape_words) if told.shape_words else (),
        ),
    )


def _each_once(values: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values)) if len(values) > 1 else tuple(values)
