"""Words of a text with their offsets, and a table that finds phrases among them."""

import re
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from medsegr.word_forms import fold

T = TypeVar("T")

MAX_INSERTS = 4
"""Words that may stand inside a phrase without changing what it means."""

_token = tuple.__new__
"""Makes a token of all its parts at once; many are made."""

_JOIN = r"(?<=[^\W_])[-/\u2010\u2011\u2013](?=[^\W_])"
"""A hyphen or slash inside a word; it is left out."""

_TOKEN = re.compile(rf"\d+(?:\.\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|(?!{_JOIN})[^\w\s]|_")


class Token(NamedTuple):
    """A word, number or sign of a text.

    Attributes:
        word: Lower case, British and American spelling folded, plural taken off.
        text: As written.
        start, end: Character offsets [start, end).
    """

    word: str
    text: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """Words, numbers and signs of a text.

    Hyphens and slashes inside a word are left out (``ground-glass`` is two words).
    """
    return [_token(Token, (fold(m[0]), m[0], *m.span())) for m in _TOKEN.finditer(text)]


class Phrases(Generic[T]):
    """The phrases that begin with certain words.

    Attributes:
        meanings: What these words mean by themselves; empty where they only begin longer phrases.
        longer: The phrases that go on, by their next word.
    """

    __slots__ = ("longer", "meanings")

    def __init__(self) -> None:
        self.meanings: list[T] = []
        self.longer: dict[str, Phrases[T]] = {}


class PhraseTable(Generic[T]):
    """The known phrases, as a tree of their words.

    Attributes:
        beginning: The phrases by their first word.
    """

    def __init__(self) -> None:
        self.beginning: dict[str, Phrases[T]] = {}

    def add(self, phrase: str, meaning: T) -> None:
        """Let ``phrase`` have one more meaning."""
        branches, known = self.beginning, None
        for token in tokenise(phrase):
            known = branches.setdefault(token.word, Phrases())
            branches = known.longer
        if known is not None and meaning not in known.meanings:
            known.meanings.append(meaning)

    def words(self) -> set[str]:
        """Every word of every phrase."""
        found: set[str] = set()
        branches = [self.beginning]
        while branches:
            known = branches.pop()
            found.update(known)
            branches += [phrases.longer for phrases in known.values()]
        return found


def phrases_at(
    phrases: Phrases[T], words: Sequence[str], place: int, inserts: frozenset[str]
) -> Sequence[tuple[int, Phrases[T]]]:
    """The phrases that stand at a place of a sentence, the longest first: (one past the last word, the phrase).

    Args:
        phrases: Those that begin with the word at this place.
        words: Folded words of the sentence.
        place: Where the phrase begins.
        inserts: Words that may stand inside a phrase without changing what it means.

    Inside a phrase, articles and sides are stepped over ("blunting of the left
    costophrenic angle").
    """
    end, count = place + 1, len(words)
    found = [(end, phrases)] if phrases.meanings else []
    while end < count and phrases.longer:
        word = words[end]
        if word in inserts:
            return _over_inserts(phrases, words, end, found, inserts)
        following = phrases.longer.get(word)
        if following is None:
            break
        phrases = following
        end += 1
        if phrases.meanings:
            found.append((end, phrases))
    return found[::-1] if len(found) > 1 else found


def _over_inserts(
    phrases: Phrases[T],
    words: Sequence[str],
    place: int,
    shorter: list[tuple[int, Phrases[T]]],
    inserts: frozenset[str],
) -> Sequence[tuple[int, Phrases[T]]]:
    """Where words may be stepped over: what goes on with the word at ``place`` or the next, and what ends before."""
    if phrases.longer.keys().isdisjoint(words[place : place + MAX_INSERTS + 1]):
        return shorter[::-1]
    longer = sorted(_branches(phrases, words, place, MAX_INSERTS, inserts), key=_most_words)
    return [(end, phrase) for _, end, phrase in longer] + shorter[::-1]


def _most_words(found: tuple[int, int, Phrases[T]]) -> int:
    return -found[0]


def _branches(
    phrases: Phrases[T], words: Sequence[str], place: int, left: int, inserts: frozenset[str]
) -> Iterator[tuple[int, int, Phrases[T]]]:
    """Phrases that go on at ``place``: (number of further words, one past the last, the phrase)."""
    if place == len(words):
        return
    word = words[place]
    following = phrases.longer.get(word)
    if following is not None:
        if following.meanings:
            yield 1, place + 1, following
        if following.longer:
            for count, end, phrase in _branches(following, words, place + 1, left, inserts):
                yield count + 1, end, phrase
    if left and word in inserts:
        yield from _branches(phrases, words, place + 1, left - 1, inserts)
