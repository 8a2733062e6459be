"""Which image belongs to train, val or test: read, write, and draw by patient."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from medsegr.data.outputs import atomic_write
from medsegr.errors import ConfigError

SPLITS = ("train", "val", "test")
SPLIT_FILE = "split.csv"


def read_table(
    path: Path, columns: tuple[str, str], known: Iterable[str] = ()
) -> tuple[list[tuple[str, str]], list[str]]:
    """Read two columns of a CSV file with a header.

    Args:
        path: UTF-8, with or without a byte order mark.
        columns: Their names; further columns are ignored.
        known: Names of files that the first column speaks of. One that is composed of other code points there
            (``é`` as one letter, or as ``e`` and an accent) is given back as the file's name.

    Returns:
        The rows in order, duplicates kept, and complaints, one line each. A row with more cells than the first
        line is among both: an unquoted comma may have cut it short.
    """
    exact = {name: name for name in known}
    files = {**{composed(name): name for name in exact}, **exact}
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{path.name} cannot be read ({type(error).__name__}); UTF-8 was expected"]
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            return [], [f"{path.name} has no column '{missing[0]}'; line 1 should be {','.join(columns)}"]
        rows, complaints, longer = [], [], []
        for row in reader:
            first, second = row[columns[0]], row[columns[1]]
            if any(cell.strip() for cell in row.get(None, ())):
                longer.append(reader.line_num)
            if not first or second is None:
                complaints.append(f"{path.name} line {reader.line_num} is incomplete")
            else:
                name = first.strip()
                rows.append((files.get(name) or files.get(composed(name), name), second))
    except csv.Error as error:
        return [], [f"{path.name} is not a CSV file ({error})"]
    if longer:
        others = f" (as {len(longer) - 1} more)" if len(longer) > 1 else ""
        complaints.append(f"{path.name} line {longer[0]} has more cells than the first line{others}; "
                          "put the report, or whatever holds a comma, in quotes")  # fmt: skip
    return rows, complaints


def composed(name: str) -> str:
    """A name with each letter as one code point where there is one (NFC), as most keyboards and editors write it."""
    return unicodedata.normalize("NFC", name)


def split_by_patient(
    names: Sequence[str],
    patient_of: Callable[[str], str] | Mapping[str, str] | None = None,
    shares: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, str]:
    """Split images so that no patient is in two splits. Same names and seed, same split.

    Args:
        patient_of: Name -> patient; None when every image is a patient of its own.
        shares: Split -> share of the images; they are scaled to sum to 1. 0.7, 0.1, 0.2 by default.
        seed: Draws the order of the patients.

    Returns:
        Name -> split. Shares hold as nearly as whole patients allow.

    Raises:
        ConfigError: A share is negative or all are zero.
    """
    shares = dict(shares or {"train": 0.7, "val": 0.1, "test": 0.2})
    total = sum(shares.values())
    if total <= 0 or min(shares.values()) < 0:
        raise ConfigError(f"The shares of a split are {shares}; positive numbers were expected.")
    look_up = patient_of.__getitem__ if isinstance(patient_of, Mapping) else (patient_of or str)
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(look_up(name), []).append(name)
    patients = sorted(groups)
    order = np.random.default_rng(seed).permutation(len(patients))
    wanted = {split: share / total * len(set(names)) for split, share in shares.items()}
    filled = dict.fromkeys(shares, 0)
    result: dict[str, str] = {}
    for index in order:
        group = groups[patients[index]]
        split = max(wanted, key=lambda s: (wanted[s] - filled[s]) / wanted[s] if wanted[s] else float("-inf"))
        filled[split] += len(group)
        result.update(dict.fromkeys(group, split))
    return {name: result[name] for name in sorted(result)}


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file that :func:`read_table` reads.

    Raises:
        OutputError: The place is not writable.
    """
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
