"""Where the commands write: results to standard output, progress and messages to standard error."""

from rich.console import Console


def results() -> Console:
    """Standard output; colours only in a terminal, wide enough for tables when it is a file."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def messages() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
