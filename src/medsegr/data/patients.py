"""Whose images they are: what intervals are resampled by."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.split import SPLIT_FILE, read_table

PROVENANCE_FILE = "provenance.csv"
COLUMNS = ("patient", "case", "run", "source_image")
"""Columns that say which images belong together, the best first: a patient, an examination, frames of one scene,
cases that were made of one picture."""

PERSONAL = ("patient", "case", "source_image")
"""Those of which all images belong in one split."""


def patients_of(folder: DatasetFolder) -> tuple[dict[str, str], str]:
    """Image -> who it shows, and what that is.

    Looked for is a column of :data:`COLUMNS` beside ``image`` in ``split.csv``, then in ``provenance.csv``.
    An image that has none there is taken for a patient of its own.

    Returns:
        Image -> name; and the column, or ``image`` where nothing is known.
    """
    return grouped(folder.path, folder.images())


def grouped(folder: Path, images: Sequence[str]) -> tuple[dict[str, str], str]:
    """The same of a folder and its images, where the folder may break the layout."""
    for column in COLUMNS:
        for name in (SPLIT_FILE, PROVENANCE_FILE):
            known = _column(folder / name, column, images)
            if any(image in known for image in images):
                return {image: known.get(image, image) for image in images}, column
    return {image: image for image in images}, "image"


def _column(path: Path, column: str, images: Iterable[str]) -> dict[str, str]:
    if not path.is_file():
        return {}
    rows, _ = read_table(path, ("image", column), images)
    return {image: value.strip() for image, value in rows if value.strip()}
