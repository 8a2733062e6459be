"""Where the commands write: results to standard output, progress and messages to standard error."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table


def results() -> Console:
    """Standard output; colours only in a terminal, wide enough for tables when it is a file."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def messages() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table whose values are shown as on pages."""
    from medsegr.evaluation.html import shown

    made = Table(*header, title=title)
    for row in rows:
        made.add_row(*map(shown, row))
    return made


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as notes on standard error, without the line of code that gave them."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: messages().print(f"Note: {message}")
        yield
