"""Words with two readings: an organ or the place of something, a finding or a texture, a lesion of which organ."""

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.mentions import Mention, Sentence

_GENERIC = {
    "generic_lesion": "lesion", "generic_cyst": "cyst", "generic_stone": "stone", "generic_tear": "tear",
    "generic_focus": "lesion", "generic_defect": "defect",
    "mass": "lesion", "nodule": "lesion", "lung_cyst": "cyst",
}  # fmt: skip
"""Kind or target -> what a lesion of some organ is called."""

_REACH = 9
"""Words between a lesion and the organ that it lies in."""

_SPECIAL = {
    "gallbladder_stone": "gallstone", "bile_duct_stone": "gallstone", "brain_lesion": "brain_tumour",
    "spine_lesion": "bone_lesion", "bone_lesion": "bone_lesion",
}  # fmt: skip


class Readings:
    """Settles the readings of a report's sentences, one after the other; remembers the organ spoken of."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, regions: tuple[str, ...]) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.regions = regions
        self._organ_words = frozenset(grammar.organs)
        self._organ: str | None = None

    def settle(self, sentence: Sentence) -> Sentence:
        """The same sentence, every word with one reading."""
        organs = self._organs(sentence)
        if not sentence.has_readings and self._is_settled(sentence, organs):
            self._remember(organs)
            return sentence
        targets = sentence.of("target")
        findings = [t for t in targets if not self._is_anatomy(t)]
        settled: list[Mention] = []
        for mention in sentence.mentions:
            if mention.kind in _GENERIC or (mention.kind == "target" and mention.name in _GENERIC):
                settled += self._of_an_organ(mention, sentence, organs)
            elif mention.kind != "target":
                settled.append(mention)
            elif self._is_anatomy(mention):
                described = not findings or self._is_described(sentence, mention, findings)
                generic = any(m.kind in _GENERIC for m in sentence.mentions)
                if described and not generic and not after_preposition(sentence, mention, self.grammar):
                    settled.append(mention)
                else:
                    settled += self._as_place(mention)
            elif mention.other and mention.other[0] == "texture" and self._modifies(sentence, mention, targets):
                settled.append(renamed(mention, *mention.other))
            else:
                settled.append(mention)
        self._remember(organs)
        return sentence if settled == sentence.mentions else Sentence(sentence.wording, settled)

    def _is_settled(self, sentence: Sentence, organs: list[tuple[int, str]]) -> bool:
        """True where no word could be meant of an organ: a nodule is one, if the sentence names none."""
        if not _GENERIC.keys().isdisjoint(sentence.kinds) or not self.grammar.organ_targets.isdisjoint(sentence.names):
            return False
        return not organs or _GENERIC.keys().isdisjoint(sentence.names)

    def _is_anatomy(self, mention: Mention) -> bool:
        return mention.name in self.grammar.organ_targets

    def _remember(self, organs: list[tuple[int, str]]) -> None:
        if organs:
            self._organ = organs[0][1]

    def _organs(self, sentence: Sentence) -> list[tuple[int, str]]:
        """The organs that a sentence names, and at which word."""
        known = self.grammar.organs
        found = []
        if not self._organ_words.isdisjoint(sentence.words):
            found = [(place, known[token.word]) for place, token in enumerate(sentence.tokens) if token.word in known]
        if not self._organ_words.isdisjoint(sentence.names):
            found += [(m.first, known[m.name]) for m in sentence.mentions if m.kind == "zone" and m.name in known]
        return found

    def _of_an_organ(self, mention: Mention, sentence: Sentence, organs: list[tuple[int, str]]) -> list[Mention]:
        """A lesion, cyst or stone, as that of the organ it lies in."""
        suffix = _GENERIC[mention.kind if mention.kind in _GENERIC else mention.name]
        near = [
            (abs(place - mention.first), organ) for place, organ in organs if self._joined(sentence, mention, place)
        ]
        if mention.kind == "target":
            near = [(far, organ) for far, organ in near if organ != "bone"]
        organ = min(near)[1] if near else None
        if organ is None and mention.kind != "target":
            ahead = [organ for place, organ in organs if place < mention.first]
            organ = ahead[-1] if ahead else self._organ
        name = _SPECIAL.get(f"{organ}_{suffix}", f"{organ}_{suffix}")
        if name in self.lexicon.targets:
            return [renamed(mention, "target", name)]
        return [mention] if mention.kind == "target" else []

    def _joined(self, sentence: Sentence, mention: Mention, place: int) -> bool:
        """True when an organ is near a mention and no clause ends between them."""
        first, last = (place, mention.first) if place < mention.first else (mention.last, place)
        return last - first <= _REACH and not any(sentence.tokens[p].word in (";", "but") for p in range(first, last))

    def _as_place(self, mention: Mention) -> list[Mention]:
        """An organ that only says where something is."""
        side = self.lexicon.targets[mention.name].side
        if side:
            return [renamed(mention, "side", side)]
        return [renamed(mention, *mention.other)] if mention.other and mention.other[0] == "zone" else []

    def _is_described(self, sentence: Sentence, organ: Mention, findings: list[Mention]) -> bool:
        """True for "the left ventricle is dilated with ...": the organ has a change of its own."""
        following = min((f.first for f in findings if f.first >= organ.last), default=len(sentence.tokens))
        if any(f.last <= organ.first for f in findings):
            return False
        change = [m for m in sentence.mentions if m.kind == "shape" and self._is_change(m.name)]
        behind = [m for m in change if organ.last <= m.first < following]
        ahead = any(m.last == organ.first for m in change)
        if ahead:
            return True
        return any(
            set(sentence.between(organ.last, m.first)) <= self.grammar.links | self.grammar.fillers for m in behind
        )

    def _is_change(self, name: str) -> bool:
        return self.lexicon.shapes[name].group == "change of an organ"

    def _modifies(self, sentence: Sentence, mention: Mention, targets: list[Mention]) -> bool:
        """True when a target follows at once, so that this word only describes it."""
        following = next((t for t in targets if t.first >= mention.last), None)
        return following is not None and set(sentence.between(mention.last, following.first)) <= {","}


def renamed(mention: Mention, kind: str, name: str) -> Mention:
    """The same words with another meaning."""
    return Mention(kind, name, mention.first, mention.last, mention.start, mention.end)


def after_preposition(sentence: Sentence, mention: Mention, grammar: Grammar) -> bool:
    """True when the words before, attributes and articles left out, end with a preposition."""
    return leading_preposition(sentence, mention, grammar) is not None


def leading_preposition(sentence: Sentence, mention: Mention, grammar: Grammar) -> str | None:
    """The preposition that the words before a mention end with, attributes and articles left out."""
    for place in range(mention.first - 1, -1, -1):
        word = sentence.tokens[place].word
        if not sentence.is_attribute(place) and (word in grammar.prepositions or word not in grammar.fillers):
            return word if word in grammar.prepositions else None
    return None
