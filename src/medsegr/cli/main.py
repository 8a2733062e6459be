"""The command ``medsegr``: assembles the commands, and turns errors into one message and an exit code."""

import atexit
import errno
import gc
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from medsegr import __version__
from medsegr.cli.commands import HELP, Commands
from medsegr.data.given_name import may_be_report
from medsegr.errors import MedsegrError

DONE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes; see INTERFACE in the documentation."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why a file that we print into takes no more."""

app = typer.Typer(
    name="medsegr",
    cls=Commands,
    help="Medical image segmentation guided by the medical report.\n\n"
    "Example: medsegr segment scan.png --text 'Polyp in the upper left.' --modality colonoscopy --out results",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"medsegr {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Options before the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: As typed after ``medsegr``; of this process by default.

    Returns:
        0 done, 1 some cases failed, 2 wrong use or unusable input, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = DONE
    try:
        code = _called(given)
        print(end="", flush=True)
    except (OSError, SystemExit) as error:
        lost = error.__context__ if isinstance(error, SystemExit) else error  # click leaves when a pipe is closed
        if not isinstance(lost, OSError) or lost.filename is not None or lost.errno not in (errno.EPIPE, *NO_ROOM):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if lost.errno in NO_ROOM:
            return _fail(f"The output cannot be written: {lost.strerror}. Make room, or write it elsewhere.")
        # Otherwise whoever read our output has enough, for example `medsegr parse ... | head`.
    return code


def _called(given: Sequence[str]) -> int:
    try:
        code = app(given or ["--help"], prog_name="medsegr", standalone_mode=False, obj=given)
        code = code if isinstance(code, int) else DONE
    except MedsegrError as error:
        return _fail(str(error))
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _fail(f"{_without_report(error.format_message(), given)} Help: {_command(given)} --help")
    if code == INTERRUPTED:
        print("Interrupted.", file=sys.stderr)
    return code


COLLECTED_AFTER = 200_000
"""Objects more, until unused rings of them are looked for: imports make hundreds of thousands, none of them in vain."""


def run() -> None:
    """Entry point of the command ``medsegr``. Letters that the terminal cannot show are escaped.

    The process ends once that is done which was registered for the end from here on: to take apart all that was
    imported takes a seventh of a second, for memory that goes back anyway. What was registered before, by modules
    that were imported earlier, is not called.
    """
    gc.set_threshold(COLLECTED_AFTER, *gc.get_threshold()[1:])
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = 1  # of an error of our own, of which Python shows the traceback

    def leave() -> None:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed from the beginning
            stream.flush()
        os._exit(code)

    atexit.register(leave)  # called behind all that is registered later
    try:
        code = main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        raise
    sys.exit(code)


def _fail(message: str) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return WRONG_USE


def _without_report(message: str, given: Sequence[str]) -> str:
    """A message about wrong use; another one where it would repeat a report that stands where none was expected."""
    for words in (word for argument in given for word in (argument, argument.partition("=")[2])):
        if may_be_report(words) and (_letters(words) or words) in _letters(message):
            return "Something stands where it was not expected; it is not repeated, for it may be a report."
    return message


def _letters(text: str) -> str:
    """A text by its letters and digits alone: line ends and quotation marks may be escaped in messages."""
    return re.sub(r"\\x[0-9a-f]{2}|\\[nrt]|\W", "", text)


def _command(given: Sequence[str]) -> str:
    """The command that was typed, as far as it is one; not every error of the command line knows its own."""
    command: Any = typer.main.get_command(app)
    path = "medsegr"
    for word in given:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path += f" {word}"
    return path
