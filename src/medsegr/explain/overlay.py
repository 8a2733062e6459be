"""One picture with the outlines and the names of all findings."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from medsegr.explain.attention_maps import display, pixel_aspect
from medsegr.explain.page import Page, fitted
from medsegr.explain.palette import FAINT
from medsegr.explain.placed_picture import PlacedPicture, outline_line
from medsegr.explain.stroke import Line, Paths
from medsegr.explain.typeface import Letters
from medsegr.inference.result import FindingResult, Result
from medsegr.inference.shown_as import finding_colour, plain_name

PICTURE, GUTTER, MARGIN = 500.0, 215.0, 18.0
LABEL_GAP = 30.0
"""Points between two names beside the picture; they never collide."""


def overlay_page(result: Result, title: str) -> Page:
    """The image with outlines; names beside it, joined to their outlines by thin lines.

    Solid: the report states it. Dashed: the report is not sure. Below: what was not outlined, and why.
    Of a volume, the plane that shows most findings is taken.

    Args:
        title: Shown above the picture.
    """
    plane = chosen_plane(result.findings)
    shape = result.image.size
    wide, tall = fitted(shape, pixel_aspect(result.image), PICTURE, PICTURE * 1.15)
    masks = [found.plane_mask(plane) for found in result.findings]
    drawn = [place for place, mask in enumerate(masks) if mask.any()]
    rest = [found for place, found in enumerate(result.findings) if place not in drawn]
    tall_labels = max(tall, len(drawn) * LABEL_GAP)
    top = MARGIN + 24
    page = Page(2 * MARGIN + wide + GUTTER, top + tall_labels + 18 + 13 * min(len(rest), 8) + MARGIN)
    head = title + (f" · plane {plane + 1} of {result.image.planes}" if result.image.is_volume else "")
    page.put(MARGIN, MARGIN + 10, head, Letters(11, bold=True), room=page.width - 2 * MARGIN)
    placed = PlacedPicture(page, (MARGIN, top, wide, tall), shape)
    placed.show(display(result.image.plane(plane)))
    anchors = []
    for place in drawn:
        outline = placed.outline(masks[place])
        page.lines(outline, outline_line(finding_colour(place), _unsure(result.findings[place])))
        anchors.append(_anchor(outline))
    if result.image.view.patient_sides:
        placed.side_letters(13)
    ys = spread([y for _, y in anchors], top + 12, top + tall_labels - 14, LABEL_GAP)
    for place, anchor, y in zip(drawn, anchors, ys, strict=True):
        _label(page, result.findings[place], finding_colour(place), MARGIN + wide + 22, y)
        leader = Line(finding_colour(place), 0.9, rim=0.4, rim_shade=0.33)
        page.lines(Paths.of(anchor, (MARGIN + wide + 18, y)), leader)
    _list_rest(page, rest, top + tall_labels + 18)
    return page


def _unsure(found: FindingResult) -> bool:
    return found.finding.presence == "uncertain"


def chosen_plane(findings: Sequence[FindingResult]) -> int:
    """The plane that shows most findings; of several, the one with most pixels inside masks."""
    outlined = [found for found in findings if found.area_px]
    if not outlined:
        return findings[0].key_plane if findings else 0
    planes = sorted({found.key_plane for found in outlined})
    sizes = {p: [int(found.plane_mask(p).sum()) for found in outlined] for p in planes}
    return max(planes, key=lambda p: (sum(size > 0 for size in sizes[p]), sum(sizes[p])))


def spread(wanted: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Places near the wanted ones, in their order, at least ``gap`` apart, inside low..high if they fit."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(wanted[i], placed[-1] + gap if placed else low))
    limit = max(high, low + gap * (len(placed) - 1))
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    return [y for _, y in sorted(zip(order, placed, strict=True))]


def _anchor(outline: Paths) -> tuple[float, float]:
    """(x, y) of the rightmost point of the largest part's outline: where the line to the name begins."""
    chains = [outline.chain(number) for number in range(len(outline.starts) - 1)]
    largest = max(chains, key=_area)
    edge = largest[largest[:, 0] > largest[:, 0].max() - 0.01]
    x, y = edge[len(edge) // 2]
    return float(x), float(y)


def _area(chain: Float[np.ndarray, "n 2"]) -> float:
    x, y = (chain - chain[0]).T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2


def _label(page: Page, found: FindingResult, colour: str, x: float, y: float) -> None:
    room = GUTTER - 26
    page.bar((x, y - 9, 4, 21), colour)
    page.put(x + 10, y, plain_name(found.finding), Letters(9.5, bold=True), room=room)
    facts = [f"{found.size_mm:.0f} mm"] if found.size_mm is not None else []
    facts += ["report unsure (dashed)"] if _unsure(found) else []
    facts += [f"support {found.support:.2f}"] if found.support is not None else []
    page.put(x + 10, y + 11, " · ".join(facts), Letters(8, FAINT), room=room)


def _list_rest(page: Page, rest: Sequence[FindingResult], y: float) -> None:
    """Lines below the picture: what is not outlined in it, and why."""
    for number, found in enumerate(rest[:8]):
        why = {
            "absent": "absent by the report",
            "unsupported": "the image does not show it",
            "untrained": "the model was not trained for it",
            "empty": "nothing to outline",
            "outlined": "in other planes",
        }[found.outcome]
        text = f"Not outlined: {plain_name(found.finding)}: {why}"
        if number == 7 and len(rest) > 8:
            text = f"... and {len(rest) - 7} more findings without an outline"
        page.put(MARGIN, y + 13 * number, text, Letters(8.5, FAINT), room=page.width - 2 * MARGIN)
