"""``run.json``: how results came to be."""

import json
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medsegr import __version__

PACKAGES = ("torch", "transformers", "numpy")
SCHEMA = "medsegr.run/1"


def versions(*more: str) -> dict[str, str | None]:
    """Versions of medsegr, Python, what it stands on, and ``more`` packages; None where one is missing."""
    found: dict[str, str | None] = {"medsegr": __version__, "python": platform.python_version()}
    for name in (*PACKAGES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def command_line(given: Sequence[str] | None) -> list[str]:
    """What was typed (the object of a command's context), without the report that may stand in it."""
    kept = ["medsegr"]
    for argument in given or ():
        if kept[-1] in ("--text", "-t"):
            kept.append("(report)")
        elif argument.startswith("--text="):
            kept.append("--text=(report)")
        elif argument.startswith("-t") and argument != "-t":
            kept.append("-t(report)")
        else:
            kept.append(argument)
    return kept


def write_run(
    path: Path,
    command: Sequence[str],
    model: dict[str, Any],
    cases: Sequence[dict[str, Any]],
    failures: Sequence[dict[str, str]],
    *,
    parser: dict[str, str],
) -> None:
    """Write ``run.json``.

    Args:
        path: Where to.
        command: From :func:`command_line`.
        model: Name and hash of the weights.
        cases: Name, image as it was given (in a folder: with the folder as it was given), and seconds of each.
        failures: Name, image and message of each case that failed.
        parser: Who read the reports: its name; of a language model also model and address.
    """
    record = {
        "schema": SCHEMA,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "model": model,
        "parser": parser,
        "command": list(command),
        "cases": list(cases),
        "failures": list(failures),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="replace")  # names of files need not be UTF-8
