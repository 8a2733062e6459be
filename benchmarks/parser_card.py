"""How well the rule parser reads reports: the scorer's figures by source, and its commonest errors.

    python -m benchmarks.parser_card

Reads the annotated reports and their scorer from the shared folder (see ``benchmarks.record``), or another gold file
with ``--gold``; writes ``results/parser.json``, of which ``make results`` makes ``docs/parser.md``.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.record import options, shared_data, write_record
from medsegr.cli.parse import parse_lines

OWN = Path(__file__).parent / "reports"
OWN_FILES = {
    "other modalities, used": "other_modalities_dev.jsonl",
    "other modalities, held out": "other_modalities_held.jsonl",
}
"""Reports of ours (brain, abdomen, knee, eye, ...), written and annotated without a look at the parser; the second
half was not read while rules were written, but kinds of mistakes that its scores told of were mended."""

FIGURES = (
    "target_presence", "negation", "uncertainty", "laterality", "zones", "texture", "shape", "size_accuracy",
    "evidence",
)  # fmt: skip


def measure(gold: Path, scorer: Path) -> dict[str, Any]:
    """The scorer's figures for the rule parser: over all, by source, of our own reports; and its errors by kind."""
    scores = score(gold, scorer)
    rows = {"all": row(scores), **{source: row(part) for source, part in scores["by_source"].items()}}
    rows |= {words: row(score(OWN / name, scorer)) for words, name in OWN_FILES.items()}
    return {"rows": rows, "errors": kinds(scores["errors"])}


def score(gold: Path, scorer: Path) -> dict[str, Any]:
    """What the scorer says of the rule parser's reading."""
    with tempfile.TemporaryDirectory() as temporary:
        predicted = Path(temporary) / "predicted.jsonl"
        parse_lines(gold, predicted)
        command = [sys.executable, str(scorer), str(gold), str(predicted), "--errors"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def row(scores: dict[str, Any]) -> dict[str, Any]:
    """One line of the table."""
    found: dict[str, Any] = {"reports": scores["reports"], "findings": scores["gold_findings"]}
    for name in FIGURES:
        value = scores[name]
        if isinstance(value, dict):
            value = value.get("f1", value.get("accuracy", value.get("overlap_rate")))
        found[name] = value
    return found


def kinds(errors: dict[str, list[str]]) -> dict[str, int]:
    """Errors by kind, the commonest first; no report is quoted."""
    counted: Counter[str] = Counter()
    for listed in errors.values():
        for error in listed:
            missed = re.match(r"(missed|false alarm) .*\((\w+),", error)
            field = re.match(r"\w+: (\w+)", error)
            counted[f"{missed[1]}, {missed[2]}" if missed else field[1] if field else "other"] += 1
    return dict(counted.most_common())


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = options(__doc__)
    folder = shared_data("x").parents[1] / "reports_gold"
    parser.add_argument("--gold", type=Path, default=folder / "public.jsonl")
    parser.add_argument("--scorer", type=Path, default=folder / "score.py")
    arguments = parser.parse_args()
    write_record("parser", 0, measure(arguments.gold, arguments.scorer))


if __name__ == "__main__":
    main()
