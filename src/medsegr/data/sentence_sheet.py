"""Sheets of image names and sentences, as the field hands them around: xlsx, csv or tsv, with various headings."""

import csv
import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from medsegr._optional import require
from medsegr.data.damage import damage_told
from medsegr.errors import DatasetError

SHEET_SUFFIXES = (".xlsx", ".csv", ".tsv")

IMAGE_HEADINGS = ("image", "image_name", "imagename", "filename", "file_name", "file", "mask", "name", "img", "path")
TEXT_HEADINGS = ("description", "report", "text", "sentence", "caption", "prompt", "desc", "findings")
"""Headings in the order of preference; case and blanks do not matter."""


def read_sentences(path: Path) -> dict[str, str]:
    """Read an ``.xlsx`` (its first sheet), ``.csv`` or ``.tsv`` whose first row holds the headings.

    Returns:
        Image or mask name as it stands there, without folders -> sentence. Rows without either are left out.

    Raises:
        DatasetError: Unreadable, no heading of an image or a text, or two sentences for one name.
        MissingExtraError: xlsx without the package that reads it.
    """
    rows, headings = _rows(path)
    image, text = _column(headings, IMAGE_HEADINGS, path, "image"), _column(headings, TEXT_HEADINGS, path, "text")
    sentences: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        name = _name(row, image)
        sentence = row[text].strip() if text < len(row) else ""
        if not name or not sentence:
            continue
        if sentences.setdefault(name, sentence) != sentence:
            raise DatasetError(f"{path.name} line {number} gives an image a second sentence. Keep one row an image.")
    return sentences


def read_names(path: Path) -> list[str]:
    """Read the names of a sheet that has no sentences, such as a list of the images of a split.

    Raises:
        DatasetError: Unreadable, or no heading of an image.
        MissingExtraError: xlsx without the package that reads it.
    """
    rows, headings = _rows(path)
    image = _column(headings, IMAGE_HEADINGS, path, "image")
    return [name for row in rows[1:] if (name := _name(row, image))]


def _rows(path: Path) -> tuple[list[list[str]], list[str]]:
    """All rows, and the headings in small letters with low lines for blanks."""
    read = _read_xlsx if path.suffix.lower() == ".xlsx" else _read_csv
    rows = [row for row in read(path) if any(cell.strip() for cell in row)]
    if not rows:
        raise DatasetError(f"{path.name} is empty. Expected a row of headings and a row for each image.")
    return rows, ["_".join(cell.lower().split()) for cell in rows[0]]


def _name(row: Sequence[str], column: int) -> str:
    """The file's name in a row, without folders."""
    return row[column].replace("\\", "/").rsplit("/", maxsplit=1)[-1].strip() if column < len(row) else ""


def _column(headings: Sequence[str], known: Sequence[str], path: Path, what: str) -> int:
    found = next((name for name in known if name in headings), None)
    if found is None:
        raise DatasetError(
            f"{path.name} has no column that names the {what}; expected one of {', '.join(known)} in its first row."
        )
    return headings.index(found)


def _read_xlsx(path: Path) -> list[list[str]]:
    openpyxl = require("openpyxl", f"Reading {path.name}", "'medsegr[xlsx]', or save the sheet as CSV")
    with damage_told(f"{path.name} cannot be read as a sheet", ". Save it again as xlsx or CSV.", DatasetError):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        with closing(book):
            rows = book.worksheets[0].iter_rows(values_only=True)
            return [["" if value is None else str(value) for value in row] for row in rows]


def _read_csv(path: Path) -> list[list[str]]:
    """Comma, semicolon or tab, whichever the headings hold most of; UTF-8, else Windows-1252."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be opened ({error.strerror}). Check permissions.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DatasetError(f"{path.name} is not a CSV file ({error}). Save it again as CSV.") from error
