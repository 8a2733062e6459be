"""Pictures and masks drawn for the tests of derived reports."""

import numpy as np

from medsegr.data.case import Case
from medsegr.data.image import load_image
from medsegr.view import Frame
from tests.views import seen

SIZE = 128


def ellipse(
    row: float = 0.5, column: float = 0.5, height: float = 0.1, width: float = 0.1, size: int = SIZE
) -> np.ndarray:
    """(size, size) bool; centre and half axes as shares of the side."""
    rows, columns = (np.indices((size, size)) + 0.5) / size
    return ((rows - row) / height) ** 2 + ((columns - column) / width) ** 2 <= 1


def picture(marks: dict[float, np.ndarray] | None = None, body: np.ndarray | None = None) -> np.ndarray:
    """(SIZE, SIZE) uint8: black outside the body, grey inside, marks in grey values of their own, a little noise."""
    body = ellipse(height=0.48, width=0.48) if body is None else body
    grey = np.where(body, 100.0, 0.0)
    for value, mask in (marks or {}).items():
        grey[mask] = value
    noise = np.random.default_rng(0).normal(0, 3, grey.shape) * body
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def case(
    structures: dict[str, np.ndarray],
    modality: str | None,
    grey: np.ndarray | None = None,
    frame: Frame | None = None,
) -> Case:
    """A case without a known spacing; of a data set in this frame, by default its modality's own."""
    image = load_image(picture() if grey is None else grey, modality)
    return Case(seen(image, frame=frame), None, structures=structures)
