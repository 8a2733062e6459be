"""Report words with their colours: cut to what counts, wrapped by measured widths, drawn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from medsegr.cognition.priors import Finding, Span
from medsegr.explain.palette import ASPECT_COLOURS, ASPECT_NAMES, FAINT, INK

LINE = 1.5
"""Height of a line, in font sizes."""

SHORT = 240
"""Reports up to this many characters are shown whole, longer ones around the evidence."""

BOX = "□"
"""Stands for a letter that the font lacks."""

MAX_WORD = 40
"""Longer runs of letters are cut into pieces, so that nothing leaves its column."""


@dataclass(frozen=True)
class PlacedWord:
    """A run of letters without spaces.

    Attributes:
        text: Its letters.
        kind: Aspect that it is evidence of, or None.
        joined: True when no space stands before it.
    """

    text: str
    kind: str | None = None
    joined: bool = False


def evidence_spans(finding: Finding) -> list[tuple[int, int, str]]:
    """Where the finding's words stand, with their aspect; the later listed win where they overlap."""
    evidence = finding.evidence
    return [
        (start, end, kind) for kind in reversed(ASPECT_NAMES) for start, end in getattr(evidence, kind) if end > start
    ]


def coloured_words(text: str, spans: Sequence[tuple[int, int, str]], window: Span | None = None) -> list[PlacedWord]:
    """Split a part of a text into words; a word changes where its colour changes."""
    first, last = window or (0, len(text))
    kinds: dict[int, str] = {}
    for start, end, kind in spans:
        kinds.update(dict.fromkeys(range(max(start, first), min(end, last)), kind))
    words: list[PlacedWord] = []
    for match in re.finditer(r"\S+", text[first:last]):
        begin, end = match.start() + first, match.end() + first
        cuts = [i for i in range(begin + 1, end) if kinds.get(i) != kinds.get(i - 1) or (i - begin) % MAX_WORD == 0]
        edges = [begin, *cuts, end]
        words += [PlacedWord(text[a:b], kinds.get(a), a > begin) for a, b in pairwise(edges)]
    return words


def excerpt(text: str, spans: Sequence[tuple[int, int, str]], context: int) -> list[PlacedWord]:
    """The words around the evidence, at most ``context`` characters to each side, gaps as ``…``.

    Short gaps are filled; with a context of 0 only those that hold no letter and no digit, so that nothing but
    the evidence is shown. Without evidence: the beginning of the text.
    """
    marks = sorted((max(0, s), min(len(text), e)) for s, e, _ in spans) or [(0, 0)]
    windows: list[list[int]] = []
    for start, end in marks:
        begin, stop = _word_start(text, start - context, start), _word_end(text, end + context, end)
        if windows and _is_filled(text, windows[-1][1], begin, context):
            windows[-1][1] = max(windows[-1][1], stop)
        else:
            windows.append([begin, stop])
    words: list[PlacedWord] = []
    for begin, stop in windows:
        if begin > 0:
            words.append(PlacedWord("…"))
        words += coloured_words(text, spans, (begin, stop))
    if windows[-1][1] < len(text.rstrip()):
        words.append(PlacedWord("…"))
    return words


def _is_filled(text: str, end: int, begin: int, context: int) -> bool:
    """Whether what stands between two windows is shown."""
    return begin <= end + 4 and (context > 0 or not re.search(r"\w", text[end:begin]))


def _word_start(text: str, place: int, evidence: int) -> int:
    """Start of the first whole word at or after ``place``, but never behind the evidence."""
    if place <= 0:
        return 0
    gap = re.search(r"\s\S", text[place - 1 : evidence + 1])
    return place + gap.start() if gap else evidence


def _word_end(text: str, place: int, evidence: int) -> int:
    """End of the last whole word before ``place``, but never before the evidence's end."""
    if place >= len(text):
        return len(text)
    gaps = [match.start() for match in re.finditer(r"\s", text[evidence : place + 1])]
    return evidence + (gaps[-1] if gaps else 0)


