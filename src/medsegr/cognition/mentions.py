"""What the words of a sentence mention: targets, places, textures, shapes, sizes, counts and triggers."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from medsegr.cognition.lexicon import Lexicon, frame_of, regions_of
from medsegr.cognition.phrases import PhraseTable, Token, tokenise
from medsegr.cognition.priors import Presence

Meaning = tuple[tuple[str, str], ...]
"""What a phrase says: (kind, name) pairs, all at once."""

LONGEST_SENTENCE = 1500
"""Characters; reports hold no such sentence, other files do."""

SPEAKS_OF_PICTURE = frozenset({"image", "picture", "frame", "screen", "field"})
BARE_PLACES = frozenset({"upper", "mid", "middle", "lower"})
PLACE_NOUNS = frozenset({"zone", "lobe", "field", "lung", "pole"})
NUMBERS = {
    "single": 1, "solitary": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "multiple": "multiple", "several": "multiple",
    "numerous": "multiple", "few": "multiple", "many": "multiple",
}  # fmt: skip

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n(?!\s*[a-z])")
_SIZE = re.compile(
    r"(\d+(?:\.\d+)?)\s*(mm|cm)?(?:\s*[x×]\s*(\d+(?:\.\d+)?)\s*(mm|cm)?)?(?:\s*[x×]\s*(\d+(?:\.\d+)?))?\s*-?(mm|cm)\b",
    re.I,
)
_NOT_ITS_SIZE = re.compile(
    r"^\W*(?:above|below|from|fn\b|deep|slice|in depth|distal|proximal|away|cranial|caudal)", re.I
)
_FORMER = re.compile(
    r"(?:previously|was|formerly|before|also|cortical thickening of|cortex of|solid component of)\W*$", re.I
)


@dataclass(frozen=True)
class Mention:
    """A stretch of a sentence that means something.

    Attributes:
        kind: ``target``, ``side``, ``zone``, ``texture``, ``shape``, ``size``, ``count``, or a trigger's name.
        name: Canonical name; the number for sizes (mm) and counts.
        first, last: Words [first, last) of the sentence.
        start, end: Character offsets [start, end) into the report.
        presence: Set where a whole statement decides it.
        other: Second reading as (kind, name): organ or place, finding or texture.
    """

    kind: str
    name: str
    first: int
    last: int
    start: int
    end: int
    presence: Presence | None = None
    other: tuple[str, str] | None = None


@dataclass(frozen=True)
class Sentence:
    """A sentence's words and what they mention, in order."""

    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]

    def of(self, *kinds: str) -> list[Mention]:
        """The mentions of some kinds."""
        return [mention for mention in self.mentions if mention.kind in kinds]

    def between(self, first: int, last: int) -> list[str]:
        """Words [first, last) that no mention covers."""
        covered = {place for m in self.mentions for place in range(m.first, m.last)}
        return [self.tokens[place].word for place in range(first, last) if place not in covered]


