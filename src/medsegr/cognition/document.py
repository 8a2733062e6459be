"""A report as a document: its sections, lines, list items and sentences, before any word is understood.

What stands under a heading that does not speak of this image is left out. What is left is cut into units: sentences,
lines, items of lists (bullets, ``1)``, ``a)``, on lines of their own or within one), a field with its answer.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from medsegr.cognition.lexicon import Lexicon

LONGEST_SENTENCE = 1500
"""Characters; reports hold no such sentence, other files do."""

WRAPPED = 48
"""A line at least this long may go on in the next; a shorter one was ended on purpose."""

_END = (
    r"[.;!?\n](?:(?<=\n)|(?<=[.!?])(?=\s|$|[\"\u201d)\]]*(?:\s|$))"  # the end of a line, of a sentence
    r"|(?<=[a-z]{2}[.;!?])(?=[A-Z]|\d{1,2}[.)]\s*[A-Za-z])|(?<=\d\.)(?=[A-Z][a-z]))"  # the same, without a blank
)
_ITEM = (
    r"(?<=\s)(?=\(?(?:\d{1,2}|[a-h]|i{1,3}|iv|v)\)(?:\s|[A-Z])"  # an item of a list within a line
    r"|\[\d{1,2}\]\s|[\u2022\u25cf\u25aa*]\s)"
)
_CUT, _CUT_LISTS = re.compile(_END), re.compile(f"{_END}|{_ITEM}")
_MARKS = re.compile(r"[)\]\u2022\u25cf\u25aa*]")
"""Signs without which no item of a list stands within a line."""

_BULLET = re.compile(
    r"\s*(?:(?:[*\u2022\u00b7\u25cf\u25aa>]|[-\u2013](?=\s)|#{2,6})\s*)?"
    r"(?:\(?(?:\d{1,2}|[a-h]|i{1,3}|iv|v)\)\s*|\[\d{1,2}\]\s*|\d{1,2}\.(?!\d)\s*)?"
)
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_STOP = re.compile(r"[.!?](?=\s|$)|\n")
_WORD = re.compile(r"\w")
_NUMBER = re.compile(r"\s*\d{1,2}$")
_HEADED = re.compile(r"[:\n\u2013]|-(?=\s)")
_REST = r"[ \t]*(?::|[-\u2013](?=\s)|(?=\r?\n)|$)"
_MARK = r"[ \t]*(?:[*#>-]{1,6}[ \t]*)?(?:\d{1,2}[.)][ \t]*)?"
_BEFORE = re.compile(r"[\n.;!?>](?:(?<=\n)| )")


class Unit(NamedTuple):
    """A sentence, line or item of a report.

    Attributes:
        start, end: Characters [start, end).
        whole_line: It has its line for itself.
        item: A mark of a list stands before it.
        closing: What ends it: ``.``, ``?``, or the end of the line.
    """

    start: int
    end: int
    whole_line: bool = False
    item: bool = False
    closing: str = ""


class Layout:
    """Cuts reports; knows the headings, short forms and answers of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon.triggers
        self._headings = re.compile(
            rf"{_MARK}(?:(?P<elsewhere>{_either(words.get('elsewhere_heads', ()))})"
            rf"|(?P<here>{_either(words.get('image_heads', ()))})){_REST}",
            re.I,
        )
        self._short = re.compile(rf"\b(?:{_either(words.get('words_short_forms', ()))})$", re.I)
        self._short_sides = re.compile(rf"\b(?:{_either(words.get('words_short_sides', ()))})$", re.I)
        self._goes_on = re.compile(rf"(?:\b(?:{_either(words.get('words_goes_on_behind', ()))})|,)[ \t\r]*$", re.I)
        answers = _either((*words.get("words_yes", ()), *words.get("words_no", ())))
        self._answered = re.compile(rf"(?:[^\w\s,;]|\t|  )\s*(?:{answers})[ \t\r]*$", re.I)
        self._answer = re.compile(rf"[ \t]*(?:{answers})[ \t]*(?=[.,;\n]|$)", re.I)
        self._next_line = re.compile(rf"[ \t\r]*\n[ \t]*(?:{answers})[ \t.]*(?:\r?\n|$)", re.I)

    def units(self, text: str) -> Iterator[Unit]:
        """The units of a report that speak of this image, in order."""
        for first, last in outside(text, self.elsewhere(text)):
            yield from self.split(text, first, last)

    def split(self, text: str, first: int = 0, last: int | None = None) -> list[Unit]:
        """The units of text[first:last]. A line ends one unless it is long and the next goes on in lower case, or it
        ends in a word that cannot be the last, or in a colon or question mark that the next line answers."""
        units: list[Unit] = []
        last = len(text) if last is None else last
        start, opens = first, not text[text.rfind("\n", 0, first) + 1 : first].strip()
        cuts = _CUT_LISTS if _MARKS.search(text, first, last) else _CUT
        for match in cuts.finditer(text, first, last):
            place = match.start()
            if place >= start and self._ends(text, start, match, last):
                units += _units(text, start, place, opens)
                opens = text[place] == "\n" or (opens and not text[start : match.end()].strip())
                start = match.end()
        units += _units(text, start, last, opens)
        return units

    def _ends(self, text: str, start: int, cut: "re.Match[str]", last: int) -> bool:
        place, sign = cut.start(), cut.group()
        if not sign:
            if text[place] == "*" and not text[text.rfind("\n", 0, place) + 1 :].lstrip().startswith("*"):
                return False
            return text.rfind("(", start, place) <= text.rfind(")", start, place)
        if sign == "?":
            answer = self._answer.match(text, place + 1, last) or self._next_line.match(text, place + 1, last)
            return not (answer or _asks_for_next(text, start, place))
        if sign == ".":
            return self._stops(text, start, place)
        return sign != "\n" or self._line_ends(text, start, place, last)

    def _stops(self, text: str, start: int, place: int) -> bool:
        if text[max(start, place - 2) : place] == "..":
            return False
        ahead = max(start, place - 8)
        goes_on = text[place + 1 : place + 2] == " " and text[place + 2 : place + 3].islower()
        if goes_on and self._short_sides.search(text, ahead, place):
            return False
        if place - start < 6 and _NUMBER.match(text, start, place):
            return False
        short = place - start >= 2 and self._short.search(text, ahead, place)
        return not short or bool(self._answered.search(text, max(start, place - 30), place))

    def _line_ends(self, text: str, start: int, place: int, last: int) -> bool:
        after = text[place + 1 : min(last, place + 40)].lstrip(" \t\r")
        if not after or after[0] == "\n":
            return True
        line = text[max(start, text.rfind("\n", start, place) + 1, place - 400) : place]
        if line.rstrip().endswith((":", "?")):
            return not self._next_line.match(text, place - (len(line) - len(line.rstrip())), last)
        if self._goes_on.search(line) and not self._answered.search(text[max(start, place - 60) : place]):
            return _is_item(text, place + 1)
        return not (after[0].islower() and len(line) >= WRAPPED)

    def elsewhere(self, text: str) -> list[tuple[int, int]]:
        """Stretches under a heading that is not about this image (history, technique, comparison), in order.

        A heading alone in its line rules until the next heading or an empty line. One at the start of a line rules the
        line, if more lines follow, or what stands before the next heading; else its own sentence.
        """
        if _HEADED.search(text) is None:
            return []
        heads = list(_matches(text, self._headings))
        spans: list[tuple[int, int]] = []
        for number, head in enumerate(heads):
            if head.lastgroup == "elsewhere":
                following = heads[number + 1] if number + 1 < len(heads) else None
                limit = following.start() if following else len(text)
                spans.append((head.start(), _end_of(text, head.end(), limit, following is not None)))
        return spans