@lru_cache(maxsize=20000)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text in points."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(drawable(text), font, False)[0])


def drawable(text: str) -> str:
    """A text of the same length with a box for what the font lacks: matplotlib would name such letters in a warning."""
    letters = _letters()
    return "".join(letter if letter == "\n" or ord(letter) in letters else BOX for letter in text)


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """Unicode's numbers of what can be drawn both plain and bold."""
    plain, bold = (get_font(findfont(FontProperties(weight=weight))).get_charmap() for weight in ("normal", "bold"))
    return frozenset(plain.keys() & bold.keys())


def wrap(words: Sequence[PlacedWord], width: float, size: float) -> list[list[tuple[float, PlacedWord]]]:
    """Lines of (x in points, word)."""
    space = text_width("n n", size) - text_width("nn", size)
    lines: list[list[tuple[float, PlacedWord]]] = [[]]
    x = 0.0
    for word in words:
        gap = 0.0 if word.joined or not lines[-1] else space
        wide = text_width(word.text, size, word.kind is not None)
        if lines[-1] and x + gap + wide > width:
            lines.append([])
            x, gap = 0.0, 0.0
        lines[-1].append((x + gap, word))
        x += gap + wide
    return lines


def fit_excerpt(
    text: str,
    spans: Sequence[tuple[int, int, str]],
    width: float,
    size: float,
    max_lines: int,
    *,
    keep_text: bool = False,
) -> list[list[tuple[float, PlacedWord]]]:
    """The evidence, and as much of the report around it as may be shown.

    Args:
        spans: Where the evidence stands in it, with its aspect.
        width: Of a line, in points.
        size: Of the font, in points.
        max_lines: What there is room for.
        keep_text: Also show the words around the evidence; without it, ``…`` stands for them.

    Returns:
        Lines of (x in points, word).
    """
    lines: list[list[tuple[float, PlacedWord]]] = []
    around = (len(text) if len(text) <= SHORT else 110, 70, 40, 20, 8) if keep_text else ()
    for context in (*around, 0):
        lines = wrap(excerpt(text, spans, context), width, size)
        if len(lines) <= max_lines:
            return lines
    kept = lines[:max_lines]
    kept[-1] = [*kept[-1][:-1], (kept[-1][-1][0], PlacedWord("…"))]
    return kept


def draw_lines(
    axes: Axes, lines: Sequence[Sequence[tuple[float, PlacedWord]]], x: float, y: float, size: float
) -> float:
    """Draw wrapped words; axes are in points with y downwards. Returns the y below the last line."""
    for number, line in enumerate(lines):
        baseline = y + (number + 1) * size * LINE - 0.42 * size
        for start, word in line:
            if word.kind:
                wide = text_width(word.text, size, True)
                box = FancyBboxPatch(
                    (x + start - 0.5, baseline - 0.95 * size),
                    wide + 1,
                    1.25 * size,
                    boxstyle="round,pad=0.6,rounding_size=2",
                    facecolor=ASPECT_COLOURS[word.kind],
                    edgecolor="none",
                )
                axes.add_patch(box)
            colour = INK if word.kind or word.text != "…" else FAINT
            put(axes, x + start, baseline, word.text, size, colour=colour, bold=word.kind is not None)
    return y + len(lines) * size * LINE


def put(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    colour: str = INK,
    bold: bool = False,
    align: str = "left",
    room: float | None = None,
) -> None:
    """Text on its baseline, cut to a room in points; without mathematics: a dollar sign is a dollar sign."""
    text = text if room is None else shorten(text, room, size, bold)
    weight = "bold" if bold else "normal"
    axes.text(x, y, drawable(text), size=size, color=colour, weight=weight, ha=align, va="baseline", parse_math=False)


def shorten(text: str, width: float, size: float, bold: bool = False) -> str:
    """Cut a line to a width in points, ending in ``…`` where it was cut."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(text + "…", size, bold) > width:
        text = text[:-1]
    return text.rstrip() + "…"
