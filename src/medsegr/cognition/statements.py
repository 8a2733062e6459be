"""Sentences that say a finding without its name ("Heart size is normal"): regular expressions of the lexicon.

An expression is tried only in sentences that hold the strings of letters that
every match of it must hold; which words can hold them is known word by word.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Presence

_LETTERS = re.compile(r"[^\W\d_]+")

_STRANGE = re.compile(r"\\[0-9NUux]|(?:^|[^\\])(?:\\\\)*\(\?[^:=!<]|[\0\U000f0000-\U0010ffff]")
"""What is not looked into: letters by their number, groups that come again, are named, or switch something on."""

_SIGN = re.compile(r"\\(.)|\[\^?\]?(?:\\.|[^]\\])*\]|[.^$]", re.S)
_GROUP = re.compile(r"\((\?<?[=!])?(?:\?:)?([^()]*)\)")
_REPEATED = re.compile(r"(.)(?:(?P<maybe>[*?]|\{0*(?:,\d*)?\})|\+|\{\d+(?:,\d*)?\})[?+]?", re.S)
_CUT = re.compile(r"[.;:(]")
_ARTICLE = len("the ")
_GAP, _SET, _ESCAPED = "\0", 0xF0000, 0x100000
"""Stands for letters that are open; where those begin that stand for groups, and for signs with a backslash."""

_BETWEEN = re.compile(r"[\0\U000f0000-\U000fffff]")


class Stated(NamedTuple):
    """A statement found: what it says of which targets, and its offsets."""

    targets: tuple[str, ...]
    presence: Presence
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Rule:
    """A statement of the lexicon.

    Attributes:
        keys: Sets of strings, one string of each of which stands in every sentence that says it, the best set first;
            none where none are known.
        find: Its regular expression.
        targets, presence: What it says.
    """

    keys: tuple[tuple[str, ...], ...]
    find: str
    targets: tuple[str, ...]
    presence: Presence

    @cached_property
    def pattern(self) -> "re.Pattern[str]":
        """Its expression, compiled when a sentence may hold it: few of them ever do."""
        return re.compile(r"\b(?:" + self.find + r")", re.I)


class Statements:
    """The statements of a lexicon.

    Attributes:
        rules: In the order of the lexicon: an earlier one goes before a later.
        clear_of: Words that lead to what something is clear of.
        listed: What is said of the organs of a list: "... are normal".
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.rules = [
            Rule(keys_of(s.find), s.find, s.targets, s.presence)  # type: ignore[arg-type]
            for s in lexicon.statements
        ]
        of_what = lexicon.triggers.get("words_clear_of", ())
        clear = "|".join(re.escape(words).replace(r"\ ", r"\s+") for words in of_what)
        self.clear_of = re.compile(rf"\b(?:{clear or '(?!)'})\b", re.I)
        verbs, adverbs, well = (
            _either(lexicon, *n) for n in (["verbs"], ["adverbs"], ["normal", "clear", "sound", "same"])
        )
        said = rf"(?:\s*:\s*|\s+(?:(?:{verbs})\s+)?)(?:(?:{adverbs})\s+)*(?:{well})\b"
        link = rf"(?:\b|\s)(?:{_either(lexicon, 'link')})(?=\s)"
        self._link, self.member = re.compile(link), re.compile(rf"(?:(?!{link}).)+", re.I | re.S)
        self.listed = re.compile(rf"{said}|\b(?P<ahead>{well}) ", re.I)
        best = [rule.keys[0] if rule.keys else ("",) for rule in self.rules]
        self._anywhere = frozenset(number for number, keys in enumerate(best) if not all(map(_piece, keys)))
        self._by_start: dict[str, list[tuple[str, int]]] = {}
        for number, keys in enumerate(best):
            for piece in map(_piece, keys) if number not in self._anywhere else ():
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

    def of(self, rules: Sequence[Rule], text: str, lowered: str) -> list[Stated]:
        """The statements of a sentence, of those rules that may hold in it: those of lists before others."""
        listed = list(of_lists(rules, text, self.listed, self.member)) if self._link.search(lowered) else []
        others = find_statements(rules, text, lowered, self.clear_of)
        return listed + [one for one in others if not any(o.start < one.end and one.start < o.end for o in listed)]

    def possible(self, numbers: Iterable[tuple[int, ...]]) -> list[Rule]:
        """The rules that may hold in a sentence, from what is known of each of its words."""
        there = self._anywhere.union(*numbers)
        return [self.rules[number] for number in sorted(there)] if there else []


def _either(lexicon: Lexicon, *names: str) -> str:
    words = [word for name in names for word in lexicon.triggers.get(f"words_any_{name}", ())]
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"


def _piece(key: str) -> str:
    """The longest run of letters in a key, which stands within one word; empty where it has none of two letters."""
    longest = max(_LETTERS.findall(key), key=len, default="")
    return longest if len(longest) > 1 else ""


