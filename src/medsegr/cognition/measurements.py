"""Sizes in millimetres: one to three axes, in mm or cm, but no distances and no former sizes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_DIGITS = r"\d(?<![\w.,]\d)\d{0,4}(?:[.,]\d{1,4})?"
_NUMBER = r"\d{1,5}(?:[.,]\d{1,4})?"
_UNIT = r"(mm|cm|millimet(?:re|er)s?|centimet(?:re|er)s?)"
_TIMES = r"[^\S\n]{0,3}(?:[x\u00d7*]|by)[^\S\n]{0,3}"
_GAP = rf"[^\S\n]{{0,3}}-?{_UNIT}?"
_SIZE = re.compile(rf"({_DIGITS}){_GAP}(?:{_TIMES}({_NUMBER}){_GAP})?(?:{_TIMES}({_NUMBER}){_GAP})?(?![a-z])", re.I)
_NOT_ITS_SIZE = re.compile(
    r"\W{1,3}\b(?:above|below|from|fn\b|deep to|in depth|depth|slices?\b|sections?\b|thick slices?|distal|proximal|"
    r"away|cranial|caudal|inferior to|superior to|medial to|lateral to|anterior to|posterior to|short of|beyond|"
    r"(?:in|on|at) (?:19|20)\d\d|"
    r"(?:previously|before\b|earlier)(?!\W{0,3}(?:measur\w+ |was )?\d)|on (?:the )?(?:prior|previous)|of ST\b|"
    r"solid component|intervals?\b|per )",
    re.I,
)
_FORMER = (
    "prev", "previous", "previously", "formerly", "prior", "before", "also", "was", "were", "had been",
    "compared with", "compared to", "from", "versus", "vs", "vs.",
)  # fmt: skip
"""Words before a size that is no longer, or not of this finding."""

_OF_A_PART = (
    *(
        f"{part} {thick} of"
        for part in ("cortical", "cortex", "parenchymal", "slice", "section")
        for thick in ("thickness", "thickening")
    ),
    "cortex of", "component of", "component measuring", "distance of", "depth of", "slice thickness",
    "slice thickness:",
)  # fmt: skip
"""Words before the size of a part, a distance or a setting."""

_NOT_BEHIND = (*_FORMER, *_OF_A_PART)
_ROUGHLY = (" about", " approximately", " up to")


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
        one, unit, two, other_unit, three, last_unit = match.groups()
        stated = last_unit or other_unit or unit
        start, end = match.span()
        if stated is None or _NOT_ITS_SIZE.match(text, end) or _of_something_else(lowered, start):
            continue
        axes = ((one, unit or stated), (two, other_unit or stated), (three, last_unit or stated))
        yield Measurement(tuple(_millimetres(number, unit) for number, unit in axes if number), start, end)


def _millimetres(number: str, unit: str) -> float:
    return round(float(number.replace(",", ".")) * (10.0 if unit[0] in "cC" else 1.0), 4)


def _of_something_else(lowered: str, start: int) -> bool:
    """True when the words before ``start``, signs left out, say that the size is a former one or not the finding's."""
    end = start
    while end > start - 3 and end > 0 and not (lowered[end - 1].isalnum() or lowered[end - 1] == "_"):
        end -= 1
    if lowered.endswith(_ROUGHLY, 0, end):
        end -= next(len(rough) for rough in _ROUGHLY if lowered.endswith(rough, 0, end))
    return lowered.endswith(_NOT_BEHIND, 0, end)
