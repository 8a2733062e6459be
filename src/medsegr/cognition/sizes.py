"""Sizes in millimetres: one to three axes, but no distances, former sizes, increments, volumes or settings."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = r"(?:\d{1,5}(?:[.,]\d{1,4})?|[.,]\d{1,4})"
_UNIT = r"(?:mm|cm|millimet(?:re|er)s?|centimet(?:re|er)s?)"
_AXIS = r"(?:[^\S\n]{0,2}(?:\([^()\n]{1,22}\)|(?:cranio-?caudal|transverse|anterior-?posterior|antero-?posterior|ap|tr|cc|long|wide|high|deep)\b))?"
_TIMES = r"[^\S\n]{0,3}(?:[x\u00d7*]|by)[^\S\n]{0,3}"
_MORE = rf"(?:{_TIMES}({_NUMBER})[^\S\n]{{0,3}}-?({_UNIT})?{_AXIS})?"
_SIZE = re.compile(
    rf"(?<![\w.,/])({_NUMBER})[^\S\n]{{0,3}}-?({_UNIT})?{_AXIS}{_MORE}{_MORE}"
    rf"(?:[^\S\n]{{0,2}}({_UNIT}))?(?![a-z\d\u00b2\u00b3^]|[^\S\n]{{0,1}}[\u00b2\u00b3^])",
    re.I,
)
_RANGE = re.compile(rf"(?<![\w.,])({_NUMBER})[^\S\n]*(?:-|\u2013|to)[^\S\n]*(?={_NUMBER}[^\S\n]{{0,3}}{_UNIT})", re.I)
_ELSEWHERE_BEHIND = re.compile(
    r"[^\w;.]{1,3}\b(?:above|below|from\b(?!\W{0,2}\d)|fn\b|deep to|in depth|depth|"
    r"distal|proximal|away|cranial|caudal\b|inferior to|superior to|medial to|lateral to|anterior to|posterior to|"
    r"short of|beyond|of ST\b|solid component|intervals?\b|per |larger|smaller|bigger|shift|"
    r"(?:cut|collimation|reconstruction)s?\b)|[ \t-]{1,2}(?:thick )?(?:slice|section)s?\b",
    re.I,
)
_FORMER_BEHIND = re.compile(
    r"[^\w;.]{1,3}\b(?:(?:in|on|at) (?:(?:19|20)\d\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)|"
    r"(?:previously|before\b|earlier|formerly|initially)(?!\W{0,3}(?:measur\w+ |was )?\d)|(?:on|in|at) (?:the )?(?:prior|previous|last|earlier))",
    re.I,
)
_FORMER_AHEAD = re.compile(
    r"(?:\b(?:prev|previous|previously|formerly|prior|before|also|initially|originally|earlier|was|were|had been|from|"
    r"in (?:19|20)\d\d:?|compared (?:with|to)|versus|vs|baseline)\.?)(?:\W{1,3}(?:that|study|exam\w*|scan|ct|mri|film|it|they|and|at|about|"
    r"approximately|up to|measur\w+|was|were|of|had|size|on|the))*\W{0,3}$",
    re.I,
)
_PART_AHEAD = re.compile(
    r"(?:\b(?:cortical|cortex|parenchymal|slice|section|wall) thick(?:ness|ening)(?: of|:)?|\bwall(?: of| is| measures|:)?|\bcortex of|"
    r"\bcomponent (?:of|measuring)|\bdistance of|\b(?:slice|collimation|interval|increment|cut)s?(?: of|:)?|"
    r"\b(?:by|per|than|every)|(?<![-=])[>\u2265]|\bvolume(?: of)?|"
    r"\b(?:grown|grew|enlarged|increased|decreased|shrunk|risen)(?: by| of)?)"
    r"(?:\W{1,2}(?:about|approximately|up to|only))?\W{0,3}$",
    re.I,
)
_CHANGED = re.compile(r"(?:\bto|\u2192|->|=>)\W{0,2}(?:now\W)?$")
_ARROW = re.compile(r"\W{0,3}(?:\u2192|->|=>|to\b)\W{0,3}(?:now\W)?\d")
_WINDOW = 70


class Measurement(NamedTuple):
    """A size found: its axes in mm and its offsets."""

    axes_mm: tuple[float, ...]
    start: int
    end: int


def find_sizes(text: str, lowered: str) -> Iterator[Measurement]:
    """The sizes that a sentence gives of something; ``lowered`` is the same in lower case."""
    if not ("mm" in lowered or "cm" in lowered or "met" in lowered):
        return
    for match in _SIZE.finditer(text):
        one, unit, two, other_unit, three, last_unit, outer = match.groups()
        stated = outer or last_unit or other_unit or unit
        start, end = match.span()
        if stated is None or _of_something_else(text, lowered, start, end):
            continue
        axes = ((one, unit or stated), (two, other_unit or stated), (three, last_unit or stated))
        yield Measurement(tuple(_millimetres(number, unit) for number, unit in axes if number), start, end)


def _millimetres(number: str, unit: str) -> float:
    return round(float(number.replace(",", ".")) * (10.0 if unit[0] in "cC" else 1.0), 4)


def _of_something_else(text: str, lowered: str, start: int, end: int) -> bool:
    """True for a distance, a former size, an increment, a part's size or a setting."""
    ahead = lowered[max(0, start - _WINDOW) : start]
    if _ELSEWHERE_BEHIND.match(text, end) or _FORMER_BEHIND.match(text, end) or _PART_AHEAD.search(ahead):
        return True
    if _CHANGED.search(ahead):
        return False
    return bool(_FORMER_AHEAD.search(ahead)) or bool(_ARROW.match(text, end))
