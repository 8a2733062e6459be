"""Per finding: the report's words, where the model looked, the mask, and whether the image agrees."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from medsegr.explain.attention_maps import (
    HEAT,
    display_map,
    display_rgb,
    display_step,
    draw_box,
    draw_outline,
    draw_side_letters,
    heat_overlay,
    pixel_aspect,
)
from medsegr.explain.page import Box, Page, fitted
from medsegr.explain.palette import (
    AGREES,
    DISAGREES,
    FAINT,
    NEUTRAL,
    RULE,
)
from medsegr.explain.text_layout import LINE, draw_lines, evidence_spans, fit_excerpt, put, text_width
from medsegr.inference.result import FindingResult, Result
from medsegr.inference.shown_as import finding_colour, plain_name

MARGIN, GAP = 22.0, 20.0
WORDS, CELL, SUPPORT = 290.0, 200.0, 170.0
WIDTH = 2 * MARGIN + WORDS + 2 * CELL + SUPPORT + 3 * GAP
HEAD = 86.0
PAD = 16.0
"""Above and below a row; the lower one holds a caption."""

ABSENT = 74.0
"""Height of the row of an absent finding, which has no pictures."""

TEXT = 10.5
MAX_ROWS = 12
"""More findings than this are named in a last line instead of drawn."""

Crop = tuple[int, int, int, int]
"""Rows and columns of a picture: top, bottom, left, right."""

SMALL = 0.02
"""Share of the picture below which a mask is shown enlarged."""

TINT = 0.22
"""How much of a finding's colour lies over its mask."""


@dataclass(frozen=True)
class Verdict:
    """Whether report and image agree, in plain words."""

    words: str
    colour: str
    detail: str = ""


def explanation_page(result: Result, title: str, keep_text: bool = False) -> Page:
    """One row per finding; a reader sees why each mask is there, or why there is none.

    Args:
        title: Shown at the top.
        keep_text: Also show the report's words around the evidence; without it, ``…`` stands for them.
    """
    shown = result.findings[:MAX_ROWS]
    size = _cell_size(result)
    tops = [HEAD]
    for found in shown:
        tops.append(tops[-1] + (size[1] if found.support is not None else ABSENT) + 2 * PAD)
    notes = _notes(result)
    page = Page(WIDTH, tops[-1] + (0 if shown else 30) + 16 * len(notes) + MARGIN)
    _draw_head(page, title, boxes=any(found.box is not None for found in shown))
    for number in range(len(shown)):
        page.rule(tops[number], MARGIN, WIDTH - MARGIN)
        _draw_row(page, result, number, tops[number] + PAD, size, keep_text=keep_text)
    if not shown:
        put(page.axes, MARGIN, HEAD + 20, "No finding to explain.", 12, colour=FAINT)
    for number, note in enumerate(notes):
        y = tops[-1] + (0 if shown else 30) + 16 * number + 12
        put(page.axes, MARGIN, y, note, 9.5, colour=DISAGREES, room=WIDTH - 2 * MARGIN)
    return page


def verdict(found: FindingResult, text: str) -> Verdict:
    """What to say beside the support bar.

    Args:
        found: The finding.
        text: The report, for the words of a negation or a hedge.
    """
    triggers = ", ".join(f"“{text[a:b].strip()}”" for a, b in found.finding.evidence.presence if text[a:b].strip())
    if found.outcome == "absent":
        return Verdict("Absent by the report", NEUTRAL, f"it says {triggers}" if triggers else "")
    if found.outcome == "unsupported":
        return Verdict("Image does not show this", DISAGREES, "no mask: please check the report")
    if found.outcome == "untrained":
        return Verdict("Model not trained for this", NEUTRAL, "no mask: it cannot tell")
    if found.outcome == "empty":
        return Verdict("Nothing to outline", DISAGREES, "no pixel is certain enough")
    if found.finding.presence == "uncertain":
        return Verdict("Image shows it", AGREES, f"the report is unsure: {triggers}" if triggers else "report unsure")
    return Verdict("Image agrees", AGREES)


def _cell_size(result: Result) -> tuple[float, float]:
    shape = result.image.plane(result.findings[0].key_plane).shape if result.findings else (1, 1)
    width, height = fitted(shape, pixel_aspect(result.image), CELL, CELL)
    return width, max(height, 90.0)


def _notes(result: Result) -> list[str]:
    hidden = len(result.findings) - MAX_ROWS
    extra = [f"{hidden} more findings are in findings.json."] if hidden > 0 else []
    return extra if result.findings else list(result.warnings)[:4]


def _draw_head(page: Page, title: str, *, boxes: bool) -> None:
    put(page.axes, MARGIN, MARGIN + 12, title, 14, bold=True, room=WIDTH - 2 * MARGIN)
    page.aspect_legend(MARGIN, MARGIN + 24)
    places = column_places()
    for place, name in zip(places, ("The report says", "Where it was looked for", "Mask", "Support"), strict=True):
        put(page.axes, place, HEAD - 9, name, 10, bold=True)
    _heat_legend(page, places[1] + CELL - 130, MARGIN + 24)
    if boxes:
        put(page.axes, places[2], MARGIN + 33, "dashed: box", 8.5, colour=FAINT)


def column_places() -> list[float]:
    """Left edges of the four columns, in points."""
    second = MARGIN + WORDS + GAP
    return [MARGIN, second, second + CELL + GAP, second + 2 * (CELL + GAP)]