def find_statements(rules: Iterable[Rule], text: str, lowered: str, clear_of: "re.Pattern[str]") -> Iterator[Stated]:
    """The statements of a sentence, none overlapping; an earlier rule goes before a later one.

    Where "the lungs are clear" goes on ``clear_of``, its last word is left to that: it is denied as well.
    """
    taken: list[tuple[int, int]] = []
    for rule in rules:
        if not _may_hold(rule.keys, lowered):
            continue
        for match in rule.pattern.finditer(text):
            first, last = match.span()
            if first == last or any(a < last and first < b for a, b in taken):
                continue
            of_what = clear_of.search(text, max(first, last - 5), last + 8)
            last = of_what.start() if of_what and first < of_what.start() < last else last
            taken.append((first, last))
            yield Stated(rule.targets, rule.presence, first, last)


def of_lists(
    rules: Sequence[Rule], text: str, listed: "re.Pattern[str]", member: "re.Pattern[str]"
) -> Iterator[Stated]:
    """The statements of lists of which each member makes one with what is said of all: "heart and lungs are normal"."""
    for said in listed.finditer(text):
        ahead, stated = said["ahead"], said.group()
        stretch = text[said.end() :] if ahead else text[: said.start()]
        cut = _CUT.split(stretch)[0 if ahead else -1]
        start = said.end() if ahead else said.start() - len(cut)
        end, stated = start + len(cut), f": {ahead}" if ahead else stated
        members = [one for one in member.finditer(text, start, end) if one.group().strip()]
        rules_of = [_first_of(rules, one.group().strip(), stated) for one in members]
        found = [rule for rule in rules_of if rule is not None]
        if len(found) < len(members) or len({rule.targets for rule in found}) < 2:
            continue
        for one, rule in zip(members, found, strict=True):
            last = one is members[-1] and not said["ahead"]
            yield Stated(rule.targets, rule.presence, one.start(), said.end() if last else one.end())


def _first_of(rules: Iterable[Rule], member: str, said: str) -> Rule | None:
    """The first rule that holds for a member of a list, with what is said of all."""
    for rule in rules:
        match = rule.pattern.search(member + said)
        if match is not None and match.start() <= _ARTICLE and match.end() > len(member):
            return rule
    return None


def _may_hold(keys: Sequence[Sequence[str]], lowered: str) -> bool:
    """True for a text that holds a string of each set."""
    for strings in keys:
        for string in strings:
            if string in lowered:
                break
        else:
            return False
    return True


def keys_of(expression: str) -> tuple[tuple[str, ...], ...]:
    """Sets of strings of lower case, of each of which every match holds one, the best first; none where none are known.

    Groups are looked into from the innermost outwards; a letter that is in no text takes the place of each.
    """
    sets: list[set[str]] = []

    def as_letter(group: "re.Match[str]") -> str:
        found = None if group[1] else _best(_needed(group[2], sets))
        if not found:
            return _GAP
        sets.append(found)
        return chr(_SET + len(sets) - 1)

    text, count = _SIGN.sub(_as_letter, expression), 1
    while count:
        text, count = _GROUP.subn(as_letter, text)
    if _STRANGE.search(expression) or "(" in text or ")" in text:
        return ()
    found = [strings for strings in _needed(text, sets) if min(map(len, strings)) >= 2]
    return tuple(tuple(sorted(strings)) for strings in sorted(found, key=_worth, reverse=True))


def _as_letter(sign: "re.Match[str]") -> str:
    """A sign with a backslash as a letter that no group can end; what stands for several letters, or none, as a gap."""
    plain = sign[1] is not None and not sign[1].isalnum() and sign[1] < "\uffff"
    return chr(_ESCAPED + ord(sign[1])) if plain else _GAP


def _needed(body: str, sets: list[set[str]]) -> list[set[str]]:
    """Sets of strings, of each of which one stands in every match of what stands between two brackets."""
    body = _REPEATED.sub(lambda found: _GAP if found["maybe"] else found[1] + _GAP, body)
    branches = [_needed_in(branch, sets) for branch in body.split("|")]
    if len(branches) == 1:
        return branches[0]
    best = [_best(found) for found in branches]
    return [set().union(*best)] if all(best) else []


def _needed_in(branch: str, sets: list[set[str]]) -> list[set[str]]:
    runs = ("".join(chr(ord(letter) % _ESCAPED) for letter in run).lower() for run in _BETWEEN.split(branch))
    return [{run} for run in runs if run] + [sets[ord(at) - _SET] for at in branch if _SET <= ord(at) < _ESCAPED]


def _best(found: Iterable[set[str]]) -> set[str]:
    """The longest strings, and of those the fewest."""
    return max(found, key=_worth, default=set())


def _worth(strings: set[str]) -> tuple[int, int]:
    return min(map(len, strings)), -len(strings)
