"""A model inside the package: what its card says beside what its run says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shipped:
    """What a run does not know of itself.

    Attributes:
        name: Of the model, and of its folder in the package.
        data: What it was trained on, with licences.
        commands: That make it, in order.
        steps: Of its trainings; empty for those of the run.
        limits: What it cannot do.
        results: Hash of the weights -> figures for the card.
        knows_generated: Whether names count as trained that it was shown in generated pictures alone.
        licence: Of the weights.
    """

    name: str
    data: tuple[str, ...]
    commands: tuple[str, ...]
    limits: str
    results: Callable[[str], dict[str, Any]]
    knows_generated: bool
    steps: str = ""
    licence: str = "cc-by-4.0"