def read_sentences(text: str, lexicon: Lexicon, modality: str | None) -> list[Sentence]:
    """Cut a report into sentences and find what each mentions."""
    reader = _reader(lexicon)
    return [reader.read(text, start, end, modality) for start, end in split_sentences(text)]


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Character offsets of the sentences; a line ends one unless the next goes on in lower case.

    A stretch without an end is cut every ``LONGEST_SENTENCE`` characters, at a space.
    """
    start = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.start() if match else len(text)
        while end - start > LONGEST_SENTENCE:
            space = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
            cut = space if space > start else start + LONGEST_SENTENCE
            yield start, cut
            start = cut
        if text[start:end].strip():
            yield start, end
        start = match.end() if match else end


@lru_cache(maxsize=4)
def _reader(lexicon: Lexicon) -> "_Reader":
    return _Reader(lexicon)


class _Reader:
    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.table: PhraseTable[tuple[Meaning, bool]] = PhraseTable()
        for target in lexicon.targets.values():
            for word in (*target.words, *target.here):
                self.table.add(word, ((("target", target.name),), word in target.here))
        tables = {"zone": lexicon.zones, "texture": lexicon.textures, "shape": lexicon.shapes}
        words = [(kind, e.name, w) for kind, table in tables.items() for e in table.values() for w in e.words]
        words += [("side", side, word) for side, listed in lexicon.sides.items() for word in listed]
        words += [(kind, kind, word) for kind, listed in lexicon.triggers.items() for word in listed]
        for kind, name, word in words:
            self.table.add(word, (((kind, name),), False))
        for word, parts in lexicon.combined.items():
            self.table.add(word, (parts, False))
        self.vocabulary = sorted(word for word in self.table.words() if len(word) >= 7)
        self.known = self.table.words()
        self.statements = [(re.compile(r"\b(?:" + s.find + r")", re.I), s) for s in lexicon.statements]

    def read(self, text: str, start: int, end: int, modality: str | None) -> Sentence:
        """The sentence text[start:end]."""
        tokens = [replace(t, start=t.start + start, end=t.end + start) for t in tokenise(text[start:end])]
        stated = list(self._statements(text, start, end, tokens))
        blocked = {place for m in stated for place in range(m.first, m.last)}
        mentions = list(stated)
        forms = [self._mend(token) for token in tokens]
        for mention in self.table.find(forms, lambda *phrase: self._choose(tokens, *phrase, modality)):
            if mention.first not in blocked or mention.kind == "side" or self._is_degree(mention):
                mentions.append(mention)
        mentions += self._inside_sides(tokens, mentions)
        mentions += self._short_places(tokens, forms, mentions, modality)
        mentions += [m for m in _sizes(text, start, end, tokens) if m.first not in blocked]
        mentions += _counts(tokens, mentions)
        return Sentence(tuple(tokens), tuple(sorted(mentions, key=lambda m: (m.first, m.last))))

    def _mend(self, token: Token) -> str:
        """The word itself, or the known word that it misspells by a letter or two."""
        if token.word in self.known or len(token.word) < 7 or not token.word.isalpha():
            return _letter_side(token)
        return _nearest(token.word, tuple(self.vocabulary)) or token.word

    def _statements(self, text: str, start: int, end: int, tokens: Sequence[Token]) -> Iterator[Mention]:
        taken: list[tuple[int, int]] = []
        for pattern, statement in self.statements:
            for match in pattern.finditer(text, start, end):
                if any(a < match.end() and match.start() < b for a, b in taken):
                    continue
                places = [i for i, t in enumerate(tokens) if t.start < match.end() and match.start() < t.end]
                taken.append(match.span())
                for name in statement.targets:
                    yield Mention("target", name, places[0], places[-1] + 1, *match.span(), statement.presence)  # type: ignore[arg-type]

    def _is_degree(self, mention: Mention) -> bool:
        return mention.kind == "shape" and self.lexicon.shapes[mention.name].group in ("degree", "size class")

    def _choose(
        self,
        tokens: Sequence[Token],
        first: int,
        last: int,
        meanings: Sequence[tuple[Meaning, bool]],
        modality: str | None,
    ) -> list[Mention]:
        """The meaning that fits the picture best, and the runner-up of another kind."""
        near = {token.word for token in tokens[last : last + 5]}
        scored = [
            (self._fit(meaning, only_here, modality, bool(near & SPEAKS_OF_PICTURE)), meaning)
            for meaning, only_here in meanings
        ]
        fitting = [entry for entry in sorted(scored, key=lambda entry: -entry[0]) if entry[0] > 0]
        if not fitting:
            return []
        best = fitting[0][1]
        others = [m[0] for _, m in fitting[1:] if m[0][0] != best[0][0]]
        span = (first, last, tokens[first].start, tokens[last - 1].end)
        return [Mention(kind, name, *span, other=others[0] if others else None) for kind, name in best]

    def _fit(self, meaning: Meaning, only_here: bool, modality: str | None, of_picture: bool) -> float:
        kind, name = meaning[0]
        regions = regions_of(modality, self.lexicon)
        if len(meaning) > 1:
            return 5.0
        if kind == "target":
            target = self.lexicon.targets[name]
            at_home = target.region in regions
            if only_here and not at_home and regions:
                return 0.0
            base = 4.0 if at_home else 3.0 if target.region == "any" else 2.0 if not regions else 1.5
            return base - (1.2 if target.group == "anatomy" else 0.0) - (0.5 if only_here and not regions else 0.0)
        if kind == "zone":
            zone = self.lexicon.zones[name]
            if zone.frame == "image":
                picture = frame_of(modality, self.lexicon) == "image" and "breast" not in regions
                return 4.5 if of_picture or (picture and zone.region == "image") else 0.0
            return 3.5 if zone.region in regions else 2.5 if zone.region == "any" else 1.0
        return 3.2

    def _inside_sides(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[Mention]:
        """Sides within the words of a target."""
        found = []
        for m in mentions:
            if m.kind != "target" or self.lexicon.targets[m.name].side:
                continue
            for place in range(m.first, m.last):
                word = tokens[place].word
                if m.presence is None and m.last - m.first > 1 and word in ("left", "right", "both", "bilateral"):
                    side = "bilateral" if word == "both" else word
                    found.append(Mention("side", side, place, place + 1, tokens[place].start, tokens[place].end))
        return found

    def _short_places(
        self, tokens: Sequence[Token], forms: Sequence[str], mentions: Sequence[Mention], modality: str | None
    ) -> list[Mention]:
        """ "mid" in "mid to lower zones": the noun comes later."""
        zones = [m for m in mentions if m.kind == "zone" and tokens[m.last - 1].word in PLACE_NOUNS]
        found: list[Mention] = []
        for zone in zones:
            place = zone.first - 1
            while place >= 0 and (forms[place] in BARE_PLACES or forms[place] in ("and", "to", "or", ",")):
                if forms[place] in BARE_PLACES:
                    words = [forms[place], tokens[zone.last - 1].word]
                    chosen = self.table.find(
                        words, lambda _, __, m, at=place: self._choose(tokens, at, at + 1, m, modality)
                    )
                    found += [m for m in chosen if m.kind == "zone"]
                place -= 1
        return [m for m in found if not any(o.first <= m.first < o.last for o in mentions)]


def _letter_side(token: Token) -> str:
    return {"L": "left", "R": "right"}.get(token.text, token.word)


@lru_cache(maxsize=4096)
def _nearest(word: str, vocabulary: tuple[str, ...]) -> str | None:
    near = difflib.get_close_matches(word, [w for w in vocabulary if w[0] == word[0]], n=1, cutoff=0.88)
    return near[0] if near else None


def _sizes(text: str, start: int, end: int, tokens: Sequence[Token]) -> Iterator[Mention]:
    for match in _SIZE.finditer(text, start, end):
        if _NOT_ITS_SIZE.match(text[match.end() : end]) or _FORMER.search(text[start : match.start()]):
            continue
        scale = 10.0 if match[6].lower() == "cm" else 1.0
        covered = [i for i, t in enumerate(tokens) if match.start() <= t.start < match.end()]
        values = ";".join(f"{float(number) * scale:g}" for number in match.group(1, 3, 5) if number)
        yield Mention("size", values, covered[0], covered[-1] + 1, *match.span())


def _counts(tokens: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[Mention]:
    for place, token in enumerate(tokens):
        taken = any(m.first <= place < m.last for m in mentions)
        if token.word in NUMBERS and not taken:
            yield Mention("count", str(NUMBERS[token.word]), place, place + 1, token.start, token.end)
