"""``run.json``: how results came to be."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsegr import __version__
from medsegr.data.outputs import atomic_write

if TYPE_CHECKING:
    from medsegr.batch.outcome import Outcome

PACKAGES = ("torch", "transformers", "numpy")
SCHEMA = "medsegr.run/1"


def versions() -> dict[str, str | None]:
    """Versions of medsegr, Python, and what it stands on; None where one is missing."""
    found: dict[str, str | None] = {"medsegr": __version__, "python": platform.python_version()}
    for name in PACKAGES:
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


@dataclass(frozen=True)
class RunRecord:
    """What ``run.json`` says beside models and cases.

    Attributes:
        command: From :func:`command_line`.
        parser: Who read the reports: its name; of a language model also model and address.
        read_from: Files and folders that the run reads.
        nameless: Names of files are left out, for they may name patients: failures are told by their number.
    """

    command: Sequence[str]
    parser: dict[str, str]
    read_from: Sequence[Path] = ()
    nameless: bool = False

    def write(
        self, folder: Path, model: dict[str, Any], done: "Sequence[Outcome]", failed: "Sequence[Outcome]"
    ) -> None:
        """Write ``run.json``, whole or not at all.

        Args:
            folder: Of the results.
            model: Name and hash of the weights.
            done, failed: In the order of the work list; of each the name, the image as it was given (in a folder:
                with the folder as it was given), and the seconds that it took or the message.
        """
        record = {
            "schema": SCHEMA,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "versions": versions(),
            "model": model,
            "parser": self.parser,
            "command": ["medsegr", "segment", "(left out by --deidentify)"] if self.nameless else list(self.command),
            "cases": [outcome.record.entry() for outcome in done if outcome.record is not None],
            "failures": [
                {"case": outcome.study.case, "image": "", "error": "(left out by --deidentify)"}
                if self.nameless
                else {"case": outcome.study.case, "image": outcome.study.shown, "error": outcome.error}
                for outcome in failed
            ],
        }
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        with atomic_write(folder / "run.json") as temporary:
            temporary.write_text(text, encoding="utf-8", errors="replace")  # names of files need not be UTF-8
