"""Report words with their colours: cut to what counts, wrapped by measured widths, drawn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from medsegr.cognition.priors import Finding, Span
from medsegr.explain.page import Page
from medsegr.explain.palette import ASPECT_COLOURS, ASPECT_NAMES, FAINT, INK
from medsegr.explain.typeface import Letters

LINE = 1.5
"""Height of a line, in font sizes."""

SHORT = 240
"""Reports up to this many characters are shown whole, longer ones around the evidence."""

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


def wrap(words: Sequence[PlacedWord], width: float, size: float) -> list[list[tuple[float, PlacedWord]]]:
    """Lines of (x in points, word)."""
    plain, bold = Letters(size), Letters(size, bold=True)
    space = plain.width(" ")
    lines: list[list[tuple[float, PlacedWord]]] = [[]]
    x = 0.0
    for word in words:
        gap = 0.0 if word.joined or not lines[-1] else space
        wide = (bold if word.kind else plain).width(word.text)
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
    page: Page, lines: Sequence[Sequence[tuple[float, PlacedWord]]], x: float, y: float, size: float
) -> float:
    """Draw wrapped words, those of evidence on their colour. Returns the y below the last line."""
    for number, line in enumerate(lines):
        baseline = y + (number + 1) * size * LINE - 0.42 * size
        for start, word in line:
            letters = Letters(size, INK if word.kind or word.text != "…" else FAINT, bold=word.kind is not None)
            if word.kind:
                top, wide = baseline - 0.95 * size, letters.width(word.text)
                page.tag((x + start - 1.1, top - 0.6, wide + 2.2, 1.25 * size + 1.2), ASPECT_COLOURS[word.kind])
            page.put(x + start, baseline, word.text, letters)
    return y + len(lines) * size * LINE
