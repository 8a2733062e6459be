"""Words with two readings: an organ or the place of something, a finding or a texture, a lesion of which organ."""

from medsegr.cognition.grammar import GENERIC, Grammar
from medsegr.cognition.lexicon import Lexicon, regions_of
from medsegr.cognition.meanings import NEIGHBOURS
from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.organs import first_named, target_of

_REACH = 9
"""Words between a lesion and the organ that it lies in."""

_EVERYWHERE = "any"


class Readings:
    """Settles the readings of a report's sentences, one after the other; remembers the organ spoken of."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, modality: str | None, organs: tuple[str, ...]) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        shown = regions_of(modality, lexicon)
        self.home = shown
        self.regions = {*shown, *(near for region in shown for near in NEIGHBOURS.get(region, ()))}
        self._of_picture = organs
        self._organ_words = frozenset(grammar.organs)
        self._organ: str | None = None

    def settle(self, sentence: Sentence) -> Sentence:
        """The same sentence, every word with one reading."""
        organs = self._organs(sentence)
        sentence = self._without_foreign_segments(sentence, organs)
        general = {m.first: kind for m in sentence.mentions if (kind := self._kind(sentence, m))}
        if not sentence.has_readings and not general and self.grammar.organ_targets.isdisjoint(sentence.names):
            self._remember(organs)
            return sentence
        targets = sentence.of("target")
        findings = [t for t in targets if not self._is_anatomy(t)]
        settled: list[Mention] = []
        for mention in sentence.mentions:
            if mention.first in general and (mention.kind == "target" or mention.kind.startswith(GENERIC)):
                settled += self._of_an_organ(mention, general[mention.first], sentence, organs)
            elif mention.kind != "target":
                settled.append(mention)
            elif self._is_anatomy(mention):
                described = not findings or self._is_described(sentence, mention, findings)
                if (
                    described
                    and not any(m.kind.startswith(GENERIC) for m in sentence.mentions)
                    and not after_preposition(sentence, mention, self.grammar)
                ):
                    settled.append(mention)
                else:
                    settled += self._as_place(mention)
            elif mention.other and mention.other[0] == "texture" and self._modifies(sentence, mention, targets):
                settled.append(renamed(mention, *mention.other))
            else:
                settled.append(mention)
        self._remember(organs)
        return sentence if settled == sentence.mentions else Sentence(sentence.wording, settled)

    def _without_foreign_segments(self, sentence: Sentence, organs: list[tuple[int, str]]) -> Sentence:
        """Without the zones of the liver that are segments of a lung here ("nodule in the lower lobe, segment 6")."""
        named = dict(organs)
        foreign = [
            m
            for m in sentence.of("zone")
            if len(self.grammar.organs.get(m.name, ())) > 1
            and m.first in named
            and self.lexicon.zones[m.name].region not in self.lexicon.organs[named[m.first]].regions
        ]
        return Sentence(sentence.wording, [m for m in sentence.mentions if m not in foreign]) if foreign else sentence

    def _kind(self, sentence: Sentence, mention: Mention) -> str | None:
        """The kind of a general word, or None: no phrase is one that names an organ itself."""
        if mention.kind.startswith(GENERIC):
            return mention.kind.removeprefix(GENERIC)
        if mention.kind != "target":
            return None
        return self.grammar.general.get(tuple(sentence.wording.words[mention.first : mention.last]))

    def _is_anatomy(self, mention: Mention) -> bool:
        return mention.name in self.grammar.organ_targets

    def _remember(self, organs: list[tuple[int, str]]) -> None:
        if organs:
            self._organ = organs[0][1]

    def _organs(self, sentence: Sentence) -> list[tuple[int, str]]:
        """The organs that a sentence names and such pictures may show, and at which word."""
        known = self.grammar.organs
        found: list[tuple[int, tuple[str, ...]]] = []
        if not self._organ_words.isdisjoint(sentence.words):
            found = [(place, known[token.word]) for place, token in enumerate(sentence.tokens) if token.word in known]
        if not self._organ_words.isdisjoint(sentence.names):
            found += [(m.first, known[m.name]) for m in sentence.mentions if m.kind == "zone" and m.name in known]
        sure = {names[0] for _, names in found if len(names) == 1}
        told = [(place, self._likeliest(names, sure)) for place, names in found]
        return [(place, name) for place, name in told if name]

    def _likeliest(self, names: tuple[str, ...], sure: set[str]) -> str | None:
        """Of organs that a place may mean, that which the sentence names, else the pictures show."""
        organs = [self.lexicon.organs[name] for name in names if self.lexicon.organs[name].lies_in(self.regions)]
        at_home = [organ for organ in organs if organ.lies_in(self.home)]
        named = [organ for organ in organs if organ.name in sure]
        return next((organ.name for organ in (*named, *at_home, *organs)), None)

    def _of_an_organ(
        self, mention: Mention, kind: str, sentence: Sentence, organs: list[tuple[int, str]]
    ) -> list[Mention]:
        """A lesion, cyst or stone, as that of the organ it lies in."""
        near = [name for _, name in sorted(
            (abs(place - mention.first), name) for place, name in organs
            if self._may_hold(name, kind) and self._joined(sentence, mention, place)
        )]  # fmt: skip
        at_home = mention.kind == "target" and self.lexicon.targets[mention.name].region in self.home
        before: list[str] = []
        if mention.kind != "target":
            before = [name for place, name in reversed(organs) if place < mention.first]
            before += [self._organ] if self._organ else []
        organ = first_named((near, before, () if at_home else self._of_picture), self.lexicon.organs, self.regions)
        if organ is None and mention.kind == "target":
            return [mention]
        name = target_of(kind, organ, self.lexicon.targets)
        return [renamed(mention, "target", name)] if name else []

    def _may_hold(self, organ: str, kind: str) -> bool:
        """False for tissue that is everywhere and has no such lesion: a nodule behind a rib is none of the rib."""
        known = self.lexicon.organs[organ]
        return _EVERYWHERE not in known.regions or kind in known.lesions

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
