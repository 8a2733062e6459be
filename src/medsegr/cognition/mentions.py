"""What the words of a sentence mention: targets, places, textures, shapes, sizes, counts and triggers."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from medsegr.cognition.grammar import ORGAN, WORD_SETS, grammar_of
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meaning, Meanings
from medsegr.cognition.measurements import find_sizes
from medsegr.cognition.phrases import PhraseTable, Token, is_plural, tokenise
from medsegr.cognition.priors import Presence
from medsegr.cognition.spelling import SHORTEST, Spelling
from medsegr.cognition.statements import Rule, Statements, find_statements

ATTRIBUTES = frozenset({"side", "zone", "texture", "shape", "size", "count"})
"""Kinds of mentions that describe a target."""

_SIDE_WORDS = {
    "left": "left",
    "right": "right",
    "both": "bilateral",
    "bilateral": "bilateral",
}
_COUNT = "count_"
_LETTERS = {"L": "left", "R": "right"}


class Mention(NamedTuple):
    """A stretch of a sentence that means something.

    Attributes:
        kind: ``target``, ``side``, ``zone``, ``texture``, ``shape``, ``size``, ``count``, or a trigger's name.
        name: Canonical name; the numbers of a size (mm, ``12;8``) or the count.
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


class Sentence:
    """A sentence's words and what they mention, in order."""

    __slots__ = ("_covered", "_described", "breaks", "mentions", "tokens")

    def __init__(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> None:
        self.tokens = tokens
        self.mentions = mentions
        self._covered = bytearray(len(tokens))
        self._described = bytearray(len(tokens))
        self.breaks = [m.first for m in mentions if m.kind in ("breaks", "except")]
        for mention in mentions:
            for place in range(mention.first, mention.last):
                self._covered[place] = 1
                if mention.kind in ATTRIBUTES:
                    self._described[place] = 1

    def of(self, *kinds: str) -> list[Mention]:
        """The mentions of some kinds."""
        return [mention for mention in self.mentions if mention.kind in kinds]

    def between(self, first: int, last: int) -> list[str]:
        """Words [first, last) that no mention covers."""
        covered, tokens = self._covered, self.tokens
        return [
            tokens[place].word for place in range(first, last) if not covered[place]
        ]

    def is_covered(self, place: int) -> bool:
        """True when some mention covers the word."""
        return bool(self._covered[place])

    def is_attribute(self, place: int) -> bool:
        """True when an attribute covers the word."""
        return bool(self._described[place])


@lru_cache(maxsize=4)
def reader_of(lexicon: Lexicon) -> "Reader":
    """The reader of a lexicon, made once."""
    return Reader(lexicon)


class Reader:
    """Finds what sentences mention."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.grammar = grammar_of(lexicon)
        self.statements = Statements(lexicon)
        self.table: PhraseTable[Meaning] = PhraseTable()
        for target in lexicon.targets.values():
            for word in (*target.words, *target.here):
                self.table.add(
                    word, Meaning((("target", target.name),), word in target.here)
                )
        words = [
            ("zone", zone.name, word)
            for zone in lexicon.zones.values()
            for word in zone.words
        ]
        for kind, table in (("texture", lexicon.textures), ("shape", lexicon.shapes)):
            words += [(kind, e.name, word) for e in table.values() for word in e.words]
        words += [
            ("side", side, word)
            for side, listed in lexicon.sides.items()
            for word in listed
        ]
        phrases = {
            kind: listed
            for kind, listed in lexicon.triggers.items()
            if kind not in WORD_SETS and not kind.startswith(ORGAN)
        }
        words += [
            (*_kind_and_name(kind), word)
            for kind, listed in phrases.items()
            for word in listed
        ]
        for kind, name, word in words:
            self.table.add(word, Meaning(((kind, name),), False))
        for word, parts in lexicon.combined.items():
            self.table.add(word, Meaning(parts, False))
        self.known = self.table.words()
        self.spelling = Spelling(self.known)
        self._meanings: dict[str | None, Meanings] = {}

    def rules_for(self, lowered: str) -> list[Rule]:
        """The statements that may stand in a report."""
        return self.statements.possible_in(lowered)

    def meanings_for(self, modality: str | None) -> Meanings:
        """What phrases mean in pictures of a modality."""
        if modality not in self._meanings:
            self._meanings[modality] = Meanings(self.lexicon, self.grammar, modality)
        return self._meanings[modality]

    def read(
        self,
        text: str,
        lowered: str,
        span: tuple[int, int],
        modality: str | None,
        rules: Sequence[Rule],
    ) -> Sentence:
        """The sentence text[span], and what it mentions."""
        start, end = span
        tokens = tokenise(text, start, end)
        words = [self._form(token) for token in tokens]
        meanings = self.meanings_for(modality)
        mentions = (
            list(self._stated(text, lowered, span, tokens, rules)) if rules else []
        )
        blocked = {place for m in mentions for place in range(m.first, m.last)}

        def choose(
            first: int, last: int, meant: Sequence[Meaning]
        ) -> Sequence[Mention]:
            choices = meanings.choose(meant, words, first, last)
            if not choices:
                return ()
            at, to = tokens[first].start, tokens[last - 1].end
            return [
                Mention(c.kind, c.name, first, last, at, to, None, c.other)
                for c in choices
            ]

        for mention in self.table.find(words, choose):
            if (
                mention.first not in blocked
                or mention.kind == "side"
                or meanings.is_degree(mention.kind, mention.name)
            ):
                mentions.append(mention)
        mentions += self._inside(tokens, words, mentions, meanings)
        if not self.grammar.bare_places.isdisjoint(words):
            mentions += self._short_places(tokens, words, mentions, meanings)
        mentions += [
            m
            for m in _sizes(text, lowered, start, end, tokens)
            if m.first not in blocked
        ]
        mentions += _numerals(tokens, mentions)
        mentions.sort(key=lambda m: (m.first, m.last))
        return Sentence(tokens, mentions)

    def _form(self, token: Token) -> str:
        """The word itself, or the known word that it misspells."""
        word = token.word
        if word in self.known:
            return _LETTERS.get(token.text, word)
        return (
            self.spelling.mend(word)
            if len(word) >= SHORTEST
            else _LETTERS.get(token.text, word)
        )

    def _stated(
        self,
        text: str,
        lowered: str,
        span: tuple[int, int],
        tokens: Sequence[Token],
        rules: Sequence[Rule],
    ) -> Iterator[Mention]:
        for stated in find_statements(rules, text, lowered, *span):
            places = [
                i
                for i, t in enumerate(tokens)
                if t.start < stated.end and stated.start < t.end
            ]
            for name in stated.targets if places else ():
                yield Mention(
                    "target", name, places[0], places[-1] + 1, stated.start, stated.end, stated.presence
                )  # fmt: skip

    def _inside(
        self,
        tokens: Sequence[Token],
        words: Sequence[str],
        mentions: Sequence[Mention],
        meanings: Meanings,
    ) -> list[Mention]:
        """Sides and zones within the words of a target, and sides within those of a zone."""
        found: list[Mention] = []
        for m in mentions:
            if m.last - m.first < 2 or m.kind not in ("target", "zone"):
                continue
            target = self.lexicon.targets[m.name] if m.kind == "target" else None
            if not (target and target.side):
                for place in range(m.first, m.last):
                    side = _SIDE_WORDS.get(words[place])
                    known = (
                        side is None
                        or side in m.name
                        or any(o.kind == "side" and o.first == place for o in mentions)
                    )
                    if side and not known:
                        t = tokens[place]
                        found.append(
                            Mention("side", side, place, place + 1, t.start, t.end)
                        )
            if target:
                for name, first, last in meanings.zones_within(
                    self.table, m.name, tuple(words[m.first : m.last])
                ):
                    at, to = m.first + first, m.first + last
                    found.append(
                        Mention(
                            "zone", name, at, to, tokens[at].start, tokens[to - 1].end
                        )
                    )
        return found

    def _short_places(
        self,
        tokens: Sequence[Token],
        words: Sequence[str],
        mentions: Sequence[Mention],
        meanings: Meanings,
    ) -> list[Mention]:
        """ "mid" in "mid to lower zones": the noun comes later."""
        grammar = self.grammar
        found: list[Mention] = []
        for zone in mentions:
            if (
                zone.kind != "zone"
                or tokens[zone.last - 1].word not in grammar.place_nouns
            ):
                continue
            place = zone.first - 1
            while place >= 0 and (
                words[place] in grammar.bare_places
                or words[place] in ("and", "to", "or", ",", "&")
            ):
                if words[place] in grammar.bare_places:
                    phrase = (words[place], tokens[zone.last - 1].word)
                    for name, _, _ in meanings.zones_within(self.table, "", phrase)[:1]:
                        t = tokens[place]
                        found.append(
                            Mention("zone", name, place, place + 1, t.start, t.end)
                        )
                place -= 1
        return [
            m for m in found if not any(o.first <= m.first < o.last for o in mentions)
        ]


def _kind_and_name(trigger: str) -> tuple[str, str]:
    """A trigger as a mention: ``count_2`` counts, the others are what they are called."""
    return (
        ("count", trigger.removeprefix(_COUNT))
        if trigger.startswith(_COUNT)
        else (trigger, trigger)
    )


def _sizes(
    text: str, lowered: str, start: int, end: int, tokens: Sequence[Token]
) -> Iterator[Mention]:
    for size in find_sizes(text, lowered, start, end):
        covered = [i for i, t in enumerate(tokens) if size.start <= t.start < size.end]
        if covered:
            values = ";".join(f"{axis:g}" for axis in size.axes_mm)
            yield Mention(
                "size", values, covered[0], covered[-1] + 1, size.start, size.end
            )


def _numerals(
    tokens: Sequence[Token], mentions: Sequence[Mention]
) -> Iterator[Mention]:
    """Digits that count: "3 small nodules"."""
    digits = [
        i
        for i, t in enumerate(tokens)
        if t.text.isdecimal() and len(t.text) <= 2 and t.text.isascii()
    ]
    for place in digits:
        if (
            any(m.first <= place < m.last for m in mentions)
            or int(tokens[place].text) == 0
        ):
            continue
        following = next(
            (m for m in mentions if m.kind == "target" and m.first > place), None
        )
        if (
            following is None
            or following.first - place > 5
            or not is_plural(tokens[following.last - 1].text)
        ):
            continue
        gap = [
            i
            for i in range(place + 1, following.first)
            if not any(m.first <= i < m.last for m in mentions)
        ]
        if not gap:
            yield Mention(
                "count",
                str(int(tokens[place].text)),
                place,
                place + 1,
                tokens[place].start,
                tokens[place].end,
            )
