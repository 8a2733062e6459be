"""How far a run is: a bar with rate and time left in a terminal, now and then a line elsewhere."""

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from medsegr.cli.case_table import MOST_SHOWN
from medsegr.cli.console import messages

if TYPE_CHECKING:
    from medsegr.batch.outcome import Outcome

LINE_S = 30.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Tells of outcomes on standard error; of few studies each by name.

    Args:
        count: Of all studies.
    """

    def __init__(self, count: int) -> None:
        self._count, self._told, self._made, self._failed = count, 0, 0, 0
        self._began = self._last = time.monotonic()
        console = messages()
        name, rate = TextColumn("{task.description}"), TextColumn("{task.fields[rate]}")
        columns = (name, BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        self._bar = Bar(*columns, console=console, transient=True) if console.is_terminal and count > 1 else None
        self._task = self._bar.add_task("cases", total=count, rate="") if self._bar else None

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, outcome: "Outcome") -> None:
        """One more has come to its end."""
        self._told += 1
        self._made += not outcome.kept
        self._failed += outcome.record is None
        if self._bar and self._task is not None:
            self._bar.update(self._task, advance=1, rate=self._rate())
        if 1 < self._count <= MOST_SHOWN:
            messages().print(f"[{self._told}/{self._count}] {outcome.study.case}")
        elif not self._bar and self._count > 1 and time.monotonic() - self._last >= LINE_S:
            self._last = time.monotonic()
            messages().print(f"{self._told:,} of {self._count:,} cases, {self._failed:,} failed, {self._rate()}, "
                             f"{self._left()} left")  # fmt: skip
        record = outcome.record
        if record is not None and record.model_chosen is not None and self._count <= MOST_SHOWN:
            messages().print(f"{record.case}: model '{record.model}', for {record.model_chosen}", soft_wrap=True)

    def _rate(self) -> str:
        each = self._made / max(time.monotonic() - self._began, 1e-9)
        return f"{each:.2f} a second"

    def _left(self) -> str:
        each = (time.monotonic() - self._began) / max(self._made, 1)
        seconds = round(each * (self._count - self._told))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
