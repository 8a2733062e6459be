"""Values of a header, whatever a writer put there: a missing, empty or broken value is None."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pydicom import Dataset


def value(item: "Dataset | None", keyword: str) -> Any:
    """A header's value; None where it is missing, empty or cannot be read."""
    try:
        found = None if item is None else item.get(keyword)
        return None if found is None or (hasattr(found, "__len__") and not len(found)) else found
    except Exception:  # broken values raise nearly anything, and their messages repeat them
        return None


def text(item: "Dataset | None", keyword: str) -> str:
    """A value as text, "" for None; several values are joined by a backslash."""
    found = value(item, keyword)
    if found is None:
        return ""
    several = not isinstance(found, str) and hasattr(found, "__iter__")
    return ("\\".join(str(one) for one in found) if several else str(found)).strip()


def words(item: "Dataset | None", keyword: str) -> tuple[str, ...]:
    """Several values in capitals, such as an image's type or a patient's orientation."""
    return tuple(word.strip().upper() for word in text(item, keyword).split("\\") if word.strip())


def number(item: "Dataset | None", keyword: str) -> float | None:
    """The first of a header's numbers, if it is finite."""
    found = numbers(item, keyword)
    return None if found is None else float(found[0])


def numbers(item: "Dataset | None", keyword: str, count: int | None = None) -> np.ndarray | None:
    """A header's numbers, float64, if they are finite and as many as are expected."""
    found = value(item, keyword)
    if found is None:
        return None
    try:
        several = not isinstance(found, str) and hasattr(found, "__iter__")
        array = np.array([float(one) for one in found] if several else [float(found)], np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    fits = array.size and (count is None or array.size == count) and np.isfinite(array).all()
    return array if fits else None


def whole(item: "Dataset | None", keyword: str) -> int | None:
    """A header's whole number."""
    found = number(item, keyword)
    return None if found is None or not math.isfinite(found) else int(found)


def items(item: "Dataset | None", keyword: str) -> "tuple[Dataset, ...]":
    """The items of a sequence; none where it is missing or no sequence."""
    found = value(item, keyword)
    return tuple(found) if found is not None and type(found).__name__ == "Sequence" else ()


def first(item: "Dataset | None", keyword: str) -> "Dataset | None":
    """The first item of a sequence."""
    return next(iter(items(item, keyword)), None)