def _either(words: Sequence[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", "[ \t]+") for word in ordered) or "(?!)"


def _matches(text: str, pattern: "re.Pattern[str]") -> Iterator["re.Match[str]"]:
    """The headings of a text, each where a line or sentence begins."""
    end = 0
    for begin in (0, *(match.end() for match in _BEFORE.finditer(text))):
        head = pattern.match(text, begin) if begin >= end else None
        if head is not None:
            yield head
            end = head.end()


def _end_of(text: str, start: int, limit: int, headed: bool) -> int:
    line_end = text.find("\n", start, limit)
    if text[start : line_end if line_end >= 0 else limit].strip(" \t\r:") == "" and line_end >= 0:
        blank = _BLANK_LINE.search(text, line_end + 1, limit)
        return blank.start() if blank and text[line_end : blank.start()].strip() else limit
    if line_end >= 0 and _WORD.search(text, line_end):
        return line_end
    if headed:
        return limit
    stop = _STOP.search(text, start, limit)
    return stop.end() if stop else limit


def outside(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches of a text that lie in none of the spans."""
    start = 0
    for first, last in spans:
        if start < first:
            yield start, first
        start = max(start, last)
    if start < len(text):
        yield start, len(text)


def _is_item(text: str, start: int) -> bool:
    mark = _BULLET.match(text, start)
    return mark is not None and bool(mark.group().strip())


def _asks_for_next(text: str, start: int, place: int) -> bool:
    """True for the "?" of "opacity ? consolidation" and "? RLL pneumonia": it stands before what it questions."""
    opens = not text[start:place].strip(" \t\r*-#>")
    apart = opens or text[place - 1].isspace() or text[place - 1] in ",(-"
    after = text[place + 1 : place + 3]
    return apart and after[:1] == " " and (after[1:].islower() or (opens and after[1:].isalpha()))


def _units(text: str, start: int, end: int, opens: bool) -> list[Unit]:
    """text[start:end] as a unit, in pieces where it is long; nothing where it is blank. It may open a line."""
    if start >= end or text[start:end].isspace():
        return []
    units: list[Unit] = []
    item = _is_item(text, start)
    mark = _BULLET.match(text, start, end) if opens or item else None
    begin = mark.end() if mark is not None else start
    while end - begin > LONGEST_SENTENCE:
        space = text.rfind(" ", begin + 1, begin + LONGEST_SENTENCE)
        cut = space if space > begin else begin + LONGEST_SENTENCE
        if text[begin:cut].strip():
            units.append(Unit(begin, cut))
        begin = cut
    if begin < end and not text[begin:end].isspace():
        closing = text[end : end + 1]
        units.append(Unit(begin, end, opens and closing in ("\n", ""), item, closing))
    return units