def _heat_legend(page: Page, x: float, y: float) -> None:
    put(page.axes, x, y + 9, "little", 8.5, colour=FAINT)
    begin = x + text_width("little", 8.5) + 5
    page.bars([(begin + step, y + 1, 1.2, 9) for step in range(60)], [HEAT(0.25 + 0.7 * k / 59) for k in range(60)])
    put(page.axes, begin + 65, y + 9, "much", 8.5, colour=FAINT)


def _draw_row(page: Page, result: Result, number: int, y: float, size: tuple[float, float], *, keep_text: bool) -> None:
    found, colour = result.findings[number], finding_colour(number)
    first, second, third, fourth = column_places()
    height = ABSENT if found.support is None else size[1]
    page.bar(first, y, 5, 17, colour=colour)
    put(page.axes, first + 12, y + 13, plain_name(found.finding), 12, bold=True, room=WORDS - 14)
    _draw_words(page, result, found, y + 24, int((height - 20) / (TEXT * LINE)), keep_text=keep_text)
    plane = display_rgb(result.image.plane(found.key_plane))
    crop = _zoom(display_map(found.plane_mask()))
    if found.support is None:
        _blank(page, (second, y, size[0], height), "not looked for")
    else:
        axes = _draw_where(page, found, plane, (second, y, *size), crop)
        if found.box is not None:
            draw_box(axes, found.box, display_step(result.image.plane(found.key_plane).shape), colour)
    if found.outcome == "outlined":
        _draw_mask(page, result, number, (third, y, *size), crop)
    else:
        _blank(page, (third, y, size[0], height), "no mask")
    _draw_support(page, found, verdict(found, result.text), fourth, y)


def _draw_words(page: Page, result: Result, found: FindingResult, y: float, max_lines: int, *, keep_text: bool) -> None:
    spans = evidence_spans(found.finding)
    if not spans:
        put(page.axes, MARGIN, y + TEXT, "asked for by name; the report does not say it", 9.5, colour=FAINT)
        return
    lines = fit_excerpt(result.text, spans, WORDS, TEXT, max_lines, keep_text=keep_text)
    draw_lines(page.axes, lines, MARGIN, y, TEXT)


def _blank(page: Page, box: Box, words: str) -> None:
    x, y, width, height = box
    page.axes.add_patch(Rectangle((x, y), width, height, facecolor="#F4F6F8", edgecolor=RULE, linewidth=0.8))
    put(page.axes, x + width / 2, y + height / 2 + 3, words, 9.5, colour=FAINT, align="center")


def _zoom(mask: np.ndarray) -> Crop | None:
    """What to enlarge around a small mask, of the picture's shape."""
    if not mask.any() or mask.mean() >= SMALL:
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    share = max((np.ptp(rows) + 1) / height, (np.ptp(columns) + 1) / width) * 2.2
    if share >= 0.7:
        return None
    share = max(share, 0.16)
    high, wide = max(2, round(height * share)), max(2, round(width * share))
    top = int(np.clip((rows[0] + rows[-1] + 1 - high) // 2, 0, height - high))
    left = int(np.clip((columns[0] + columns[-1] + 1 - wide) // 2, 0, width - wide))
    return top, top + high, left, left + wide


def _draw_where(page: Page, found: FindingResult, plane: np.ndarray, box: Box, crop: Crop | None) -> Axes:
    looked = display_map(found.location_map) if found.location_map is not None else np.zeros(plane.shape[:2])
    axes = page.picture(box, heat_overlay(plane, looked))
    if crop is not None:
        top, bottom, left, right = crop
        frame = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.2)
        axes.add_patch(frame)
    return axes


def _draw_mask(page: Page, result: Result, number: int, box: Box, crop: Crop | None) -> None:
    found, colour = result.findings[number], finding_colour(number)
    plane, mask = display_rgb(result.image.plane(found.key_plane)), display_map(found.plane_mask())
    if crop is not None:
        top, bottom, left, right = crop
        caption = f"enlarged ×{mask.shape[0] / (bottom - top):.1f} (white frame at left)"
        put(page.axes, box[0], box[1] + box[3] + 11, caption, 8, colour=FAINT)
        plane, mask = plane[top:bottom, left:right], mask[top:bottom, left:right]
    axes = page.picture(box, plane + TINT * mask[..., None] * (to_rgb(colour) - plane))
    draw_outline(axes, mask, colour, found.finding.presence == "uncertain")
    if crop is None and result.image.view.patient_sides:
        draw_side_letters(axes, 9)


def _draw_support(page: Page, found: FindingResult, said: Verdict, x: float, y: float) -> None:
    put(page.axes, x, y + 13, said.words, 11.5, colour=said.colour, bold=True, room=SUPPORT)
    line = y + 32
    if found.support is not None:
        page.bar(x, y + 24, SUPPORT - 34, 10, "#E7EBEF")
        page.bar(x, y + 24, (SUPPORT - 34) * found.support, 10, colour=said.colour)
        put(page.axes, x + SUPPORT - 28, y + 33, f"{found.support:.2f}", 10, bold=True)
        line = y + 50
    facts = [said.detail] if said.detail else []
    if found.outcome == "outlined":
        facts.append(f"{found.plane_mask().mean():.1%} of the picture")
    if found.size_mm is not None:
        facts.append(f"longest extent {found.size_mm:.0f} mm")
    if found.volume_mm3 is not None:
        facts.append(f"volume {found.volume_mm3 / 1000:.1f} ml")
    for number, fact in enumerate(facts):
        put(page.axes, x, line + 13 * number, fact, 9, colour=FAINT, room=SUPPORT)
