"""What is known of words as they are written: their form, the phrases they begin, the statements they may stand in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from medsegr.cognition.grammar import general_words, is_phrase
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meaning
from medsegr.cognition.phrases import Phrases, PhraseTable, tokenise
from medsegr.cognition.spelling import SHORTEST, Spelling
from medsegr.cognition.statements import Statements
from medsegr.word_forms import fold

REMEMBERED, LONGEST = 65536, 40
"""Words that are remembered, and the longest such, in characters."""

_COUNT = "count_"
_LETTERS = "words_letters_"
"""Triggers named so list the letters that stand for a side, as they are written; in pictures of one region alone
where its name stands before the side."""


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of a word, number or sign as it is written.

    Attributes:
        word: Lower case, British and American spelling folded, plural taken off.
        text: As written.
        meant: The same as ``word``, or the known word that it misspells.
        begins: The phrases that begin with it, or None.
        states: Numbers of the statements that may hold where it stands.
    """

    word: str
    text: str
    meant: str
    begins: Phrases[Meaning] | None
    states: tuple[int, ...]


class Wording:
    """The words of a sentence, in order.

    Attributes:
        tokens: What is known of each.
        starts, ends: Characters [start, end) of each.
        words: What each means: folded and mended.
        known: The same as a set.
    """

    __slots__ = ("ends", "known", "starts", "tokens", "words")

    def __init__(self, tokens: list[Word], starts: list[int], ends: list[int]) -> None:
        self.tokens = tokens
        self.starts = starts
        self.ends = ends
        self.words = [token.meant for token in tokens]
        self.known = frozenset(self.words)


class Vocabulary:
    """The words of a lexicon; remembers what is known of those that it met.

    Attributes:
        statements: The statements of the lexicon.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.statements = Statements(lexicon)
        self._table = _table_of(lexicon)
        self._known = self._table.words() | set(map(fold, lexicon.triggers.get("words_spelt_right", ())))
        self._spelling = Spelling(self._table.words())
        words = lexicon.triggers
        self._letters = {
            letter: name.removeprefix(_LETTERS).replace("_", "")
            for name in words
            if name.startswith(_LETTERS)
            for letter in words[name]
        }
        self._no_sides = frozenset(words.get("words_no_sides", ()))
        vertebrae = "|".join(map(re.escape, words.get("words_vertebrae", ()))) or "(?!)"
        self._vertebra = re.compile(rf"(?<![^\W_])(?:{vertebrae})(?![^\W_])")
        self._met: dict[str, tuple[tuple[Word, int, int], ...]] = {}

    def begins(self, word: str) -> Phrases[Meaning] | None:
        """The phrases that begin with a folded word, or None."""
        return self._table.beginning.get(word)

    def forget(self) -> None:
        """Drop the words that were met."""
        self._met.clear()
        self._spelling.forget()

    def wording_of(self, text: str) -> Wording:
        """The words of a sentence."""
        tokens: list[Word] = []
        starts: list[int] = []
        ends: list[int] = []
        met = self._met
        at = 0
        for chunk in text.split(" "):
            found = met.get(chunk)
            for word, start, end in self._meet(chunk) if found is None else found:
                tokens.append(word)
                starts.append(at + start)
                ends.append(at + end)
            at += len(chunk) + 1
        return Wording(tokens, starts, ends)

    def _meet(self, chunk: str) -> tuple[tuple[Word, int, int], ...]:
        """The words between two blanks, and where they begin there."""
        sided = chunk.strip("(),.;:").upper() not in self._no_sides
        bones = {match.start() for match in self._vertebra.finditer(chunk)}
        found = tuple(
            (self._word("vertebra" if token.start in bones else token.word, token.text, sided), token.start, token.end)
            for token in tokenise(chunk)
        )
        if len(self._met) < REMEMBERED and len(chunk) <= LONGEST:
            self._met[chunk] = found
        return found

    def _word(self, word: str, text: str, sided: bool) -> Word:
        mended = self._spelling.mend(word) if word not in self._known and len(word) >= SHORTEST else word
        meant = self._letters.get(text, mended) if sided and word != "vertebra" else mended
        return Word(word, text, meant, self.begins(meant), self.statements.with_word(lower(text)))


def lower(text: str) -> str:
    """Lower case of the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _table_of(lexicon: Lexicon) -> PhraseTable[Meaning]:
    table: PhraseTable[Meaning] = PhraseTable()
    general = general_words(lexicon)
    for target in lexicon.targets.values():
        for word in (*target.words, *target.here):
            here = word in target.here
            is_general = here and tuple(token.word for token in tokenise(word)) in general
            table.add(word, Meaning((("target", target.name),), here, is_general))
    for kind, name, word in _phrases_of(lexicon):
        table.add(word, Meaning(((kind, name),), False))
    for trigger in lexicon.triggers:
        region, _, side = trigger.removeprefix(_LETTERS).rpartition("_")
        if trigger.startswith(_LETTERS) and region:
            table.add(f"{region}{side}", Meaning((("side", side),), False, region=region))
    for zone in lexicon.zones.values():
        for word in zone.here:
            table.add(word, Meaning((("zone", zone.name),), True))
    for word, parts in lexicon.combined.items():
        table.add(word, Meaning(parts, False))
    return table


def _phrases_of(lexicon: Lexicon) -> Iterator[tuple[str, str, str]]:
    """The phrases for anything but targets: (kind, name, words)."""
    for zone in lexicon.zones.values():
        yield from (("zone", zone.name, word) for word in zone.words)
    for kind, table in (("texture", lexicon.textures), ("shape", lexicon.shapes)):
        yield from ((kind, entry.name, word) for entry in table.values() for word in entry.words)
    for side, words in lexicon.sides.items():
        yield from (("side", side, word) for word in words)
    for cue in lexicon.cues.values():
        yield from ((kind, cue.name, word) for kind in cue.kinds() for word in cue.words)
    for trigger, words in lexicon.triggers.items():
        if trigger.startswith(_COUNT):
            yield from (("count", trigger.removeprefix(_COUNT), word) for word in words)
        elif is_phrase(trigger):
            yield from ((trigger, trigger, word) for word in words)
