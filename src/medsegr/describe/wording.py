"""Findings -> sentences, in varied or in the plainest wording. Nothing here checks how a sentence is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding
from medsegr.describe import words


@dataclass(frozen=True, eq=False)
class Speaker:
    """Chooses words: at random, or without a generator always the first."""

    lexicon: Lexicon
    rng: np.random.Generator | None = None

    def pick(self, options: Sequence[str]) -> str:
        """One of several words or sentences."""
        return options[0 if self.rng is None else int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        """True now and then; never without a generator."""
        return self.rng is not None and bool(self.rng.random() < share)

    def shuffled(self, items: Sequence[str]) -> list[str]:
        """In any order; as given without a generator."""
        return list(items) if self.rng is None else [items[i] for i in self.rng.permutation(len(items))]

    def describe(self, finding: Finding, nouns: Sequence[tuple[str, str]]) -> str:
        """One or two sentences that say a present finding.

        Args:
            nouns: (singular, plural) that may be used for its target.
        """
        noun, plural = nouns[0 if self.rng is None else int(self.rng.integers(len(nouns)))]
        if self.lexicon.targets[finding.target].group == "anatomy":
            return self._organ(finding, noun)
        adjectives = self._adjectives(finding)
        later: list[str] = []
        if self.chance(0.25) and len(adjectives) > 1 and finding.shape.count in (None, 1):
            adjectives, later = adjectives[:1], adjectives[1:]
        size = _size(finding)
        thing = self._thing(finding, adjectives, noun, plural)
        many = finding.shape.count not in (None, 1)
        tail = ""
        if size and not later and self.chance(0.5):
            tail = f" It measures {size}."
        elif size:
            thing += f", measuring {size}," if self.rng is None else self.pick((f" of {size}", f" measuring {size}"))
        if later:
            tail = f" It is {_listed(later, 'and')}."
        place = self._place(finding)
        templates = words.PRESENT if place else [t for t in words.PRESENT if "{Place}" not in t]
        sentence = self.pick(templates).format(
            be="are" if many else "is", thing=thing, Thing=_upper(thing), place=place, Place=_upper(place)
        )
        return _tidy(sentence) + tail

    def deny(self, nouns: Sequence[str]) -> str:
        """One sentence that denies one or several findings, named by their nouns."""
        return self.pick(words.ABSENT).format(nouns=_listed(list(nouns), "or"))

    def _organ(self, finding: Finding, noun: str) -> str:
        adjectives, size = self._adjectives(finding), _size(finding)
        templates: tuple[str, ...]
        if size:
            templates = (words.ORGAN_SIZED if adjectives else words.ORGAN_MEASURED,)
        else:
            templates = words.ORGANS if adjectives else words.ORGAN_SEEN
        return self.pick(templates).format(noun=noun, adjectives=_listed(adjectives, "and"), size=size)

    def _thing(self, finding: Finding, adjectives: Sequence[str], noun: str, plural: str) -> str:
        """Number, adjectives and noun, with an article where there is no number."""
        count = finding.shape.count
        many = count not in (None, 1)
        said = " ".join([*adjectives, plural if many else noun])
        number = "" if count is None else self.pick(words.COUNTS.get(count, (str(count),)))
        if many:
            return f"{number} {said}"
        if number:
            return f"a {number} {said}"
        if finding.target in words.UNCOUNTED and not noun.endswith(words.WITH_ARTICLE):
            return said
        return f"{'an' if said[0].lower() in 'aeiou' else 'a'} {said}"

    def _adjectives(self, finding: Finding) -> list[str]:
        """Words for form and texture, those of size first."""
        attributes = self.shuffled([*finding.shape.attributes, *finding.texture.attributes])
        attributes.sort(key=lambda attribute: attribute not in words.SIZE_CLASSES)
        return [self.pick(words.ADJECTIVES.get(name, (name.replace("_", " "),))) for name in attributes]

    def _place(self, finding: Finding) -> str:
        side, zones = finding.location.laterality, finding.location.zones
        where = [self.pick(words.ZONES.get(zone, ("in the {side} " + zone.replace("_", " "),))) for zone in zones]
        where = [text.format(side="{side}", picture=self.pick(words.PICTURES)) for text in where]
        holds_side = side in ("left", "right") and any("{side}" in text for text in where)
        where = [_tidy(text.format(side=side if holds_side else "")) for text in where]
        if side and not holds_side:
            in_lung = finding.target in words.LUNG_TARGETS
            sides = words.SIDES[side] + (words.LUNG_SIDES.get(side, ()) if in_lung else ())
            where = self.shuffled([*where, self.pick(sides)])
        return " ".join(where)


def _size(finding: Finding) -> str:
    """ "12 mm", "12 x 8 mm", or nothing."""
    sizes = finding.shape.size_mm
    return " x ".join(f"{size:g}" for size in sizes) + " mm" if sizes else ""


def _listed(items: list[str], last: str) -> str:
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tidy(sentence: str) -> str:
    return " ".join(sentence.split()).replace(" .", ".").replace(",.", ".")
