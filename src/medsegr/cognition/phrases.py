"""Words of a text with their offsets, and a table that finds phrases among them."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

INSERTS = frozenset({
    "the", "left", "right", "both", "bilateral",
    "absolutely", "completely", "conclusively", "confidently", "convincingly", "definitely", "definitively", "easily",
    "entirely", "fully", "readily", "reliably", "safely", "totally",
})  # fmt: skip
"""Words that may stand inside a phrase without changing what it means."""

MAX_INSERTS = 4
"""As many of them."""

REMEMBERED = 1 << 14
"""Words whose folded form is kept: most words of a lexicon stand in many of its phrases."""

_token = tuple.__new__
"""Makes a token of all its parts at once; many are made."""

_JOIN = r"(?<=[^\W_])[-/\u2010\u2011\u2013](?=[^\W_])"
"""A hyphen or slash inside a word; it is left out."""

_TOKEN = re.compile(rf"\d+(?:\.\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|(?!{_JOIN})[^\w\s]|_")
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
    """

    word: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=REMEMBERED)
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


def phrases_at(phrases: Phrases[T], words: Sequence[str], place: int) -> Sequence[tuple[int, Phrases[T]]]:
    """The phrases that stand at a place of a sentence, the longest first: (one past the last word, the phrase).

    Args:
        phrases: Those that begin with the word at this place.
        words: Folded words of the sentence.
        place: Where the phrase begins.

    Inside a phrase, articles and sides are stepped over ("blunting of the left
    costophrenic angle").
    """
    end, count = place + 1, len(words)
    found = [(end, phrases)] if phrases.meanings else []
    while phrases.longer and end < count:
        word = words[end]
        if word in INSERTS:
            return _over_inserts(phrases, words, end, found)
        following = phrases.longer.get(word)
        if following is None:
            break
        phrases = following
        end += 1
        if phrases.meanings:
            found.append((end, phrases))
    return found[::-1] if len(found) > 1 else found


def _over_inserts(
    phrases: Phrases[T], words: Sequence[str], place: int, shorter: list[tuple[int, Phrases[T]]]
) -> Sequence[tuple[int, Phrases[T]]]:
    """Where words may be stepped over: what goes on with the word at ``place`` or the next, and what ends before."""
    if phrases.longer.keys().isdisjoint(words[place : place + MAX_INSERTS + 1]):
        return shorter[::-1]
    longer = sorted(_branches(phrases, words, place, 0, MAX_INSERTS), key=_most_words)
    return [(end, phrase) for _, end, phrase in longer] + shorter[::-1]


def _most_words(found: tuple[int, int, Phrases[T]]) -> int:
    return -found[0]


def _branches(
    phrases: Phrases[T], words: Sequence[str], place: int, depth: int, inserts: int
) -> Iterator[tuple[int, int, Phrases[T]]]:
    """Phrases that go on at ``place``: (number of further words, one past the last, the phrase)."""
    if place == len(words):
        return
    word = words[place]
    following = phrases.longer.get(word)
    if following is not None:
        if following.meanings:
            yield depth + 1, place + 1, following
        if following.longer:
            yield from _branches(following, words, place + 1, depth + 1, inserts)
    if inserts and word in INSERTS:
        yield from _branches(phrases, words, place + 1, depth, inserts - 1)
