"""What is known of words as they are written: their form, the phrases they begin, the statements they may stand in."""

from collections.abc import Iterator
from typing import NamedTuple

from medsegr.cognition.grammar import ORGAN, WORD_SETS
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meaning
from medsegr.cognition.phrases import Phrases, PhraseTable, Token, tokenise
from medsegr.cognition.spelling import SHORTEST, Spelling
from medsegr.cognition.statements import Statements

REMEMBERED, LONGEST = 65536, 40
"""Words that are remembered, and the longest such, in characters."""

_COUNT = "count_"
_LETTERS = {"L": "left", "R": "right"}
_token = tuple.__new__


class Form(NamedTuple):
    """What is known of a word.

    Attributes:
        word: Folded; mended where it misspells a known word.
        begins: The phrases that begin with it, or None.
        states: Numbers of the statements that may hold where it stands.
    """

    word: str
    begins: Phrases[Meaning] | None
    states: tuple[int, ...]


class Vocabulary:
    """The words of a lexicon; remembers what is known of those that it met.

    Attributes:
        statements: The statements of the lexicon.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.statements = Statements(lexicon)
        self._table = _table_of(lexicon)
        self._known = self._table.words()
        self._spelling = Spelling(self._known)
        self._met: dict[str, tuple[tuple[Form, Token], ...]] = {}

    def begins(self, word: str) -> Phrases[Meaning] | None:
        """The phrases that begin with a folded word, or None."""
        return self._table.beginning.get(word)

    def words_of(self, text: str) -> tuple[list[Token], list[Form]]:
        """The words of a sentence, in order, and what is known of each."""
        tokens: list[Token] = []
        forms: list[Form] = []
        met = self._met
        at = 0
        for chunk in text.split():
            at = text.find(chunk, at)
            for form, (word, written, start, end) in met.get(chunk) or self._meet(chunk):
                forms.append(form)
                tokens.append(_token(Token, (word, written, at + start, at + end)))
            at += len(chunk)
        return tokens, forms

    def _meet(self, chunk: str) -> tuple[tuple[Form, Token], ...]:
        """The words between two blanks, offsets counted from the first letter."""
        found = tuple((self._form(token), token) for token in tokenise(chunk))
        if len(self._met) < REMEMBERED and len(chunk) <= LONGEST:
            self._met[chunk] = found
        return found

    def _form(self, token: Token) -> Form:
        word = token.word
        if word not in self._known and len(word) >= SHORTEST:
            word = self._spelling.mend(word)
        word = _LETTERS.get(token.text, word)
        return Form(word, self.begins(word), self.statements.with_word(lower(token.text)))


def lower(text: str) -> str:
    """Lower case of the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _table_of(lexicon: Lexicon) -> PhraseTable[Meaning]:
    table: PhraseTable[Meaning] = PhraseTable()
    for target in lexicon.targets.values():
        for word in (*target.words, *target.here):
            table.add(word, Meaning((("target", target.name),), word in target.here))
    for kind, name, word in _phrases_of(lexicon):
        table.add(word, Meaning(((kind, name),), False))
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
    for trigger, words in lexicon.triggers.items():
        if trigger.startswith(_COUNT):
            yield from (("count", trigger.removeprefix(_COUNT), word) for word in words)
        elif trigger not in WORD_SETS and not trigger.startswith(ORGAN):
            yield from ((trigger, trigger, word) for word in words)
