"""Reads texts with the parser that lies on the path; asked by ``benchmarks.source_trees``.

``python -m benchmarks.tree_reader read|time SOURCES``: modality and text on lines of JSON from
standard input; findings, or seconds, to standard output.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import medsegr
from medsegr.cognition.parser import parse_report
from medsegr.errors import MedsegrError


def findings(modality: str | None, text: str) -> list[dict[str, Any]] | str:
    """What is read, or the words of the error."""
    try:
        return parse_report(text, modality).to_dict()["findings"]
    except MedsegrError as error:
        return str(error)


def seconds(texts: Sequence[tuple[str | None, str]]) -> list[float]:
    """Processor time for each text."""
    findings("chest_xray", "Nodule.")
    taken = []
    for modality, text in texts:
        started = time.process_time()
        findings(modality, text)
        taken.append(time.process_time() - started)
    return taken


def main() -> None:
    """Answer on standard output."""
    task, sources = sys.argv[1:]
    if not Path(medsegr.__file__).resolve().is_relative_to(Path(sources).resolve()):
        raise SystemExit(f"medsegr comes from {medsegr.__file__}: expected it under {sources}.")
    texts = [json.loads(line) for line in sys.stdin]
    if task == "time":
        print(json.dumps(seconds(texts)))
    else:
        print("\n".join(json.dumps(findings(*text)) for text in texts))


if __name__ == "__main__":
    main()
