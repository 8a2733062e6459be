"""Whose lesion it is: general words get their target from the organ that the words, the sentence, the section or the
modality name, in that order; words with two readings get the one that fits."""

from collections.abc import Sequence

from medsegr.cognition.attributes import after_preposition
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.tags import Sentence, Tag

_REACH = 9
"""Words between a lesion and the organ that it lies in."""


class Organs:
    """Settles the readings of sentences, in pictures of some regions."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, regions: tuple[str, ...]) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.regions = regions
        self._generic = {name: kind for kind, names in _kinds(lexicon).items() for name in names}

    def named_in(self, sentence: Sentence) -> list[tuple[int, str]]:
        """The organs that a sentence names, and at which word, in its order."""
        known = self.grammar.organs
        found = [(place, known[word]) for place, word in enumerate(sentence.words) if word in known]
        named = {organ for _, organ in found}
        found += [
            (tag.first, known[tag.name])
            for tag in sentence.of("zone")
            if tag.name in known and (known[tag.name] in named or self._is_shown(tag.name))
        ]
        return sorted(found)

    def _is_shown(self, zone: str) -> bool:
        """True where a zone is at home in such pictures: segment 6 of a chest is none of the liver."""
        return not self.regions or self.lexicon.zones[zone].region in self.regions

    def settled(self, sentence: Sentence, earlier: str | None) -> Sentence:
        """The same sentence, every word with one reading.

        Args:
            sentence: With both readings.
            earlier: The organ last spoken of before it, or None.
        """
        organs = self.named_in(sentence)
        targets = sentence.of("target")
        if not any(self._is_open(tag, organs) for tag in sentence.tags):
            return sentence
        findings = [tag for tag in targets if tag.name not in self.grammar.organ_targets]
        tags = [one for tag in sentence.tags for one in self._settle(tag, sentence, findings, (organs, earlier))]
        return sentence if tags == list(sentence.tags) else sentence.with_tags(tags)

    def _is_open(self, tag: Tag, organs: Sequence[tuple[int, str]]) -> bool:
        if tag.kind in self._generic:
            return True
        if tag.kind != "target":
            return False
        return tag.name in self.grammar.organ_targets or tag.other is not None or (tag.name in self._generic and bool(organs))

    def _settle(
        self, tag: Tag, sentence: Sentence, findings: Sequence[Tag], organs: tuple[list[tuple[int, str]], str | None]
    ) -> list[Tag]:
        if tag.kind in self._generic or (tag.kind == "target" and tag.name in self._generic):
            return self._of_an_organ(tag, sentence, *organs)
        if tag.kind != "target":
            return [tag]
        if tag.name in self.grammar.organ_targets:
            return self._organ(tag, sentence, findings)
        if tag.other and tag.other[0] == "texture" and self._modifies(sentence, tag):
            return [tag.named(*tag.other)]
        return [tag]

    def _organ(self, tag: Tag, sentence: Sentence, findings: Sequence[Tag]) -> list[Tag]:
        """An organ is a finding where it is itself described, else a place."""
        described = not findings or self._is_described(sentence, tag, findings)
        generic = any(other.kind in self._generic for other in sentence.tags)
        if described and not generic and not after_preposition(sentence, tag, self.grammar):
            return [tag]
        side = self.lexicon.targets[tag.name].side
        if side:
            return [tag.named("side", side)]
        return [tag.named(*tag.other)] if tag.other and tag.other[0] == "zone" else []

    def _of_an_organ(
        self, tag: Tag, sentence: Sentence, organs: Sequence[tuple[int, str]], earlier: str | None
    ) -> list[Tag]:
        """A lesion, cyst or stone, as that of the organ it lies in."""
        suffix = self._generic[tag.kind if tag.kind in self._generic else tag.name]
        near = [(abs(at - tag.first), organ) for at, organ in organs if self._joined(sentence, tag, at)]
        if tag.kind == "target":
            near = [(far, organ) for far, organ in near if organ != "bone"]
        organ = min(near)[1] if near else None
        if organ is None and tag.kind != "target":
            ahead = [organ for at, organ in organs if at < tag.first]
            organ = ahead[-1] if ahead else earlier
        name = self._name_of(organ, suffix)
        if name is not None:
            return [tag.named("target", name)]
        return [tag] if tag.kind == "target" else self._general(tag, suffix)

    def _name_of(self, organ: str | None, suffix: str) -> str | None:
        special = self.lexicon.triggers.get(f"words_called_{organ}_{suffix}", ())
        name = special[0] if special else f"{organ}_{suffix}"
        return name if name in self.lexicon.targets else None

    def _general(self, tag: Tag, suffix: str) -> list[Tag]:
        return []

    def _joined(self, sentence: Sentence, tag: Tag, place: int) -> bool:
        """True when an organ is near a tag and no clause ends between them."""
        first, last = (place, tag.first) if place < tag.first else (tag.last, place)
        return last - first <= _REACH and not any(word in (";", "but") for word in sentence.words[first:last])

    def _is_described(self, sentence: Sentence, organ: Tag, findings: Sequence[Tag]) -> bool:
        """True for "the left ventricle is dilated with ...": the organ has a change of its own."""
        following = min((f.first for f in findings if f.first >= organ.last), default=len(sentence))
        if any(f.last <= organ.first for f in findings):
            return False
        change = [tag for tag in sentence.of("shape") if self.lexicon.shapes[tag.name].group == "change of an organ"]
        if any(tag.last == organ.first for tag in change):
            return True
        plain = self.grammar["links"] | self.grammar["fillers"]
        behind = [tag for tag in change if organ.last <= tag.first < following]
        return any(plain.issuperset(sentence.between(organ.last, tag.first)) for tag in behind)

    def _modifies(self, sentence: Sentence, tag: Tag) -> bool:
        """True when a target follows at once, so that this word only describes it."""
        following = next((other for other in sentence.of("target") if other.first >= tag.last), None)
        return following is not None and {","}.issuperset(sentence.between(tag.last, following.first))


def _kinds(lexicon: Lexicon) -> dict[str, Sequence[str]]:
    """What a lesion of some organ is called -> the kinds of words and targets that mean it."""
    prefix = "words_general_"
    return {name.removeprefix(prefix): words for name, words in lexicon.triggers.items() if name.startswith(prefix)}
