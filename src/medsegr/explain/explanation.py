"""Per finding: the report's words, where the model looked, the mask, and whether the image agrees."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from PIL import Image

from medsegr.explain.attention_maps import HEAT, display, heat_overlay, pixel_aspect, tinted
from medsegr.explain.page import Page, fitted
from medsegr.explain.palette import (
    AGREES,
    DISAGREES,
    FAINT,
    NEUTRAL,
    RULE,
)
from medsegr.explain.placed_picture import PlacedPicture, outline_line
from medsegr.explain.stroke import Line
from medsegr.explain.text_layout import LINE, draw_lines, evidence_spans, fit_excerpt
from medsegr.explain.typeface import Letters
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

NARROW, LOW = 90.0, 30.0
"""The least width and height of what stands for a picture that is not there; a row is at least ``NARROW`` high."""

FRAME = Line("#FFFFFF", 1.2)


@dataclass(frozen=True)
class Verdict:
    """Whether report and image agree, in plain words."""

    words: str
    colour: str
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """One finding's part of a page.

    Attributes:
        page: It is drawn on.
        found: The finding.
        colour: Its own.
        top: Of its pictures, in points.
        size: Width and height of its pictures, in points.
        picture: The plane that is shown.
        mask: Of that plane.
    """

    page: Page
    found: FindingResult
    colour: str
    top: float
    size: tuple[float, float]
    picture: Image.Image
    mask: Bool[np.ndarray, "h w"]

    @property
    def height(self) -> float:
        """Of the row, without what is left free above and below."""
        return ABSENT if self.found.support is None else max(self.size[1], NARROW)

    def placed(self, x: float, shape: tuple[int, ...]) -> PlacedPicture:
        """A picture of this shape in the row."""
        return PlacedPicture(self.page, (x, self.top, *self.size), shape)


def explanation_page(result: Result, title: str, keep_text: bool = False) -> Page:
    """One row per finding; a reader sees why each mask is there, or why there is none.

    Args:
        title: Shown at the top.
        keep_text: Also show the report's words around the evidence; without it, ``…`` stands for them.
    """
    shown = result.findings[:MAX_ROWS]
    size = fitted(result.image.size, pixel_aspect(result.image), CELL, CELL)
    tops = [HEAD]
    for found in shown:
        tops.append(tops[-1] + (ABSENT if found.support is None else max(size[1], NARROW)) + 2 * PAD)
    notes = _notes(result)
    page = Page(WIDTH, tops[-1] + (0 if shown else 30) + 16 * len(notes) + MARGIN)
    _draw_head(page, title, boxes=any(found.box is not None for found in shown))
    pictures = {plane: display(result.image.plane(plane)) for plane in {found.key_plane for found in shown}}
    for number, found in enumerate(shown):
        page.rule(tops[number], MARGIN, WIDTH - MARGIN)
        picture, mask = pictures[found.key_plane], found.plane_mask()
        row = Row(page, found, finding_colour(number), tops[number] + PAD, size, picture, mask)
        _draw_row(row, result, keep_text=keep_text)
    if not shown:
        page.put(MARGIN, HEAD + 20, "No finding to explain.", Letters(12, FAINT))
    for number, note in enumerate(notes):
        y = tops[-1] + (0 if shown else 30) + 16 * number + 12
        page.put(MARGIN, y, note, Letters(9.5, DISAGREES), room=WIDTH - 2 * MARGIN)
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


def _notes(result: Result) -> list[str]:
    hidden = len(result.findings) - MAX_ROWS
    extra = [f"{hidden} more findings are in findings.json."] if hidden > 0 else []
    return extra if result.findings else list(result.warnings)[:4]


def _draw_head(page: Page, title: str, *, boxes: bool) -> None:
    page.put(MARGIN, MARGIN + 12, title, Letters(14, bold=True), room=WIDTH - 2 * MARGIN)
    page.aspect_legend(MARGIN, MARGIN + 24)
    places = column_places()
    for place, name in zip(places, ("The report says", "Where it was looked for", "Mask", "Support"), strict=True):
        page.put(place, HEAD - 9, name, Letters(10, bold=True))
    _heat_legend(page, places[1] + CELL - 130, MARGIN + 24)
    if boxes:
        page.put(places[2], MARGIN + 33, "dashed: box", Letters(8.5, FAINT))


def column_places() -> list[float]:
    """Left edges of the four columns, in points."""
    second = MARGIN + WORDS + GAP
    return [MARGIN, second, second + CELL + GAP, second + 2 * (CELL + GAP)]


def _heat_legend(page: Page, x: float, y: float) -> None:
    letters = Letters(8.5, FAINT)
    page.put(x, y + 9, "little", letters)
    begin = x + letters.width("little") + 5
    page.picture((begin, y + 1, 60, 9), Image.fromarray(HEAT[None]))
    page.put(begin + 65, y + 9, "much", letters)


def _draw_row(row: Row, result: Result, *, keep_text: bool) -> None:
    page, found, top = row.page, row.found, row.top
    first, second, third, fourth = column_places()
    page.bar((first, top, 5, 17), row.colour)
    page.put(first + 12, top + 13, plain_name(found.finding), Letters(12, bold=True), room=WORDS - 14)
    _draw_words(row, result.text, keep_text=keep_text)
    crop = _zoom(row.mask)
    if found.support is None:
        _blank(row, second, "not looked for")
    else:
        _draw_where(row, second, crop)
    if found.outcome == "outlined":
        _draw_mask(row, third, crop, letters=result.image.view.patient_sides)
    else:
        _blank(row, third, "no mask")
    _draw_support(row, verdict(found, result.text), fourth)


def _draw_words(row: Row, text: str, *, keep_text: bool) -> None:
    spans, y = evidence_spans(row.found.finding), row.top + 24
    if not spans:
        note = "asked for by name; the report does not say it"
        row.page.put(MARGIN, y + TEXT, note, Letters(9.5, FAINT))
        return
    room = int((row.height - 20) / (TEXT * LINE))
    draw_lines(row.page, fit_excerpt(text, spans, WORDS, TEXT, room, keep_text=keep_text), MARGIN, y, TEXT)


def _blank(row: Row, x: float, words: str) -> None:
    width, height, edge = max(row.size[0], NARROW), min(max(row.size[1], LOW), row.height), 0.5
    row.page.bar((x, row.top, width, height), RULE)
    row.page.bar((x + edge, row.top + edge, width - 2 * edge, height - 2 * edge), "#F4F6F8")
    row.page.put(x + width / 2, row.top + height / 2 + 3, words, Letters(9.5, FAINT), centred=True)


def _zoom(mask: Bool[np.ndarray, "h w"]) -> Crop | None:
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


def _draw_where(row: Row, x: float, crop: Crop | None) -> None:
    found, placed = row.found, row.placed(x, row.mask.shape)
    looked = found.location_map if found.location_map is not None else np.zeros(row.mask.shape)
    placed.show(heat_overlay(row.picture, looked, placed.size))
    if crop is not None:
        top, bottom, left, right = crop
        placed.rectangle((left, top, right, bottom), FRAME)
    if found.box is not None:
        placed.rectangle(found.box, Line(row.colour, 1.1, rim=0.75, dash=(4.4, 2.75)))


def _draw_mask(row: Row, x: float, crop: Crop | None, *, letters: bool) -> None:
    picture, mask = row.picture, row.mask
    if crop is not None:
        top, bottom, left, right = crop
        caption = f"enlarged ×{mask.shape[0] / (bottom - top):.1f} (white frame at left)"
        row.page.put(x, row.top + row.size[1] + 11, caption, Letters(8, FAINT))
        picture, mask = picture.crop((left, top, right, bottom)), mask[top:bottom, left:right]
    placed = row.placed(x, mask.shape)
    placed.show(tinted(picture, mask, row.colour, placed.size))
    row.page.lines(placed.outline(mask), outline_line(row.colour, row.found.finding.presence == "uncertain"))
    if crop is None and letters:
        placed.side_letters(9)


def _draw_support(row: Row, said: Verdict, x: float) -> None:
    page, found, y = row.page, row.found, row.top
    page.put(x, y + 13, said.words, Letters(11.5, said.colour, bold=True), room=SUPPORT)
    line = y + 32
    if found.support is not None:
        page.bar((x, y + 24, SUPPORT - 34, 10), "#E7EBEF")
        page.bar((x, y + 24, (SUPPORT - 34) * found.support, 10), said.colour)
        page.put(x + SUPPORT - 28, y + 33, f"{found.support:.2f}", Letters(10, bold=True))
        line = y + 50
    facts = [said.detail] if said.detail else []
    if found.outcome == "outlined":
        facts.append(f"{row.mask.mean():.1%} of the picture")
    if found.size_mm is not None:
        facts.append(f"longest extent {found.size_mm:.0f} mm")
    if found.volume_mm3 is not None:
        facts.append(f"volume {found.volume_mm3 / 1000:.1f} ml")
    for number, fact in enumerate(facts):
        page.put(x, line + 13 * number, fact, Letters(9, FAINT), room=SUPPORT)
