"""Sizes in millimetres: one to three axes, in mm or cm, but no distances and no former sizes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = r"(\d{1,5}(?:[.,]\d{1,4})?)"
_UNIT = r"(mm|cm|millimet(?:re|er)s?|centimet(?:re|er)s?)"
_TIMES = r"[ \t]{0,3}(?:[x\u00d7*]|by)[ \t]{0,3}"
_AXIS = rf"{_NUMBER}[ \t]{{0,3}}-?{_UNIT}?"
_SIZE = re.compile(rf"(?<![\w.,]){_AXIS}(?:{_TIMES}{_AXIS})?(?:{_TIMES}{_AXIS})?(?![a-z])", re.I)
_NOT_ITS_SIZE = re.compile(
    r"\W{0,3}(?:above|below|from|fn\b|deep to|in depth|depth|slices?\b|sections?\b|thick slices?|distal|proximal|away|"
    r"cranial|caudal|inferior to|superior to|medial to|lateral to|anterior to|posterior to|short of|beyond|"
    r"(?:in|on|at) (?:19|20)\d\d|"
    r"(?:previously|before\b|earlier)(?!\W{0,3}(?:measur\w+ |was )?\d)|on (?:the )?(?:prior|previous)|of ST\b|"
    r"solid component|intervals?\b|per )",
    re.I,
)
_FORMER = re.compile(
    r"(?:prev|previous|previously|formerly|prior|before|also|was|were|had been|compared (?:with|to)|from|versus|vs\.?|"
    r"(?:cortical|cortex|parenchymal|slice|section) thick(?:ness|ening) of|cortex of|"
    r"(?:solid )?component (?:of|measuring)|distance of|depth of|"
    r"slice thickness:?)(?: about| approximately| up to)?\W{0,3}$",
    re.I,
)
_MEASURED_NOW = re.compile(r"\b(?:is|are|measures?|measuring|remains|now)\b[^.;]{0,40}$", re.I)


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
        numbers, units = match.group(1, 3, 5), match.group(2, 4, 6)
        last_unit = next((unit for unit in reversed(units) if unit), None)
        if last_unit is None or _NOT_ITS_SIZE.match(text, match.end()):
            continue
        if _FORMER.search(text[max(0, match.start() - 60) : match.start()]):
            continue
        scales = [10.0 if (unit or last_unit).lower().startswith("c") else 1.0 for unit in units]
        axes = tuple(
            round(float(number.replace(",", ".")) * scale, 4)
            for number, scale in zip(numbers, scales, strict=True)
            if number
        )
        yield Measurement(axes, *match.span())
