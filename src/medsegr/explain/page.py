"""A page in points with y downwards: text, bars, lines, and places for pictures. It may be drawn in any thread."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from medsegr.data.outputs import atomic_write
from medsegr.explain.palette import ASPECT_COLOURS, ASPECT_NAMES, FAINT, RULE
from medsegr.explain.png_file import png_of
from medsegr.explain.stroke import Line, Paths, draw
from medsegr.explain.typeface import DPI, SCALE, Letters

Box = tuple[float, float, float, float]
"""Left, top, width and height, in points."""


@dataclass(frozen=True)
class Text:
    """A line of text on a page.

    Attributes:
        x: Its left end, in points.
        y: Its baseline, in points.
        text: What is written.
        letters: How.
        rim: Width of a black rim around the letters, in pixels.
    """

    x: float
    y: float
    text: str
    letters: Letters
    rim: int = 0


class Page:
    """A white page.

    Args:
        width: In points.
        height: In points.

    Attributes:
        texts: What is written on it; it lies over all else.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.canvas = np.full((int(height * SCALE), int(width * SCALE), 3), 255, np.uint8)
        self.texts: list[Text] = []

    def put(
        self, x: float, y: float, text: str, letters: Letters, *, room: float | None = None, centred: bool = False
    ) -> None:
        """A line of text from ``x`` or around it, on its baseline, cut to a room in points."""
        text = text.replace("\n", " ")
        text = text if room is None else letters.shortened(text, room)
        self.texts.append(Text(x - letters.width(text) / 2 if centred else x, y, text, letters))

    def rule(self, y: float, left: float, right: float) -> None:
        """A thin horizontal line."""
        self.bar((left, y - 0.5, right - left, 1.0), RULE)

    def bar(self, box: Box, colour: str) -> None:
        """A filled rectangle."""
        left, top, width, height = pixels_of(box)
        self.canvas[top : top + height, left : left + width] = np.full((width, 3), ImageColor.getrgb(colour), np.uint8)

    def tag(self, box: Box, colour: str, radius: float = 2.0) -> None:
        """A filled rectangle with round corners, for what is written over it.

        Args:
            radius: Of the corners, in points: from half a pixel to half of the shorter side.
        """
        left, top, width, height = (SCALE * side for side in box)
        rows, columns = np.arange(int(top), int(top + height) + 1), np.arange(int(left), int(left + width) + 1)
        down, across = (
            np.maximum(np.abs(at + 0.5 - start - side / 2) - side / 2 + SCALE * radius, 0)
            for at, start, side in ((rows, top, height), (columns, left, width))
        )
        share = np.clip(SCALE * radius + 0.5 - np.hypot(down[:, None], across), 0, 1)[..., None]
        under = self.canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        under[:] = np.rint(
            under + (np.array(ImageColor.getrgb(colour)) - under) * share[: len(under), : under.shape[1]]
        )

    def lines(self, paths: Paths, line: Line) -> None:
        """Lines between points of the page; widths and dashes in points."""
        dash = line.dash and (line.dash[0] * SCALE, line.dash[1] * SCALE)
        in_pixels = Line(line.colour, line.width * SCALE, line.rim * SCALE, line.rim_shade, dash)
        draw(self.canvas, Paths(paths.points * SCALE, paths.starts), in_pixels)

    def aspect_legend(self, x: float, y: float) -> None:
        """What the colours of the report's words mean, in one line."""
        letters = Letters(8.5, FAINT)
        for kind, name in ASPECT_NAMES.items():
            self.bar((x, y, 12, 10), ASPECT_COLOURS[kind])
            self.put(x + 16, y + 9, name, letters)
            x += 16 + letters.width(name) + 12

    def picture(self, box: Box, picture: Image.Image) -> None:
        """A picture that fills a box of the page, enlarged or shrunk once."""
        left, top, width, height = pixels_of(box)
        shown = resized(picture, (width, height)).convert("RGB")
        self.canvas[top : top + height, left : left + width] = np.asarray(shown)

    def png(self) -> bytes:
        """The page as a PNG file."""
        for written in self.texts:
            self._write(written)
        return png_of(self.canvas, DPI)

    def _write(self, text: Text) -> None:
        """Drawn on a copy of the part that it covers: a copy of a page takes longer than all its text."""
        x, y, font = text.x * SCALE, text.y * SCALE, text.letters.font(text.text)
        box = font.getbbox(text.text, anchor="ls", stroke_width=text.rim)
        left, top = max(0, int(x + box[0]) - 1), max(0, int(y + box[1]) - 1)
        under = self.canvas[top : max(top, int(y + box[3]) + 2), left : max(left, int(x + box[2]) + 2)]
        if under.size:
            patch = Image.fromarray(under)
            ImageDraw.Draw(patch).text(
                (x - left, y - top), text.text, text.letters.colour, font,
                anchor="ls", stroke_width=text.rim, stroke_fill="black",
            )  # fmt: skip
            under[:] = np.asarray(patch)


def pixels_of(box: Box) -> tuple[int, int, int, int]:
    """Left, top, width and height of a box in pixels of a page, at least 1 x 1."""
    x, y, width, height = box
    return round(x * SCALE), round(y * SCALE), max(1, round(width * SCALE)), max(1, round(height * SCALE))


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture at another size; what is shrunk is averaged."""
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


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
