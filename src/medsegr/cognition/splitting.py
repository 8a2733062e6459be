"""One mention, several findings: places that are spoken each with a size or a zone of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from medsegr.cognition.attachment import Draft
from medsegr.cognition.landmarks import OWN_SIZES
from medsegr.cognition.mentions import Mention, Sentence

_BETWEEN = frozenset({"and", ",", ";", "&", "plus", "/"})
"""What stands between one place with its size and the next."""

_TO_A_SIDE = frozenset({"on", "in", "at", "the"})
_IN_TURN = frozenset({"respectively", "respective"})


def apart(sentence: Sentence, draft: Draft) -> list[Draft]:
    """One draft for each place that has its own size, or for each side that has its own degree or zones."""
    if draft.presence != "absent" and "size" in sentence.kinds:
        parts = _by_size(sentence, draft)
        if len(parts) > 1:
            return parts
    if draft.presence != "absent" and "shape" in sentence.kinds:
        parts = _by_degree(sentence, draft)
        if len(parts) > 1:
            return parts
    return _by_side(sentence, draft)


def _by_size(sentence: Sentence, draft: Draft) -> list[Draft]:
    """Drafts for "left lung (10 mm) and right lung (5 mm)", "4 mm in the caecum and 10 mm in the rectum"."""
    sizes = sorted((m for m in draft.attributes if m.kind == "size"), key=_first)
    places = sorted(draft.places(), key=_first)
    if len(sizes) < 2 or len(places) < 2:
        return [draft]
    if _IN_TURN.isdisjoint(sentence.words):
        groups, common = _places_of_sizes(sentence, sizes, places)
    else:
        groups, common = _listed(sentence, places), []
    names = [frozenset(m.name for m in group) for group in groups]
    if len(groups) != len(sizes) or not all(groups) or len(set(names)) < len(names):
        return [draft]
    rest = [m for m in draft.attributes if m.kind not in ("side", "zone", "size", "count")]
    parts: list[Draft] = []
    for group, size in zip(groups, sizes, strict=True):
        own = [*group, *_inherited(group, common, parts)]
        parts.append(replace(draft, attributes=[*own, *rest, size]))
    return parts


def _by_degree(sentence: Sentence, draft: Draft) -> list[Draft]:
    """Drafts for "small right and moderate left", where each side has a degree of its own and no zone is named."""
    sides = [m for m in draft.places() if m.name != "bilateral"]
    if len(sides) != 2 or {m.name for m in sides} != {"left", "right"}:
        return [draft]
    degrees = [m for m in draft.attributes if m.kind == "shape" and m.name in OWN_SIZES]
    own = [next((m for m in degrees if _leads(sentence, m, side)), None) for side in sides]
    if None in own or own[0] == own[1]:
        return [draft]
    rest = [m for m in draft.attributes if m.kind != "side" and m not in own]
    pairs = zip(sides, own, strict=True)
    return [replace(draft, attributes=[side, *rest, degree]) for side, degree in pairs if degree is not None]


def _leads(sentence: Sentence, degree: Mention, side: Mention) -> bool:
    """True for the "small" of "small right" and "small on the right"."""
    gap = sentence.tokens[degree.last : side.first]
    return degree.last <= side.first and all(token.word in _TO_A_SIDE for token in gap)


def _first(mention: Mention) -> int:
    return mention.first


def _places_of_sizes(
    sentence: Sentence, sizes: Sequence[Mention], places: Sequence[Mention]
) -> tuple[list[list[Mention]], list[Mention]]:
    """The places spoken with each size, and those of all; sizes stand behind their places, or before them."""
    runs: list[list[Mention]] = [[] for _ in range(len(sizes) + 1)]
    for place in places:
        runs[sum(size.first < place.first for size in sizes)].append(place)
    inner = runs[1:-1]
    if not all(inner):
        return [], []
    behind = [(size.last, run[0].first) for size, run in zip(sizes, inner, strict=False)]
    if runs[0] and all(_divided(sentence, *gap) for gap in behind):
        return runs[:-1], runs[-1]
    ahead = [(run[-1].last, size.first) for size, run in zip(sizes[1:], inner, strict=True)]
    if runs[-1] and all(_divided(sentence, *gap) for gap in ahead):
        return runs[1:], runs[0]
    return [], []


def _divided(sentence: Sentence, first: int, last: int) -> bool:
    return any(sentence.tokens[place].word in _BETWEEN for place in range(first, last))


def _listed(sentence: Sentence, places: Sequence[Mention]) -> list[list[Mention]]:
    """Places as a list holds them: "left frontal lobe and right parietal lobe"."""
    groups: list[list[Mention]] = []
    for mention in places:
        if not groups or _divided(sentence, groups[-1][-1].last, mention.first):
            groups.append([])
        groups[-1].append(mention)
    return groups


def _inherited(group: Sequence[Mention], common: Sequence[Mention], parts: Sequence[Draft]) -> list[Mention]:
    """What a place takes from those of all, and its side from the place before: "left upper (5 mm), lower (6 mm)"."""
    sided = any(m.kind == "side" for m in group)
    taken = [m for m in common if m.kind == "zone" or not sided]
    if not sided and parts and not any(m.kind == "side" for m in taken):
        taken += [m for m in parts[-1].attributes if m.kind == "side"]
    return taken


def _by_side(sentence: Sentence, draft: Draft) -> list[Draft]:
    """One draft for each side, where sides are named each with a place of its own."""
    if len(draft.attributes) < 4:
        return [draft]
    places = draft.places()
    if len(places) < 4 or len({m.name for m in places if m.kind == "side"}) < 2:
        return [draft]
    places.sort(key=lambda m: (m.first, m.kind == "zone"))
    groups = _groups(sentence, places)
    zoned: dict[str, list[Mention]] = {}
    for group in groups:
        side = next((m.name for m in group if m.kind == "side"), None)
        if side is not None and any(m.kind == "zone" for m in group):
            zoned.setdefault(side, []).extend(group)
    if len(zoned) < 2:
        return [draft]
    sizes = [m for m in draft.attributes if m.kind == "size"]
    sizes_of = _sizes_by_side(sizes, zoned) or dict.fromkeys(zoned, sizes)
    rest = [m for m in draft.attributes if m.kind not in ("side", "zone", "size")]
    return [replace(draft, attributes=[*own, *rest, *sizes_of[side]]) for side, own in zoned.items()]


def _sizes_by_side(sizes: Sequence[Mention], zoned: Mapping[str, Sequence[Mention]]) -> dict[str, list[Mention]]:
    """Side -> the sizes spoken with its places: "left 10 mm, right 5 mm"; empty where a side would have none."""
    places = sorted(((m.first, side) for side, own in zoned.items() for m in own))
    found: dict[str, list[Mention]]
    for ahead in (False, True):  # sizes behind their places, or before them
        found = {side: [] for side in zoned}
        for size in sizes:
            near = [side for first, side in places if (first > size.first) == ahead]
            if near:
                found[near[0 if ahead else -1]].append(size)
        if all(found.values()) and sum(map(len, found.values())) == len(sizes):
            return found
    return {}


def _groups(sentence: Sentence, places: Sequence[Mention]) -> list[list[Mention]]:
    """Sides and zones as they are spoken together: "right lower lobe", "upper left lung"."""
    groups: list[list[Mention]] = []
    for mention in places:
        end = groups[-1][-1].last if groups else 0
        apart = any(sentence.tokens[p].word in ("and", ",", "&", "plus") for p in range(end, mention.first))
        new_side = bool(groups) and mention.kind == "side" and any(m.kind == "side" for m in groups[-1])
        own = apart and (mention.kind == "side" or _side_follows(sentence, mention, places))
        if not groups or own or new_side:
            groups.append([])
        groups[-1].append(mention)
    return groups


def _side_follows(sentence: Sentence, zone: Mention, places: Sequence[Mention]) -> bool:
    """True for "lower lobe of the left lung": the side of a zone comes behind it, or lies within its words."""
    side = next((m for m in places if m.kind == "side" and m.last > zone.first), None)
    if side is None:
        return False
    return not any(sentence.tokens[p].word in ("and", ",", "&") for p in range(zone.first, side.first))
