"""Sizes in millimetres: one to three axes, but no distances, former sizes, increments, volumes or settings."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from medsegr.cognition.lexicon import Lexicon

_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"\w+|[^\w\s]")
_FAR = re.compile(r"[1-9]\d(?:[.,]\d)? ?cm")
"""How far in an endoscope is: "a polyp at 25 cm"."""

_WINDOW = 70
"""Characters before a size that may say that it is none of the finding's."""


class Measurement(NamedTuple):
    """A size found: its axes in mm and its offsets."""

    axes_mm: tuple[float, ...]
    start: int
    end: int


class SizeFinder:
    """Finds the sizes that sentences give of something; which words speak of other sizes is in the lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        def either(name: str) -> str:
            words = sorted(lexicon.triggers.get(f"words_{name}", ()), key=len, reverse=True)
            return "|".join(re.escape(word) + (r"\b" if word[-1].isalnum() else "") for word in words) or "(?!)"

        unit, result = rf"(?:{either('units_of_length')})", either("grows_to")
        signs = "|".join(map(re.escape, lexicon.triggers.get("words_times", ()))) or "(?!)"
        listed = rf"(?<=\d)(?<!\d{{3}}),?[^\S\n]{{1,3}}(?:{either('between_listed_sizes')})[^\S\n]{{1,3}}"
        first = rf",[^\S\n]{{1,2}}(?=\d{{1,2}}(?:\.\d{{1,2}})?{listed}\d{{1,2}}(?:\.\d{{1,2}})?[^\S\n]?{unit})"
        times = rf"(?:[^\S\n]{{0,3}}(?:{signs})[^\S\n]{{0,3}}|{listed}|{first})"
        self._changed = re.compile(rf"(?:{result})\W{{0,2}}(?:now\W)?$")
        self._goes_on = re.compile(rf"\W{{0,3}}(?:{result})\W{{0,3}}(?:now\W)?\d")
        self._numbers = {word: n for n in range(2, 13) for word in lexicon.triggers.get(f"count_{n}", ())}
        spoken = "|".join(word for word in self._numbers if word.isalpha()) or "(?!)"
        amount = rf"(?:\d{{1,5}}(?:[.,]\d{{1,4}})?|[.,]\d{{1,4}}|{spoken})"
        axis = rf"(?:[^\S\n]{{0,2}}(?:\((?:{either('axes')}|(?![a-z]{{5,}}\))[^()\n]{{1,22}})\)|{either('axes')}))?"
        more = rf"(?:{times}({amount})[^\S\n]{{0,3}}-?({unit})?{axis})?"
        last = rf"(?:[^\S\n]{{0,2}}({unit}))?(?![a-z\d\u00b2\u00b3^]|[^\S\n]?[\u00b2\u00b3^])"
        number = rf"(?<![\w.,/])({amount})[^\S\n]{{0,3}}-?({unit})?{axis}"
        then = (
            rf"(?:in|on|at) (?:(?:19|20)\d\d|(?:{either('months')}))|(?:on|in|at) (?:the )?(?:{either('former_times')})"
        )
        again = rf"(?:{either('formerly_behind')})(?!\W{{0,3}}(?:measur\w+ |was )?\d)"
        former = rf"in (?:19|20)\d\d:?|{either('former_ahead')}"
        fillers = rf"(?:\W{{1,3}}(?:{either('before_former_sizes')}|measur\w+))*"
        self._size = re.compile(number + more + more + last, re.I)
        words = (*lexicon.triggers.get("words_former_ahead", ()), *lexicon.triggers.get("words_sizes_of_a_part", ()))
        self._ahead = {_WORDS.findall(word.lower())[0] for word in words} | {">", "\u2265"}
        self._elsewhere = re.compile(
            rf"[^\w;.]{{1,3}}(?:{then}|{again}|{either('not_its_size')}|from\b(?!\W{{0,2}}\d))"
            rf"|[ \t-]{{1,2}}(?:{either('settings')})",
            re.I,
        )
        self._former = re.compile(rf"\b(?:{former})\.?{fillers}\W{{0,3}}$", re.I)
        self._part = re.compile(
            rf"(?:\b(?:{either('sizes_of_a_part')})(?: of|:| is| by)?|(?<![-=])[>\u2265])"
            rf"(?:\W{{1,2}}(?:{either('roughly')}))?[^\w,]{{0,3}}$",
            re.I,
        )
        self._lies_at = re.compile(rf"(?:^|\W)(?!(?:{either('sized_at')}))[\w-]+\W{{1,2}}at\W{{1,2}}$")

    def find(self, text: str, lowered: str) -> Iterator[Measurement]:
        """The sizes of a sentence; ``lowered`` is the same in lower case."""
        if not ("mm" in lowered or "cm" in lowered or "met" in lowered):
            return
        digit, in_words = _DIGIT.search(text), "meter" in lowered or "metre" in lowered
        begin = 0 if in_words else max(0, digit.start() - 1) if digit else len(text)
        for match in self._size.finditer(text, begin):
            one, unit, two, other_unit, three, last_unit, outer = match.groups()
            stated = outer or last_unit or other_unit or unit
            if stated is None or self._of_something_else(text, lowered, *match.span()):
                continue
            told = ((one, unit or stated), (two, other_unit or stated), (three, last_unit or stated))
            axes = tuple(self._millimetres(said, unit) for said, unit in told if said)
            yield Measurement(axes, *match.span())

    def _millimetres(self, said: str, unit: str) -> float:
        """Of a number in digits or, as the lexicon counts, in a word ("five")."""
        number = float(self._numbers.get(said.lower()) or said.replace(",", "."))
        return round(number * (10.0 if unit[0] in "cC" else 1.0), 4)

    def _of_something_else(self, text: str, lowered: str, start: int, end: int) -> bool:
        """True for a distance, a former size, an increment, a part's size or a setting."""
        ahead = lowered[max(0, start - _WINDOW) : start]
        led = "in 19" in ahead or "in 20" in ahead or not self._ahead.isdisjoint(_WORDS.findall(ahead))
        if self._elsewhere.match(text, end) or (led and self._part.search(ahead)):
            return True
        if self._changed.search(ahead):
            return False
        if ahead.endswith("at ") and _FAR.match(lowered, start) and self._lies_at.search(ahead):
            return True
        return bool(led and self._former.search(ahead)) or bool(self._goes_on.match(text, end))
