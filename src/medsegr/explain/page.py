"""A page in points with y downwards, and pictures on it. No pyplot, so it works in threads and servers."""

import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from medsegr.data.outputs import atomic_write
from medsegr.explain.palette import ASPECT_COLOURS, ASPECT_NAMES, FAINT, RULE
from medsegr.explain.text_layout import put, text_width

DPI = 144

Box = tuple[float, float, float, float]
"""Left, top, width and height, in points."""


class Pixels(Artist):
    """A picture that fills its axes, enlarged or shrunk once: matplotlib would do it in floats, and keep copies.

    Args:
        rgb: (H, W, 3) in 0..1.
        size: Width and height on the page, in points.
    """

    def __init__(self, rgb: np.ndarray, size: tuple[float, float]) -> None:
        super().__init__()
        self.set_zorder(0)
        opaque = Image.fromarray(np.rint(255 * rgb).astype(np.uint8)).convert("RGBA")
        width, height = (max(1, round(side * DPI / 72)) for side in size)
        self._rgba = np.asarray(opaque.resize((width, height), Image.Resampling.BILINEAR))[::-1]

    def draw(self, renderer: Any) -> None:
        """Lay the pixels down, from the axes' lower left corner."""
        corner = self.axes.bbox  # type: ignore[union-attr]
        context = renderer.new_gc()
        renderer.draw_image(context, round(corner.x0), round(corner.y0), self._rgba)
        context.restore()


class Page:
    """A white page.

    Args:
        width: In points.
        height: In points.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.axis("off")

    def rule(self, y: float, left: float, right: float) -> None:
        """A thin horizontal line."""
        self.axes.plot([left, right], [y, y], color=RULE, linewidth=0.8)

    def bar(self, x: float, y: float, width: float, height: float, colour: str | tuple[float, ...]) -> None:
        """A filled rectangle."""
        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="none"))

    def bars(self, boxes: Sequence[Box], colours: Sequence[tuple[float, ...]]) -> None:
        """Many filled rectangles as one, which is much faster."""
        corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
        self.axes.add_collection(PolyCollection(corners, facecolors=list(colours), edgecolors="none"), autolim=False)

    def aspect_legend(self, x: float, y: float) -> None:
        """What the colours of the report's words mean, in one line."""
        for kind, name in ASPECT_NAMES.items():
            self.bar(x, y, 12, 10, ASPECT_COLOURS[kind])
            put(self.axes, x + 16, y + 9, name, 8.5, colour=FAINT)
            x += 16 + text_width(name, 8.5) + 12

    def picture(self, box: Box, rgb: np.ndarray) -> Axes:
        """Axes in the pixels of a picture, (H, W, 3) in 0..1, that fill a box of the page."""
        x, y, width, height = box
        place = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(place)
        axes.add_artist(Pixels(rgb, (width, height)))
        axes.set(xlim=(-0.5, rgb.shape[1] - 0.5), ylim=(rgb.shape[0] - 0.5, -0.5), xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def png(self) -> bytes:
        """The page as a PNG file."""
        stream = io.BytesIO()
        self.canvas.draw()
        opaque = np.asarray(self.canvas.buffer_rgba())[..., :3]
        Image.fromarray(opaque).save(stream, "png", compress_type=zlib.Z_RLE, dpi=(DPI, DPI))
        return stream.getvalue()


def fitted(shape: tuple[int, ...], aspect: float, width: float, height: float) -> tuple[float, float]:
    """The largest (width, height) inside a box for a picture (H, W) whose pixels have this aspect."""
    tall, wide = shape[0] * aspect, float(shape[1])
    scale = min(width / wide, height / tall)
    return wide * scale, tall * scale


def save_page(page: Page, path: Path) -> Path:
    """Write a page as PNG, whole or not at all."""
    content = page.png()
    with atomic_write(path) as temporary:
        Path(temporary).write_bytes(content)
    return path
