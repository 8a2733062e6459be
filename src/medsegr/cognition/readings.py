"""Words with two readings: whose lesion a general word means, an organ or the place of something, a finding or a look.

A general word (lesion, cyst, swelling) gets its target from the organ that the words, the sentence, the section or
the modality name, in that order; never from an organ that such pictures cannot show.
"""

from collections.abc import Sequence
from typing import NamedTuple

from medsegr.cognition.grammar import GENERIC, Grammar
from medsegr.cognition.lexicon import Lexicon, regions_of, told_of
from medsegr.cognition.organs import first_named, target_of
from medsegr.cognition.relations import after_preposition
from medsegr.cognition.tags import Sentence, Tag, place_of

_REACH = 9
"""Words between a lesion and the organ that it lies in."""

_EVERYWHERE = "any"

_SEGMENT = "segment_"
"""Zones of the liver that are named so; segments of a lung have numbers as well, and no zones."""

_LONGEST_HEADING = 6
"""Words of a heading, its colon among them."""

Named = tuple[int, str]
"""A word, and the organ that it names."""


class Spoken(NamedTuple):
    """Organs spoken of before: in the last sentence that named one, and in the heading of this line or section."""

    organ: str | None = None
    heading: str | None = None


class Readings:
    """Settles the readings of sentences, in pictures of one modality."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, modality: str | None, organs: tuple[str, ...]) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.home = regions_of(modality, lexicon)
        self.regions = told_of(modality, lexicon)
        self._of_picture = organs
        self.general_targets = frozenset(grammar.general.values()) & lexicon.targets.keys()
        self._organ_words = frozenset(grammar.organs)
        self._generic = frozenset(name for name in lexicon.triggers if name.startswith(GENERIC))
        self._shown = frozenset(name for name, organ in lexicon.organs.items() if organ.lies_in(self.regions))
        self._at_home = frozenset(name for name in self._shown if lexicon.organs[name].lies_in(self.home))

    def organs_in(self, sentence: Sentence) -> list[Named]:
        """The organs that a sentence names and such pictures may show, and at which word."""
        known = self.grammar.organs
        found: list[tuple[int, tuple[str, ...]]] = []
        if not self._organ_words.isdisjoint(sentence.known):
            found = [(place, known[word]) for place, word in enumerate(sentence.words) if word in known]
        if "zone" in sentence.kinds:
            found += [(tag.first, known[tag.name]) for tag in sentence.of("zone") if tag.name in known]
        if not found:
            return []
        sure = {names[0] for _, names in found if len(names) == 1}
        told = [(place, self._likeliest(names, sure)) for place, names in found]
        return [(place, name) for place, name in told if name]

    def _likeliest(self, names: tuple[str, ...], sure: set[str]) -> str | None:
        """Of organs that a place may mean, that which the sentence names, else the pictures show."""
        organs = [name for name in names if name in self._shown]
        if len(organs) < 2:
            return organs[0] if organs else None
        at_home = [name for name in organs if name in self._at_home]
        return next(iter([name for name in organs if name in sure] or at_home or organs))

    def settled(self, sentence: Sentence, organs: Sequence[Named], earlier: Spoken) -> Sentence:
        """The same sentence, every word with one reading.

        Args:
            sentence: With both readings.
            organs: That it names.
            earlier: The organs spoken of before it.
        """
        if organs:
            sentence = self._with_places(self._without_foreign_segments(sentence, organs), organs)
        sentence = self._with_areas(sentence, organs, earlier)
        tags: list[Tag] = []
        for tag in sentence.tags:
            if tag[0] == "target" or tag[0] in self._generic:
                tags += self._settle(sentence, tag, organs, earlier)
            else:
                tags.append(tag)
        return sentence if tags == sentence.tags else sentence.with_tags(tags)

    def _without_foreign_segments(self, sentence: Sentence, organs: Sequence[Named]) -> Sentence:
        """Without the zones of the liver that are segments of a lung here ("nodule in the lower lobe, segment 6")."""
        named, known = dict(organs), self.grammar.organs
        foreign = [
            tag
            for tag in sentence.of("zone")
            if tag.name.startswith(_SEGMENT)
            and len(known.get(tag.name, ())) > 1
            and tag.first in named
            and self.lexicon.zones[tag.name].region not in self.lexicon.organs[named[tag.first]].regions
        ]
        return sentence.with_tags([tag for tag in sentence.tags if tag not in foreign]) if foreign else sentence

    def _with_places(self, sentence: Sentence, organs: Sequence[Named]) -> Sentence:
        """With the zones that a word names only of the organ spoken of ("pancreas: a lesion in the tail")."""
        found = []
        for name in dict.fromkeys(name for _, name in organs):
            places = self.lexicon.organs[name].places
            for place, word in enumerate(sentence.words[2:] if places else (), 2):
                leads = sentence.words[place - 1] == "the" and sentence.words[place - 2] in self.grammar["prepositions"]
                if word in places and leads and not any(tag.covers(place) for tag in sentence.tags):
                    found.append(Tag("zone", places[word], place, place + 1))
        return sentence.with_tags(sorted((*sentence.tags, *found), key=lambda tag: tag.first)) if found else sentence

    def spoken_of(self, sentence: Sentence, organs: Sequence[Named], earlier: Spoken, whole_line: bool) -> Spoken:
        """The organs spoken of behind a sentence; a heading ("LIVER: ...", or in a line of its own) ends another."""
        if not (organs or whole_line or ":" in sentence.known):
            return earlier
        cut = len(sentence) if whole_line and len(sentence) <= _LONGEST_HEADING else None
        opening = sentence.words[:_LONGEST_HEADING]
        cut = opening.index(":") if ":" in opening else cut
        spoken = self._of_whom(sentence, organs)
        heading = earlier.heading if cut is None else next((name for place, name in spoken if place < cut), None)
        return Spoken(spoken[0][1] if spoken else earlier.organ, heading)

    def _of_whom(self, sentence: Sentence, organs: Sequence[Named]) -> Sequence[Named]:
        """The organs of a sentence less those that only name a finding of another."""
        if not self._of_picture:
            return organs
        return [(place, name) for place, name in organs if not self._is_part_of_a_name(sentence, place, name)]

    def _is_part_of_a_name(self, sentence: Sentence, place: int, organ: str) -> bool:
        """True for the skin of "skin thickening" in pictures of the breast: what follows is not of the skin."""
        return organ not in self._of_picture and any(tag.covers(place) for tag in sentence.of("target"))

    def _with_areas(self, sentence: Sentence, organs: Sequence[Named], earlier: Spoken) -> Sentence:
        """With findings that are told by their look alone ("a hypodensity in segment 4", "an echogenic area")."""
        if "texture" not in sentence.kinds or not self._generic.isdisjoint(sentence.kinds):
            return sentence
        if any(tag.name not in self.grammar.organ_targets for tag in sentence.of("target")):
            return sentence
        found = []
        for tag in sentence.of("texture"):
            noun = tag.last if sentence.word(tag.last) in self.grammar["areas"] else tag.last - 1
            if noun == tag.last or sentence.words[noun] in self.grammar["told_looks"]:
                place = (noun, noun + 1)
                named = [name for _, name in organs] or [earlier.heading or ""]
                own = (self.lexicon.organs[name].lesions.get("area") for name in named if name)
                target = next((target for target in own if target), None)
                found += [Tag("target", target, *place)] if target else []
        return sentence.with_tags(sorted((*sentence.tags, *found), key=place_of)) if found else sentence

    def _settle(self, sentence: Sentence, tag: Tag, organs: Sequence[Named], earlier: Spoken) -> Sequence[Tag]:
        """A target or general word with one reading: no phrase is general that names an organ itself."""
        if tag[0] != "target":
            return self._of_an_organ(sentence, tag, tag[0].removeprefix(GENERIC), organs, earlier)
        kind = self.grammar.general.get(tuple(sentence.words[tag[2] : tag[3]]))
        if kind is not None:
            return self._of_an_organ(sentence, tag, kind, organs, earlier)
        if tag[1] in self.grammar.organ_targets:
            return self._organ(sentence, tag)
        other = tag.other
        if other and other[0] == "texture" and (self._modifies(sentence, tag) or self._describes(sentence, tag)):
            return (tag.named(*other),)
        return (tag,)

    def _of_an_organ(
        self, sentence: Sentence, tag: Tag, kind: str, organs: Sequence[Named], earlier: Spoken
    ) -> list[Tag]:
        """A lesion, cyst or stone, as that of the organ it lies in."""
        organs = [(place, name) for place, name in organs if place < tag.first or not self._is_beside(sentence, place)]
        own = [name for place, name in organs if self._is_own(sentence, tag, place)]
        at_home = tag.kind == "target" and self.lexicon.targets[tag.name].region in self.home
        named = own if tag.kind == "target" else [name for name in own if self._may_hold(name, kind)]
        if named and not any(self._holds(name, kind) for name in named):
            return [tag.named("target", kind)] if kind in self.lexicon.targets else []
        groups = (
            [name for name in own if self._says(name, kind, at_home)],
            self._near(sentence, tag, organs, kind, at_home),
            self._before(tag, self._of_whom(sentence, organs), earlier, kind, at_home),
            () if at_home else self._of_picture,
        )
        organ = first_named(groups, self.lexicon.organs, self.regions)
        if organ is None and tag.kind == "target":
            return [tag]
        name = target_of(kind, organ, self.lexicon.targets)
        return [tag.named("target", name)] if name else []

    def _near(self, sentence: Sentence, tag: Tag, organs: Sequence[Named], kind: str, at_home: bool) -> list[str]:
        """Organs within reach in the same clause, the nearest first."""
        near = sorted(
            (abs(place - tag.first), not self._holds(name, kind), name)
            for place, name in organs
            if self._may_hold(name, kind) and self._joined(sentence, tag, place)
        )
        return [name for _, _, name in near if tag.kind != "target" or self._says(name, kind, at_home)]

    def _before(self, tag: Tag, organs: Sequence[Named], earlier: Spoken, kind: str, at_home: bool) -> list[str]:
        """Organs that the sentence spoke of before, its heading, and the sentence before."""
        ahead = [name for place, name in reversed(organs) if place < tag.first] if kind != tag.name else []
        told = [*ahead, earlier.heading, *([earlier.organ] if tag.kind != "target" else [])]
        return [name for name in told if name and (tag.kind != "target" or self._says(name, kind, at_home))]

    def _holds(self, organ: str, kind: str) -> bool:
        return kind in self.lexicon.organs[organ].lesions

    def _says(self, organ: str, kind: str, at_home: bool) -> bool:
        """True for an organ with such a lesion; that of tissue which is everywhere counts where it has a name."""
        known = self.lexicon.organs[organ]
        general = known.lesions.get(kind) in self.general_targets
        return kind in known.lesions and not (at_home and general and _EVERYWHERE in known.regions)

    def _is_own(self, sentence: Sentence, tag: Tag, place: int) -> bool:
        """True for an organ in the phrase of the word itself: "scalp swelling", "swelling over the left scalp"."""
        if place < tag.first:
            return all(sentence.is_attribute(at) or at == place for at in range(place, tag.first))
        leads = self.grammar["prepositions"]
        plain = leads | self.grammar["fillers"] | self.grammar["side_words"]
        words = [sentence.words[at] for at in range(tag.last, place) if not sentence.is_attribute(at)]
        return plain.issuperset(words) and not leads.isdisjoint(words) and not {",", "and"}.intersection(words)

    def _is_beside(self, sentence: Sentence, place: int) -> bool:
        """True for an organ that something is "parallel to", "from" or "behind": it does not lie in it."""
        words, grammar, at = sentence.words, self.grammar, place - 1
        if any(tag.covers(place) for tag in sentence.of("shape")):
            return True
        while at > 0 and words[at] in grammar["fillers"]:
            at -= 1
        return words[at] in grammar["beside_organs"] or (words[at] == "to" and words[at - 1] in grammar["beside_to"])

    def _may_hold(self, organ: str, kind: str) -> bool:
        """False for tissue that is everywhere and has no such lesion: a nodule behind a rib is none of the rib."""
        known = self.lexicon.organs[organ]
        return _EVERYWHERE not in known.regions or kind in known.lesions

    def _joined(self, sentence: Sentence, tag: Tag, place: int) -> bool:
        """True when an organ is near a tag and no clause ends between them."""
        first, last = (place, tag.first) if place < tag.first else (tag.last, place)
        return last - first <= _REACH and not any(word in (";", "but") for word in sentence.words[first:last])

    def _organ(self, sentence: Sentence, tag: Tag) -> list[Tag]:
        """An organ is a finding where it is itself described, else a place."""
        findings = [other for other in sentence.of("target") if other.name not in self.grammar.organ_targets]
        general = not self._generic.isdisjoint(sentence.kinds)
        if not findings and not general and not after_preposition(sentence, tag, self.grammar):
            return [tag]
        side = self.lexicon.targets[tag.name].side
        if side:
            return [tag.named("side", side)]
        return [tag.named(*tag.other)] if tag.other and tag.other[0] == "zone" else []

    def _describes(self, sentence: Sentence, tag: Tag) -> bool:
        """True for the "ground glass" of "nodule: 5 mm, ground glass" and "the nodule is ground glass"."""
        word, before = sentence.word(tag.first - 1), [t for t in sentence.of("target") if t.last <= tag.first]
        listed = word == "," and tag.first > 1 and sentence.is_attribute(tag.first - 2)
        return (listed or word in self.grammar["copulas"]) and bool(before) and before[-1].name in self.grammar.lesions

    def _modifies(self, sentence: Sentence, tag: Tag) -> bool:
        """True when a target follows at once, so that this word only describes it."""
        following = next((other for other in sentence.of("target") if other.first >= tag.last), None)
        return following is not None and {","}.issuperset(sentence.between(tag.last, following.first))
