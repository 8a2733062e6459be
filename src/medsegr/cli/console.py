"""Where the commands write: results to standard output, progress and messages to standard error."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


def results() -> Console:
    """Standard output; colours only in a terminal, wide enough for tables when it is a file."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def messages() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as notes on standard error, without the line of code that gave them."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: messages().print(f"Note: {message}")
        yield
