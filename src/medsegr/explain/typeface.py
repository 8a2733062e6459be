"""Letters of a size and colour, and how much of a line a text takes.

They are DejaVu Sans, from matplotlib's data: Pillow's own font knows Latin letters alone. Nothing of matplotlib is
imported. A letter that the font lacks is drawn as a hollow box. Letters that run from right to left are ordered and
joined by raqm, where Pillow has it; others are set the same on every machine.
"""

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from medsegr.explain.palette import INK

DPI = 144
SCALE = DPI / 72
"""Pixels of a page in a point."""


@dataclass(frozen=True)
class Letters:
    """How a text is written.

    Attributes:
        size: In points.
        colour: As ``#RRGGBB``.
        bold: Heavier.
    """

    size: float
    colour: str = INK
    bold: bool = False

    def font(self, text: str) -> ImageFont.FreeTypeFont:
        """For drawing this text in pixels of a page."""
        kinds = set() if text.isascii() else set(map(unicodedata.bidirectional, text))
        leftwards = kinds & {"R", "AL"} and "B" not in kinds  # raqm refuses the ends of paragraphs
        layout = ImageFont.Layout.RAQM if leftwards else ImageFont.Layout.BASIC
        return _font(self.size * SCALE, self.bold, layout)

    def width(self, text: str) -> float:
        """Width of a text in points."""
        return self.font(text).getlength(text) / SCALE

    def shortened(self, text: str, room: float) -> str:
        """A text cut to a room in points, ending in ``…`` where it was cut."""
        if self.width(text) <= room:
            return text
        fitting = bisect_right(range(len(text)), room, key=lambda length: self.width(text[:length] + "…"))
        return text[: max(0, fitting - 1)].rstrip() + "…"


@lru_cache(maxsize=64)
def _font(pixels: float, bold: bool, layout: ImageFont.Layout) -> ImageFont.FreeTypeFont:
    path = _folder() / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(path, pixels, layout_engine=layout)


@lru_cache(maxsize=1)
def _folder() -> Path:
    found = find_spec("matplotlib")
    assert found is not None, "matplotlib is among the dependencies"
    return Path(str(found.origin)).parent / "mpl-data" / "fonts" / "ttf"
