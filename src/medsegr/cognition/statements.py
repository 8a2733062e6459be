"""Sentences that say a finding without its name ("Heart size is normal"): regular expressions of the lexicon.

An expression is tried only in sentences that hold one of the strings of letters
that every match of it must hold; which words can hold them is known word by word.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Presence

try:
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as patterns  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as patterns


_CLEAR_OF = re.compile(r"\b(?:clear|free)\s+(?:of|from)\b", re.I)
"""Where "the lungs are clear" goes on so, its last word is left to what they are clear of: that is denied as well."""

_LETTERS = re.compile(r"[^\W\d_]+")


class Stated(NamedTuple):
    """A statement found: what it says of which targets, and its offsets."""

    targets: tuple[str, ...]
    presence: Presence
    start: int
    end: int


class Rule(NamedTuple):
    """A statement of the lexicon, ready to be tried."""

    keys: tuple[str, ...]
    pattern: "re.Pattern[str]"
    targets: tuple[str, ...]
    presence: Presence


class Statements:
    """The statements of a lexicon.

    Attributes:
        rules: In the order of the lexicon: an earlier one goes before a later.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.rules = [
            Rule(keys_of(s.find), re.compile(r"\b(?:" + s.find + r")", re.I), s.targets, s.presence)  # type: ignore[arg-type]
            for s in lexicon.statements
        ]
        self._anywhere = frozenset(n for n, rule in enumerate(self.rules) if not all(map(_piece, rule.keys or ("",))))
        self._by_start: dict[str, list[tuple[str, int]]] = {}
        for number, rule in enumerate(self.rules):
            for key in rule.keys if number not in self._anywhere else ():
                piece = _piece(key)
                self._by_start.setdefault(piece[:2], []).append((piece, number))

    def with_word(self, word: str) -> tuple[int, ...]:
        """Numbers of the rules that a word of lower case may be part of."""
        numbers = {
            number
            for at in range(len(word) - 1)
            for piece, number in self._by_start.get(word[at : at + 2], ())
            if word.startswith(piece, at)
        }
        return tuple(sorted(numbers))

    def possible(self, numbers: Iterable[tuple[int, ...]]) -> list[Rule]:
        """The rules that may hold in a sentence, from what is known of each of its words."""
        there = self._anywhere.union(*numbers)
        return [self.rules[number] for number in sorted(there)] if there else []


def _piece(key: str) -> str:
    """The longest run of letters in a key, which stands within one word; empty where it has none of two letters."""
    longest = max(_LETTERS.findall(key), key=len, default="")
    return longest if len(longest) > 1 else ""


def find_statements(rules: Iterable[Rule], text: str, lowered: str) -> Iterator[Stated]:
    """The statements of a sentence, none overlapping; an earlier rule goes before a later one."""
    taken: list[tuple[int, int]] = []
    for rule in rules:
        if rule.keys and not any(key in lowered for key in rule.keys):
            continue
        for match in rule.pattern.finditer(text):
            first, last = match.span()
            if first == last or any(a < last and first < b for a, b in taken):
                continue
            of_what = _CLEAR_OF.search(text, max(first, last - 5), last + 8)
            last = of_what.start() if of_what and first < of_what.start() < last else last
            taken.append((first, last))
            yield Stated(rule.targets, rule.presence, first, last)


def keys_of(expression: str) -> tuple[str, ...]:
    """Strings of lower case, one of which every match holds; none where no such strings are known."""
    found = _needed(patterns.parse(expression, re.I))
    return tuple(sorted(found)) if found and min(map(len, found)) >= 2 else ()


def _needed(parsed: Any) -> set[str] | None:
    """The best set of strings, one of which stands in every match: that whose shortest is longest."""
    sets: list[set[str]] = []
    run = ""
    for code, value in parsed:
        if code is codes.LITERAL:
            run += chr(value).lower()
            continue
        if run:
            sets.append({run})
        run = ""
        found = _needed_in(code, value)
        if found:
            sets.append(found)
    if run:
        sets.append({run})
    return max(sets, key=lambda strings: min(map(len, strings)), default=None)


def _needed_in(code: Any, value: Any) -> set[str] | None:
    if code is codes.SUBPATTERN:
        return _needed(value[-1])
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and value[0] > 0:
        return _needed(value[2])
    if code is codes.BRANCH:
        parts = [_needed(branch) for branch in value[1]]
        return set().union(*parts) if all(parts) else None  # type: ignore[arg-type]
    return None
