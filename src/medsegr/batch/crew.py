"""Who does the work of a run: what the loop asks of workers, wherever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from medsegr.batch.outcome import Outcome
from medsegr.batch.study import Study
from medsegr.errors import InputError

AT_ONCE = 3
"""Chunks of one worker at a time: one is read, one is answered, one is written."""

WAIT_S = 0.5
"""How long one look for finished chunks lasts."""

Chunk = tuple[Study, ...]


@dataclass(frozen=True)
class Done:
    """A chunk that has come to an end.

    Attributes:
        chunk: Its studies.
        outcomes: One for each; None where its worker died.
    """

    chunk: Chunk
    outcomes: Sequence[Outcome] | None


class Crew(Protocol):
    """Workers for one run."""

    slots: int
    """Chunks that may be under way at once."""

    @property
    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the model."""

    def submit(self, chunk: Chunk) -> None:
        """Give out a chunk."""

    def finished(self) -> list[Done]:
        """Chunks that have ended since; waits for a moment where none has."""

    def close(self) -> None:
        """End the workers."""


def check_deaths(deaths: int, workers: int) -> None:
    """Raise an InputError where so many deaths in a row, with no case done between them, leave no hope."""
    if deaths > 3 * workers:
        raise InputError(f"{deaths} workers died one after another, without a case done. Take fewer with --workers, "
                         "for they may need more memory than there is.")  # fmt: skip
