"""Several cases on one page: report, image, and masks asked for in different ways."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsegr.explain.attention_maps import display, pixel_aspect
from medsegr.explain.page import Page, fitted
from medsegr.explain.palette import FAINT
from medsegr.explain.placed_picture import PlacedPicture, outline_line
from medsegr.explain.stroke import Line
from medsegr.explain.text_layout import LINE, draw_lines, evidence_spans, fit_excerpt
from medsegr.explain.typeface import Letters
from medsegr.inference.result import Result
from medsegr.inference.shown_as import finding_colour, plain_name

MARGIN, GAP, WORDS, CELL = 22.0, 14.0, 270.0, 172.0
HEAD, CAPTION, TEXT = 96.0, 34.0, 9.5
TRUTH = Line("#FFFFFF", 1.1, dash=(1.1, 1.76))


@dataclass(frozen=True)
class Panel:
    """One picture of a row.

    Attributes:
        result: Its findings are outlined.
        caption: Below it.
        truth: Masks (H, W), drawn as thin white dots.
        places: Places of the findings in the row's first result, which give them
            their colours; the order of ``result`` where empty.
    """

    result: Result
    caption: str
    truth: tuple[np.ndarray, ...] = ()
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class SheetRow:
    """One case: its report and findings, and a picture per way of asking.

    Attributes:
        title: Name of the case.
        panels: From left to right; the first one's report and findings are shown as words.
    """

    title: str
    panels: tuple[Panel, ...]


def contact_sheet(title: str, columns: Sequence[str], rows: Sequence[SheetRow], keep_text: bool = False) -> Page:
    """A page with a row per case.

    Args:
        title: At the top.
        columns: Headings of the panels.
        rows: Each with one panel per column, besides the plain image.
        keep_text: Also show the reports' words around the evidence; without it, ``…`` stands for them.
    """
    count = len(columns) + 1
    row_height = CELL + CAPTION + 18
    width = 2 * MARGIN + WORDS + count * (GAP + CELL)
    page = Page(width, HEAD + row_height * len(rows) + MARGIN)
    page.put(MARGIN, MARGIN + 14, title, Letters(16, bold=True), room=width - 2 * MARGIN)
    page.aspect_legend(MARGIN, MARGIN + 26)
    note = "Outlines: colour = what the model found; white dots = truth; dashes = the report is unsure."
    second = MARGIN + WORDS + 2 * GAP + CELL
    page.put(second, MARGIN + 35, note, Letters(8.5, FAINT), room=width - MARGIN - second)
    for number, heading in enumerate(["The report says", "Image", *columns]):
        x = MARGIN if number == 0 else MARGIN + WORDS + GAP + (number - 1) * (CELL + GAP)
        page.put(x, HEAD - 9, heading, Letters(10.5, bold=True), room=WORDS if number == 0 else CELL)
    for number, row in enumerate(rows):
        y = HEAD + number * row_height
        page.rule(y, MARGIN, width - MARGIN)
        _draw_words(page, row, y + 14, keep_text)
        result = row.panels[0].result
        _draw_panel(page, Panel(Result((), result.image), ""), 0, y + 12)
        for place, panel in enumerate(row.panels, 1):
            _draw_panel(page, panel, place, y + 12)
    return page


def _draw_words(page: Page, row: SheetRow, y: float, keep_text: bool) -> None:
    result = row.panels[0].result
    page.put(MARGIN, y + 10, row.title, Letters(10.5, bold=True), room=WORDS)
    spans = [span for found in result.findings for span in evidence_spans(found.finding)]
    listed = result.findings[:6]
    room = int((CELL + CAPTION - 24 - 13 * len(listed)) / (TEXT * LINE))
    lines = fit_excerpt(result.text, spans, WORDS, TEXT, room, keep_text=keep_text)
    bottom = draw_lines(page, lines, MARGIN, y + 17, TEXT)
    said = {"outlined": "outlined", "absent": "absent by the report: empty", "empty": "nothing to outline",
            "unsupported": "image does not show it: empty", "untrained": "model not trained for it: empty"}  # fmt: skip
    for number, found in enumerate(listed):
        line = bottom + 6 + 13 * number
        unsure = ", report unsure" if found.finding.presence == "uncertain" else ""
        page.bar((MARGIN, line + 2, 8, 8), finding_colour(number))
        text = f"{plain_name(found.finding)}: {said[found.outcome]}{unsure}"
        page.put(MARGIN + 13, line + 9, text, Letters(8.5), room=WORDS - 13)


def _draw_panel(page: Page, panel: Panel, place: int, y: float) -> None:
    image = panel.result.image
    width, height = fitted(image.size, pixel_aspect(image), CELL, CELL)
    x = MARGIN + WORDS + GAP + place * (CELL + GAP)
    placed = PlacedPicture(page, (x, y, width, height), image.size)
    placed.show(display(image.plane(image.planes // 2)))
    places = panel.places or range(len(panel.result.findings))
    for number, found in zip(places, panel.result.findings, strict=True):
        line = outline_line(finding_colour(number), found.finding.presence == "uncertain", 1.5)
        page.lines(placed.outline(found.plane_mask()), line)
    for mask in panel.truth:
        page.lines(placed.outline(mask), TRUTH)
    page.put(x, y + height + 15, panel.caption, Letters(9.5, bold=True), room=CELL)
