"""What this project set out to show, and how far it came: ``aims.yaml`` against the records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.figures import Figure
from benchmarks.groups import PER_IMAGE

FILE = Path(__file__).with_name("aims.yaml")


@dataclass(frozen=True)
class Aim:
    """A figure to reach.

    Attributes:
        words: What it is of, and its unit.
        reached: In points or per cent.
        at_least: The least that it may be, or None.
        at_most: The most that it may be, or None.
        for_sure: The interval has to lie above 0 as well.
    """

    words: str
    reached: Figure
    at_least: float | None = None
    at_most: float | None = None
    for_sure: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as it was to be."""
        low = self.at_least is None or self.reached.value >= self.at_least
        high = self.at_most is None or self.reached.value <= self.at_most
        return low and high and (not self.for_sure or self.reached.low > 0)


def aims_of(records: Mapping[str, Any]) -> list[Aim]:
    """Every aim whose figure was measured, in the order of the file."""
    found = []
    for told in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        figure, less, given = told.pop("figure", None), told.pop("less", None), told.pop("reached", None)
        reached = Figure(*given) if given else _scaled(_at(records, figure))
        if reached is not None and less is not None:
            other = _scaled(_at(records, less))
            reached = None if other is None else Figure(reached.value - other.value)
        if reached is not None:
            found.append(Aim(reached=reached, **told))
    return found


def _at(records: Mapping[str, Any], path: Sequence[str]) -> Figure | None:
    """The figure at the end of a path; of whole sets the one per image, where the two are not the same."""
    found: Any = records
    for name in path:
        found = found.get(name + PER_IMAGE, found.get(name)) if isinstance(found, Mapping) else None
    return found


def _scaled(found: Figure | None) -> Figure | None:
    return None if found is None else Figure(*(100 * round(each, 4) for each in found[:3]), found.count)
