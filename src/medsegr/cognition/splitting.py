"""One mention, several findings: places that are spoken each with a size, a degree or a zone of its own."""

from collections.abc import Sequence

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.drafts import Attribute, Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.tags import Sentence

_SEVERAL = 4
"""Attributes of a draft that may be of several findings: fewer are those of one."""


def apart(clauses: Clauses, draft: Draft) -> list[Draft]:
    """One draft for each place that has its own size, or for each side that has its own degree or zones."""
    if len(draft.attributes) < _SEVERAL:
        return [draft]
    place = _Placed(clauses, draft)
    if len(place.places) < 2:
        return [draft]
    for parts in (place.by_measure, place.by_side):
        found = parts()
        if len(found) > 1:
            return found
    return [draft]


class _Placed:
    def __init__(self, clauses: Clauses, draft: Draft) -> None:
        self.sentence: Sentence = clauses.sentence
        self.grammar: Grammar = clauses.grammar
        self.draft = draft
        self.shown = draft.presence != "absent"
        self.places = sorted((one for one in draft.places() if one.first >= 0), key=_first)

    def _rest(self, *kinds: str) -> list[Attribute]:
        return [one for one in self.draft.attributes if one.kind not in kinds]

    def _having(self, attributes: Sequence[Attribute]) -> Draft:
        return self.draft._replace(attributes=tuple(attributes))

    def _divided(self, first: int, last: int) -> bool:
        return not self.grammar["between_sizes"].isdisjoint(self.sentence.words[first:last])

    def by_measure(self) -> list[Draft]:
        """Drafts for "left lung (10 mm) and right lung (5 mm)", "4 mm in the caecum and 10 mm in the rectum", "small
        right and moderate left"."""
        own_sizes = self.grammar["own_sizes"]
        degrees = [one for one in self.draft.of("shape") if one.name in own_sizes]
        return self._by(self.draft.of("size")) or self._by(degrees)

    def _by(self, measures: Sequence[Attribute]) -> list[Draft]:
        sizes = sorted(measures, key=_first)
        if not self.shown or len(sizes) < 2 or len(self.places) < 2:
            return []
        if self.grammar["in_turn"].isdisjoint(self.sentence.known):
            groups, common = self._places_of(sizes)
        else:
            groups, common = self._listed(), []
        names = {frozenset(one.name for one in group) for group in groups}
        if len(groups) != len(sizes) or not all(groups) or len(names) < len(groups):
            return []
        rest = [one for one in self._rest("side", "zone", "count") if one not in sizes]
        parts = list[Draft]()
        for group, size in zip(groups, sizes, strict=True):
            parts.append(self._having([*group, *_inherited(group, common, parts), *rest, size]))
        return parts

    def _places_of(self, sizes: Sequence[Attribute]) -> tuple[list[list[Attribute]], list[Attribute]]:
        """The places spoken with each size, and those of all; sizes stand behind their places, or before them."""
        runs: list[list[Attribute]] = [[] for _ in range(len(sizes) + 1)]
        for place in self.places:
            runs[sum(size.first < place.first for size in sizes)].append(place)
        inner = runs[1:-1]
        if not all(inner):
            return [], []
        behind = [(size.last, run[0].first) for size, run in zip(sizes, inner, strict=False)]
        if runs[0] and all(self._divided(*gap) for gap in behind):
            return runs[:-1], runs[-1]
        ahead = [(run[-1].last, size.first) for size, run in zip(sizes[1:], inner, strict=True)]
        if runs[-1] and all(self._divided(*gap) for gap in ahead):
            return runs[1:], runs[0]
        return [], []

    def _listed(self) -> list[list[Attribute]]:
        """Places as a list holds them: "left frontal lobe and right parietal lobe"."""
        groups: list[list[Attribute]] = []
        for place in self.places:
            if not groups or self._divided(groups[-1][-1].last, place.first):
                groups.append([])
            groups[-1].append(place)
        return groups

    def by_side(self) -> list[Draft]:
        """Drafts for sides that are named each with a place of its own."""
        if len(self.places) < 4 or len({one.name for one in self.places if one.kind == "side"}) < 2:
            return []
        zoned: dict[str, list[Attribute]] = {}
        for group in self._groups(sorted(self.places, key=lambda one: (one.first, one.kind == "zone"))):
            side = next((one.name for one in group if one.kind == "side"), None)
            if side is not None and any(one.kind == "zone" for one in group):
                zoned.setdefault(side, []).extend(group)
        if len(zoned) < 2:
            return []
        rest = self._rest("side", "zone")
        return [self._having([*own, *rest]) for own in zoned.values()]

    def _groups(self, places: Sequence[Attribute]) -> list[list[Attribute]]:
        """Sides and zones as they are spoken together: "right lower lobe", "upper left lung"."""
        groups: list[list[Attribute]] = []
        for one in places:
            end = groups[-1][-1].last if groups else 0
            new_side = bool(groups) and one.kind == "side" and any(other.kind == "side" for other in groups[-1])
            own = self._divided(end, one.first) and (one.kind == "side" or self._side_follows(one, places))
            if not groups or own or new_side:
                groups.append([])
            groups[-1].append(one)
        return groups

    def _side_follows(self, zone: Attribute, places: Sequence[Attribute]) -> bool:
        """True for "lower lobe of the left lung": the side of a zone comes behind it, or lies within its words."""
        side = next((one for one in places if one.kind == "side" and one.last > zone.first), None)
        return side is not None and not self._divided(zone.first, side.first)


def _first(one: Attribute) -> int:
    return one.first


def _inherited(group: Sequence[Attribute], common: Sequence[Attribute], parts: Sequence[Draft]) -> list[Attribute]:
    """What a place takes from those of all, and its side from the place before: "left upper (5 mm), lower (6 mm)"."""
    sided = any(one.kind == "side" for one in group)
    taken = [one for one in common if one.kind == "zone" or not sided]
    if not sided and parts and not any(one.kind == "side" for one in taken):
        taken += parts[-1].of("side")
    return taken
