"""How well reports of our own are read that rules were not written for.

    python -m benchmarks.read_reports                        # figures of all parts, written to results/
    python -m benchmarks.read_reports --errors               # and what is wrong in the open half
    python -m benchmarks.read_reports --gold FILE [--errors] # figures of another file, nothing is written

Reports in the manner of hospitals, templates and kinds of examination that differ from
those that rules were written with, annotated before a rule was written for them. The sealed parts are
not to be read by who writes rules: their errors are never shown, their figures tell what to expect of others.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.finding_score import figures, score_report
from benchmarks.record import options, write_record
from medsegr.cognition.parser import parse_report
from medsegr.errors import ConfigError

FOLDER = Path(__file__).parents[1] / "tests" / "cognition" / "dev_reports"
PARTS = ("open", "sealed", "sealed_second")


def measure(path: Path, *, by_source: bool = False) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Figures of a file of annotated reports (over all and, on request, by source), and errors by report."""
    tallies: dict[str, Counter[str]] = {"all": Counter()}
    errors: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        told = read(record["report"], record["modality"])
        errors[record["id"]] = score_report(record["findings"], told, tallies["all"])
        if by_source:
            score_report(record["findings"], told, tallies.setdefault(record["source"], Counter()))
    found = {"reports": len(errors), **figures(tallies.pop("all"))}
    return found | ({"by_source": {name: figures(t) for name, t in tallies.items()}} if by_source else {}), errors


def read(text: str, modality: str | None) -> list[dict[str, Any]]:
    """What the rules read; a modality that they do not know is guessed from the text, as for files of reports."""
    try:
        return parse_report(text, modality).to_dict()["findings"]
    except ConfigError:
        return parse_report(text).to_dict()["findings"]


def main() -> None:
    """Parse the arguments, read, print or record."""
    parser = options(__doc__)
    parser.add_argument("--gold", type=Path, help="another file of annotated reports")
    parser.add_argument("--errors", action="store_true", help="show what is wrong, report by report")
    arguments = parser.parse_args()
    shown, errors = measure(arguments.gold or FOLDER / f"{PARTS[0]}.jsonl", by_source=arguments.gold is not None)
    for name, told in errors.items() if arguments.errors else ():
        print("\n".join([name, *(f"  {fault}" for fault in told)]) if told else name)
    if arguments.gold is not None:
        print(json.dumps(shown, indent=1))
    else:
        sealed = {part: measure(FOLDER / f"{part}.jsonl")[0] for part in PARTS[1:]}
        write_record("read_reports", 0, {PARTS[0]: shown, **sealed})


if __name__ == "__main__":
    main()
