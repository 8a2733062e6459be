"""A table as a work list: CSV or JSON lines, one study a row, read row by row."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from medsegr.data.report_file import read_report
from medsegr.errors import ReportError

TABLE_SUFFIXES = (".csv", ".jsonl")
PLACES = ("image", "study")
"""Columns that may name the picture."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        number: Of the row, from 1.
        image: Path or address of the picture, as it stands there.
        report: Text, or None.
        case: Name that its results shall have, or "".
        targets: Names to look for.
        modality: Or None.
        problem: Why it is of no use, without what it says; "" else.
    """

    number: int
    image: str = ""
    report: str | None = field(default=None, repr=False)
    case: str = ""
    targets: tuple[str, ...] = ()
    modality: str | None = None
    problem: str = ""


def is_table(path: Path) -> bool:
    """Whether a file's name says that it is a table of studies."""
    return path.name.lower().endswith(TABLE_SUFFIXES)


def count_rows(path: Path) -> int:
    """How many studies a table names; the header is checked on the way.

    Raises:
        ReportError: It cannot be read, names no picture, or has no rows.
    """
    number = sum(1 for _ in _raw(path))
    if not number:
        raise ReportError(f"'{path.name}' has no rows; expected one study a row, with its picture under 'image'.")
    return number


def read_rows(path: Path) -> Iterator[Row]:
    """The studies of a table, one at a time. What is wrong with one row is said in that row.

    Columns: ``image`` or ``study``, ``report`` or ``report_file``, ``targets``, ``modality``, ``case``; others are
    left alone. Several targets are a list in JSON lines, and parted by semicolons in CSV.

    Raises:
        ReportError: The table cannot be read.
    """
    for number, raw in enumerate(_raw(path), 1):
        try:
            yield _row(number, raw, path)
        except ReportError as error:
            yield Row(number, problem=str(error))


def _row(number: int, raw: Any, path: Path) -> Row:
    where = f"Row {number} of {path.name}"
    if not isinstance(raw, Mapping):
        raise ReportError(f"{where} cannot be read; expected {_expected(path)}.")
    told = {key: raw[key] for key in (*PLACES, "report", "report_file", "case", "modality") if raw.get(key) is not None}
    if any(not isinstance(value, str) for value in told.values()):
        raise ReportError(f"{where} holds something else than text under image, report, case or modality.")
    if any(key is None for key in raw):
        raise ReportError(f"{where} has more cells than the first line; put what holds a comma in quotes.")
    image = next((told[key].strip() for key in PLACES if told.get(key, "").strip()), "")
    if not image:
        raise ReportError(f"{where} names no picture; expected its path under 'image'.")
    report = told.get("report", "") or None
    if report is None and told.get("report_file"):
        try:
            report = read_report(path.parent / told["report_file"])
        except ReportError:
            raise ReportError(f"{where}: its report's file cannot be used as text.") from None
    modality = told.get("modality", "").strip() or None
    return Row(number, image, report, told.get("case", "").strip(), _targets(raw.get("targets"), where), modality)


def _targets(value: Any, where: str) -> tuple[str, ...]:
    names = value.split(";") if isinstance(value, str) else [] if value is None else value
    if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
        raise ReportError(f"{where} holds no list of names under 'targets'.")
    return tuple(name.strip() for name in names if name.strip())


def _raw(path: Path) -> Iterator[Any]:
    """Rows as dicts; None for a line that is not JSON."""
    try:
        with path.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as file:
            yield from _csv(file, path) if path.name.lower().endswith(".csv") else _json_lines(file)
    except (OSError, csv.Error) as error:
        raise ReportError(f"'{path.name}' cannot be read ({type(error).__name__}).") from None


def _csv(file: TextIO, path: Path) -> Iterator[Any]:
    reader = csv.DictReader(file)
    if not set(PLACES) & set(reader.fieldnames or ()):
        raise ReportError(f"'{path.name}' has no column 'image'; its first line should name {_expected(path)}.")
    yield from reader


def _json_lines(file: TextIO) -> Iterator[Any]:
    for line in file:
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield None


def _expected(path: Path) -> str:
    return "image,report" if path.name.lower().endswith(".csv") else '{"image": "scan.png", "report": "..."}'
