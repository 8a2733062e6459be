"""Which of its meanings a phrase has in pictures of a modality."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon, regions_of, told_of
from medsegr.cognition.organs import Organ
from medsegr.cognition.phrases import Phrases, phrases_at

Parts = tuple[tuple[str, str], ...]
"""What a phrase says: (kind, name) pairs, all at once."""

_STEM = 4


class Meaning(NamedTuple):
    """One meaning of a phrase.

    Attributes:
        parts: What it says.
        only_here: It does so only in pictures of the target's region.
        general: It is a general word: where the region is not known, it is no one's.
        region: The one of whose pictures it says so; None for all.
    """

    parts: Parts
    only_here: bool
    general: bool = False
    region: str | None = None


class Choice(NamedTuple):
    """What a phrase means here, and the runner-up of another kind."""

    kind: str
    name: str
    other: tuple[str, str] | None


class Plain(dict[Phrases[Meaning], tuple[Choice, ...]]):
    """What phrases mean, all parts of the meaning that fits best; found out when first asked."""

    def __init__(self, find: Callable[[Phrases[Meaning]], tuple[Choice, ...]]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, phrase: Phrases[Meaning]) -> tuple[Choice, ...]:
        """Find out what a phrase means, and remember it; nothing where no meaning fits."""
        self[phrase] = found = self._find(phrase)
        return found


class Meanings:
    """Chooses between meanings for one modality; remembers what it chose."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, modality: str | None) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.regions = regions_of(modality, lexicon)
        self.told = told_of(modality, lexicon)
        self.own_zones = {
            zone for organ in lexicon.organs.values() if _at_home(organ, self.regions) for zone in organ.zones
        }
        self.foreign = _foreign_lesions(lexicon, self.told)
        self._named_by_place = frozenset(lexicon.triggers.get("words_named_by_place", ()))
        self.degrees = {e.name for e in lexicon.shapes.values() if e.group in ("degree", "size class")}
        kind = lexicon.kind(modality)
        self._shows_places = kind.frame == "image" and kind.sides == "none"
        self._chosen: dict[tuple[Phrases[Meaning], bool], tuple[Choice, ...]] = {}
        self._plain = Plain(lambda phrase: self._best(phrase.meanings, False))
        self._within: dict[tuple[str, tuple[str, ...]], list[tuple[str, int, int]]] = {}

    def plain_in(self, words: frozenset[str]) -> Plain | None:
        """What phrases mean in a sentence, where its places can only be the patient's; None where each is chosen."""
        pictured = self._shows_places or not self.grammar["picture_words"].isdisjoint(words)
        return None if pictured else self._plain

    def choose(self, phrase: Phrases[Meaning], words: Sequence[str], last: int) -> tuple[Choice, ...]:
        """What a phrase means where places may be those of the picture or of the patient ("left", "left forearm").

        Args:
            phrase: As it stands in the table.
            words: The words of the sentence.
            last: One past the last word of the phrase.
        """
        meant = phrase.meanings
        after = words[last : last + 5]
        of_picture = not self.grammar["picture_words"].isdisjoint(after)
        if not of_picture and after and after[0] in self.grammar["body_parts"]:
            return self._best(meant, False, patient=True)
        key = (phrase, of_picture)
        chosen = self._chosen.get(key)
        if chosen is None:
            chosen = self._chosen[key] = self._best(meant, of_picture)
        return chosen

    def may_speak_of(self, target: str) -> bool:
        """True when reports on such pictures may tell of a target without its name."""
        region = self.lexicon.targets[target].region
        return region == "any" or not self.regions or region in self.told

    def is_degree(self, kind: str, name: str) -> bool:
        """True for degrees and classes of size."""
        return kind == "shape" and name in self.degrees

    def zones_within(
        self, begins: Callable[[str], Phrases[Meaning] | None], target: str, words: tuple[str, ...]
    ) -> list[tuple[str, int, int]]:
        """Zones named within the words of a target and not part of its name: (zone, first, last)."""
        key = (target, words)
        if key not in self._within:
            found: list[tuple[str, int, int]] = []
            place = 0
            while place < len(words):
                name, last = self._zone_at(begins(words[place]), words, place)
                own = not name or target in self._named_by_place or _shares_stem(target, (name, *words[place:last]))
                if not own:
                    found.append((name, place, last))
                place = last
            if len(self._within) > 65536:
                self._within.clear()
            self._within[key] = found
        return self._within[key]

    def _zone_at(self, phrases: Phrases[Meaning] | None, words: Sequence[str], place: int) -> tuple[str, int]:
        """The zone whose words begin at a place, or "", and one past its last word."""
        for last, phrase in phrases_at(phrases, words, place, self.grammar["inserts"]) if phrases is not None else ():
            zones = [
                (self._fit(m, False), m.parts[0][1])
                for m in phrase.meanings
                if m.parts[0][0] == "zone" and len(m.parts) == 1
            ]
            fitting = [(fit, name) for fit, name in zones if fit > 0]
            if fitting:
                return max(fitting, key=lambda entry: entry[0])[1], last
        return "", place + 1

    def _in_picture(self, part: tuple[str, str]) -> bool:
        return part[0] == "zone" and self.lexicon.zones[part[1]].frame == "image"

    def _best(self, meant: Sequence[Meaning], of_picture: bool, patient: bool = False) -> tuple[Choice, ...]:
        scored = [(self._fit(m, of_picture), m.parts) for m in meant if not (patient and self._in_picture(m.parts[0]))]
        fitting = [parts for fit, parts in sorted(scored, key=lambda entry: -entry[0]) if fit > 0]
        if not fitting:
            return ()
        best = fitting[0]
        other = next((parts[0] for parts in fitting[1:] if parts[0][0] != best[0][0]), None)
        return tuple(Choice(kind, name, other) for kind, name in best)

    def _fit(self, meaning: Meaning, of_picture: bool) -> float:
        kind, name = meaning.parts[0]
        if meaning.region is not None and meaning.region not in self.regions:
            return 0.0
        if len(meaning.parts) > 1:
            targets = [part for kind, part in meaning.parts if kind == "target"]
            return self._fit_of_target(targets[0], meaning) + 0.5 if targets else 5.0
        if kind == "target":
            return self._fit_of_target(name, meaning)
        if kind == "zone":
            zone = self.lexicon.zones[name]
            if zone.frame == "image":
                return 4.5 if of_picture or (self._shows_places and zone.region == "image") else 0.0
            if name in self.regions or (meaning.only_here and zone.region not in self.regions):
                return 0.0
            if zone.region in self.regions:
                return 3.5
            if name in self.own_zones:
                return 3.4
            if zone.region == "any":
                return 2.5
            return 1.0 if not self.regions or zone.region in self.told else 0.0
        return 0.5 if kind.startswith("generic") else 3.2

    def _fit_of_target(self, name: str, meaning: Meaning) -> float:
        target = self.lexicon.targets[name]
        at_home = target.region in self.regions
        only_here = meaning.only_here
        if only_here and not at_home and (self.regions or meaning.general):
            return 0.0
        if name in self.foreign:
            return 0.0
        base = 4.0 if at_home else 3.0 if target.region == "any" else 2.0 if not self.regions else 1.5
        return base - (0.4 if target.group == "anatomy" else 0.0) - (0.5 if only_here and not self.regions else 0.0)


def _at_home(organ: Organ, regions: tuple[str, ...]) -> bool:
    return not set(regions).isdisjoint(organ.regions)


def _foreign_lesions(lexicon: Lexicon, regions: frozenset[str]) -> frozenset[str]:
    """Lesions of organs that reports on pictures of these regions do not speak of, but for history."""
    held: dict[bool, set[str]] = {True: set(), False: set()}
    for organ in lexicon.organs.values():
        held[organ.lies_in(regions)].update(organ.lesions.values())
    return frozenset(held[False] - held[True])


def _shares_stem(target: str, names: Sequence[str]) -> bool:
    """True when a zone, or the word for it, begins as a part of the target's name does ("hilar", hilar_enlargement)."""
    stems = {part[:_STEM] for part in target.split("_") if len(part) >= _STEM}
    return any(name.split("_")[0][:_STEM] in stems for name in names[:2] if len(name) >= _STEM)
