"""Words of a text with their offsets, and a table that finds phrases among them."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
M = TypeVar("M")

INSERTS = frozenset({"the", "left", "right", "both", "bilateral"})
"""Words that may stand inside a phrase without changing what it means."""

MAX_INSERTS = 4
"""As many of them."""

_token = tuple.__new__
"""Makes a token of all its parts at once; many are made."""

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\w\s]|_")
_JOINS = "-/\u2010\u2011\u2013"
_SPELLINGS = (
    ("\u2019", "'"), ("haem", "hem"), ("oedem", "edem"), ("oesoph", "esoph"), ("tumour", "tumor"), ("grey", "gray"),
    ("caec", "cec"), ("faec", "fec"), ("centre", "center"), ("chaem", "chem"), ("colour", "color"),
    ("calibre", "caliber"), ("aemi", "emi"), ("localis", "localiz"), ("generalis", "generaliz"), ("fibre", "fiber"),
    ("visualis", "visualiz"), ("vascularis", "vasculariz"), ("dilatation", "dilation"), ("neoplasia", "neoplasm"),
    ("characteris", "characteriz"), ("naev", "nev"), ("leuco", "leuko"), ("orrhoea", "orrhea"), ("anaem", "anem"),
)  # fmt: skip
_PLURALS = {
    "nuclei": "nucleus", "bullae": "bulla", "apices": "apex", "metastases": "metastasis", "foci": "focus",
    "diverticula": "diverticulum", "emboli": "embolus", "hila": "hilum", "calculi": "calculus",
    "mitoses": "mitosis", "varices": "varix", "granulomata": "granuloma", "granulomas": "granuloma",
    "thrombi": "thrombus", "atelectases": "atelectasis", "axillae": "axilla", "menisci": "meniscus",
    "pneumothoraces": "pneumothorax", "bronchi": "bronchus", "vertebrae": "vertebra", "nevi": "nevus",
    "naevi": "nevus", "naevus": "nevus", "septa": "septum", "acini": "acinus", "thickenings": "thickening",
    "cortices": "cortex", "vertices": "vertex", "stenoses": "stenosis", "nucleoli": "nucleolus", "ova": "ovum",
    "diagnoses": "diagnosis", "fundi": "fundus", "gyri": "gyrus", "sulci": "sulcus", "ganglia": "ganglion",
    "aphthae": "aphtha", "papillae": "papilla", "pleurae": "pleura", "maculae": "macula", "patellae": "patella",
    "drusens": "drusen", "adenomata": "adenoma", "cysts": "cyst", "infiltrates": "infiltrate", "lenses": "lens",
}  # fmt: skip


class Token(NamedTuple):
    """A word, number or sign of a text.

    Attributes:
        word: Lower case, British and American spelling folded, plural taken off.
        text: As written.
        start, end: Character offsets [start, end).
        joined: True when a hyphen or slash ties it to the word before.
    """

    word: str
    text: str
    start: int
    end: int
    joined: bool = False


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """The form in which words are compared: lower case, one spelling, singular."""
    word = word.lower()
    if word in _PLURALS:
        word = _PLURALS[word]
    for one, other in _SPELLINGS:
        word = word.replace(one, other)
    if len(word) <= 3 or not word.isalpha() or word.endswith(("ss", "us", "is", "ous")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def is_plural(text: str) -> bool:
    """True for words in the plural ("nodules", "nuclei")."""
    word = text.lower()
    return word in _PLURALS or (word.endswith("s") and not word.endswith(("ss", "us", "is")))


def tokenise(text: str, first: int = 0, last: int | None = None) -> list[Token]:
    """Words, numbers and signs of text[first:last]; offsets count from the start of ``text``.

    Hyphens and slashes inside a word are left out (``ground-glass`` is two words).
    """
    last = len(text) if last is None else last
    tokens: list[Token] = []
    add = tokens.append
    joined = False
    for match in _TOKEN.finditer(text, first, last):
        start, end = match.span()
        sign = text[start:end]
        if (
            end - start == 1
            and sign in _JOINS
            and first < start
            and end < last
            and text[start - 1].isalnum()
            and text[end].isalnum()
        ):
            joined = True
            continue
        add(_token(Token, (fold(sign), sign, start, end, joined)))
        joined = False
    return tokens


class _Phrases(Generic[T]):
    """The phrases that begin with one word: its own meanings, and longer phrases by their second word."""

    __slots__ = ("alone", "longer")

    def __init__(self) -> None:
        self.alone: list[T] = []
        self.longer: dict[str, list[tuple[tuple[str, ...], list[T]]]] = {}


class PhraseTable(Generic[T]):
    """Finds the longest known phrase at every place of a text."""

    def __init__(self) -> None:
        self._phrases: dict[str, _Phrases[T]] = {}

    def add(self, phrase: str, meaning: T) -> None:
        """Let ``phrase`` have one more meaning."""
        words = tuple(token.word for token in tokenise(phrase))
        if not words:
            return
        entry = self._phrases.setdefault(words[0], _Phrases())
        meanings = entry.alone
        if len(words) > 1:
            listed = entry.longer.setdefault(words[1], [])
            known = next((found for phrase_words, found in listed if phrase_words == words), None)
            if known is None:
                known = []
                listed.append((words, known))
                listed.sort(key=_length, reverse=True)
            meanings = known
        if meaning not in meanings:
            meanings.append(meaning)

    def words(self) -> set[str]:
        """Every word of every phrase."""
        longer = {word for e in self._phrases.values() for listed in e.longer.values() for p, _ in listed for word in p}
        return longer | set(self._phrases)

    def find(self, words: Sequence[str], choose: Callable[[int, int, list[T]], Sequence[M]]) -> Iterator[M]:
        """What phrases mean, from left to right, the longest first, none overlapping.

        Args:
            words: Folded words of a sentence.
            choose: From first word, one past the last, and the meanings of a phrase
                to what it means here; nothing lets a shorter phrase have its turn.

        Inside a phrase, articles and sides are stepped over ("blunting of the
        left costophrenic angle").
        """
        place, count, known = 0, len(words), self._phrases
        while place < count:
            entry = known.get(words[place])
            if entry is None:
                place += 1
                continue
            chosen: Sequence[M] = ()
            end = place + 1
            for phrase, meanings in _candidates(entry.longer, words, place + 1) if entry.longer else ():
                end = _reach(words, place, phrase)
                chosen = choose(place, end, meanings) if end else ()
                if chosen:
                    break
            if not chosen and entry.alone:
                end = place + 1
                chosen = choose(place, end, entry.alone)
            yield from chosen
            place = end if chosen else place + 1


def _length(entry: tuple[tuple[str, ...], list[T]]) -> int:
    return len(entry[0])


def _candidates(
    longer: dict[str, list[tuple[tuple[str, ...], list[T]]]], words: Sequence[str], place: int
) -> Sequence[tuple[tuple[str, ...], list[T]]]:
    """The phrases whose second word stands at ``place``, or behind words that are stepped over; the longest first."""
    if place >= len(words):
        return ()
    found = longer.get(words[place], ())
    if words[place] not in INSERTS:
        return found
    gathered = list(found)
    limit = min(len(words) - 1, place + MAX_INSERTS)
    while place < limit and words[place] in INSERTS:
        place += 1
        gathered += longer.get(words[place], ())
    return sorted(gathered, key=_length, reverse=True)


def _reach(words: Sequence[str], place: int, phrase: Sequence[str]) -> int:
    """One past the last word of ``phrase`` where it stands at ``place``, else 0."""
    count = len(words)
    inserts = MAX_INSERTS
    for number, word in enumerate(phrase):
        while number and inserts and place < count and words[place] != word and words[place] in INSERTS:
            place += 1
            inserts -= 1
        if place >= count or words[place] != word:
            return 0
        place += 1
    return place
