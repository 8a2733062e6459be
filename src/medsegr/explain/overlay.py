"""One picture with the outlines and the names of all findings."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import ConnectionPatch
from matplotlib.patheffects import withStroke

from medsegr.explain.attention_maps import display_map, display_rgb, draw_outline, draw_side_letters, pixel_aspect
from medsegr.explain.page import Page, fitted
from medsegr.explain.palette import FAINT
from medsegr.explain.text_layout import put
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
    rgb = display_rgb(result.image.plane(plane))
    wide, tall = fitted(rgb.shape, pixel_aspect(result.image), PICTURE, PICTURE * 1.15)
    drawn = [(place, found) for place, found in enumerate(result.findings) if found.plane_mask(plane).any()]
    rest = [found for found in result.findings if not found.plane_mask(plane).any()]
    tall_labels = max(tall, len(drawn) * LABEL_GAP)
    top = MARGIN + 24
    page = Page(2 * MARGIN + wide + GUTTER, top + tall_labels + 18 + 13 * min(len(rest), 8) + MARGIN)
    head = title + (f" · plane {plane + 1} of {result.image.planes}" if result.image.is_volume else "")
    put(page.axes, MARGIN, MARGIN + 10, head, 11, bold=True, room=page.width - 2 * MARGIN)
    axes = page.picture((MARGIN, top, wide, tall), rgb)
    for place, found in drawn:
        mask = display_map(found.plane_mask(plane))
        draw_outline(axes, mask, finding_colour(place), found.finding.presence == "uncertain")
    if result.image.view.patient_sides:
        draw_side_letters(axes, 13)
    anchors = [_anchor(display_map(found.plane_mask(plane))) for _, found in drawn]
    ys = spread([top + y / rgb.shape[0] * tall for _, y in anchors], top + 12, top + tall_labels - 14, LABEL_GAP)
    for (place, found), anchor, y in zip(drawn, anchors, ys, strict=True):
        _label(page, found, finding_colour(place), MARGIN + wide + 22, y)
        halo = [withStroke(linewidth=1.7, foreground="#00000055")]
        line = ConnectionPatch(
            anchor, (MARGIN + wide + 18, y), "data", "data", axesA=axes, axesB=page.axes,
            color=finding_colour(place), linewidth=0.9, path_effects=halo,
        )  # fmt: skip
        page.figure.add_artist(line)
    _list_rest(page, rest, top + tall_labels + 18)
    return page


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


def _anchor(mask: np.ndarray) -> tuple[float, float]:
    """(x, y) of the rightmost pixel of the largest part: where the line to the name begins."""
    from scipy import ndimage

    parts, count = ndimage.label(mask)
    if count == 0:
        return 0.0, 0.0
    largest = parts == 1 + int(np.argmax(ndimage.sum_labels(mask, parts, range(1, count + 1))))
    rows, columns = np.nonzero(largest)
    edge = columns == columns.max()
    return float(columns.max()), float(np.median(rows[edge]))


def _label(page: Page, found: FindingResult, colour: str, x: float, y: float) -> None:
    room = GUTTER - 26
    page.bar(x, y - 9, 4, 21, colour=colour)
    put(page.axes, x + 10, y, plain_name(found.finding), 9.5, bold=True, room=room)
    facts = [f"{found.size_mm:.0f} mm"] if found.size_mm is not None else []
    facts += ["report unsure (dashed)"] if found.finding.presence == "uncertain" else []
    facts += [f"support {found.support:.2f}"] if found.support is not None else []
    put(page.axes, x + 10, y + 11, " · ".join(facts), 8, colour=FAINT, room=room)


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
        put(page.axes, MARGIN, y + 13 * number, text, 8.5, colour=FAINT, room=page.width - 2 * MARGIN)
