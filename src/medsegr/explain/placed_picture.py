"""A picture on a page, and what is drawn over it in the picture's own pixels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from PIL import Image

from medsegr.explain.page import Box, Page, Text, pixels_of
from medsegr.explain.stroke import Line, Paths, outlines
from medsegr.explain.typeface import SCALE, Letters

INSET = 0.02
"""Share of the width between the letters of the sides and the picture's edges."""


@dataclass(frozen=True)
class PlacedPicture:
    """Where a picture lies on a page.

    Attributes:
        page: What it lies on.
        box: Where.
        shape: (H, W) of the picture, or of the part of it that is shown.
    """

    page: Page
    box: Box
    shape: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the page."""
        _, _, width, height = pixels_of(self.box)
        return width, height

    def show(self, picture: Image.Image) -> None:
        """Fill it with a picture of any size."""
        self.page.picture(self.box, picture)

    def placed(self, paths: Paths) -> Paths:
        """From the picture's pixels to points of the page."""
        left, top, width, height = (side / SCALE for side in pixels_of(self.box))
        return paths.scaled((width / self.shape[1], height / self.shape[0]), (left, top))

    def outline(self, mask: Bool[np.ndarray, "h w"]) -> Paths:
        """Outline of a mask of the picture, on the page; closed at the picture's edge."""
        return self.placed(outlines(mask, min(self.shape[0] / self.size[1], self.shape[1] / self.size[0])))

    def rectangle(self, corners: tuple[float, float, float, float], line: Line) -> None:
        """A rectangle inside the picture, from x1, y1 to x2, y2, counted from its corner."""
        height, width = self.shape
        (x1, x2), (y1, y2) = np.clip(corners[::2], 0, width), np.clip(corners[1::2], 0, height)
        self.page.lines(self.placed(Paths.of((x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1))), line)

    def side_letters(self, size: float) -> None:
        """R and L of the patient, who faces us: R at the left edge; apart, even where the picture is narrower."""
        left, top, width, _ = self.box
        letters = Letters(size, "#FFFFFF", bold=True)
        middle, begin, end = left + width / 2, left + INSET * width, left + (1 - INSET) * width
        right_side = min(begin, middle - 2 - letters.width("R"))
        left_side = max(end - letters.width("L"), middle + 2)
        for x, letter in ((right_side, "R"), (left_side, "L")):
            self.page.texts.append(Text(x, top + 1.35 * size, letter, letters, rim=2))


def outline_line(colour: str, dashed: bool = False, width: float = 1.8) -> Line:
    """A finding's outline; dashes are for findings that the report is not sure of."""
    return Line(colour, width, rim=1.0, dash=(4 * width, 2 * width) if dashed else None)
