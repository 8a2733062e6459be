"""How well the rule parser reads reports: the scorer's figures by source, and its commonest errors.

    python -m benchmarks.parser_card

Reads the annotated reports and their scorer from the shared folder (see ``benchmarks.record``), or
another gold file with ``--gold``; writes ``results/parser.json`` and ``docs/parser.md``.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.record import RESULTS, shared_data, write_record
from medsegr.cli.parse import parse_lines

OWN = Path(__file__).parent / "reports"
OWN_FILES = {
    "other modalities, used": "other_modalities_dev.jsonl",
    "other modalities, held out": "other_modalities_held.jsonl",
}
"""Reports of ours (brain, abdomen, knee, eye, ...), written and annotated without a look at the parser; the second
half was not read while rules were written, but kinds of mistakes that its scores told of were mended."""

PAGE = Path(__file__).parents[1] / "docs" / "parser.md"
FIGURES = (
    "target_presence",
    "negation",
    "uncertainty",
    "laterality",
    "zones",
    "texture",
    "shape",
    "size_accuracy",
    "evidence",
)
HEADINGS = (
    "source", "reports", "findings", "target and presence (F1)", "negation (F1)", "doubt (F1)", "side (accuracy)",
    "zones (F1)", "texture (F1)", "shape (F1)", "size (accuracy)", "evidence (overlap)",
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


def page(record: dict[str, Any]) -> str:
    """The text of ``docs/parser.md``."""
    rows = [(source, *figures.values()) for source, figures in record["rows"].items()]
    errors = [(kind, count) for kind, count in record["errors"].items()]
    made = f"`{record['command']}`, {record['date']}, versions {record['versions']['medsegr']}."
    return (
        "# How well reports are read\n\n"
        "The rule parser on annotated reports: real clinical notes, templates of real readings, and reports written "
        "with traps of negation, hedging, side and time. Rules were written with these reports at hand. The last line "
        "is nearest to what to expect of others: reports of other modalities, written and annotated without a look "
        "at the parser, and not read while rules were written. Its scores were looked at, though, and kinds of "
        "mistakes that they told of were mended, with other sentences at hand.\n\n"
        + table(HEADINGS, rows)
        + _further()
        + _left_out()
        + _old_parser()
        + "\n\nWhat it gets wrong, most often first (findings missed or read in vain, and fields that differ):\n\n"
        + table(("error", "times"), errors)
        + f"\n\n{made}\n\nHow places become regions of the picture: [regions.md](regions.md). "
        "Words of your own: [lexicon.md](lexicon.md). A language model instead of rules: "
        "[llm_parser.md](llm_parser.md).\n"
    )


def _further() -> str:
    """Reports and sentences of our own, where they were measured."""
    paths = {name: RESULTS / f"{name}.json" for name in ("read_reports", "sister_forms")}
    if not all(path.is_file() for path in paths.values()):
        return ""
    own, forms = (json.loads(path.read_text(encoding="utf-8")) for path in paths.values())
    read = own["open"]
    return (
        "\n\nReports of our own in the manner of other hospitals, templates and examinations: target and presence "
        f"{read['target_presence']:.3f} in {read['reports']} that could be read while rules were written; in "
        f"{_sealed(own['sealed'])} whose texts could not (kinds of their mistakes were told; of all they hold, one "
        f"finding is in doubt), and in {_sealed(own['sealed_second'])} written later and not read either "
        f"(two of their texts were seen since; no rule was written for them) (`{own['command']}`). "
        f"Of {forms['sentences']:,} generated sentences that say the same in many forms {forms['right']:.3f} are read "
        f"rightly (`{forms['command']}`)."
    )


def _left_out() -> str:
    """What is read without the ways of saying that only a source itself taught, where that was measured."""
    path = RESULTS / "leave_one_out.json"
    if not path.is_file():
        return ""
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        (source, part["words_taken_out"], *(_pair(part, name) for name in ("target_presence", "negation", "doubt")))
        for source, part in record.items()
        if isinstance(part, dict) and part.get("words_taken_out")
    ]
    heads = ("source", "taken out", "target and presence (F1)", "negation (F1)", "doubt (F1)")
    return (
        "\n\nLeave one source out: a source read without the cues, triggers and statements that no other source's "
        f"reports use, behind the figure with all of them (`{record['command']}`). Names of findings and places "
        "stay.\n\n" + table(heads, rows)
    )


def _pair(part: Mapping[str, Any], name: str) -> str:
    with_all, without = part["with_all"][name], part["without_its_own"][name]
    return "-" if with_all is None else f"{with_all:.3f}, then {without:.3f}"


def _old_parser() -> str:
    """Where the parser of an old commit reads plain wording differently, where that was counted."""
    path = RESULTS / "parser_oracle.json"
    if not path.is_file():
        return ""
    record = json.loads(path.read_text(encoding="utf-8"))
    parts = {name: part for name, part in record.items() if isinstance(part, dict) and "read_alike" in part}
    told = ", ".join(f"{part['read_alike']:,} of {part['reports']:,} {name}s" for name, part in parts.items())
    return (
        f"\n\nReports in plain wording that are read as by an old parser, which reads such wording rightly: {told} "
        f"(`{record['command']}`). Examples of every kind of difference were looked at."
    )


def _sealed(figures: Mapping[str, Any]) -> str:
    told = ("negation", "doubt", "side", "zones", "size")
    shown = ", ".join(f"{name} {figures[name]:.3f}" for name in told)
    return f"{figures['reports']} ({figures['target_presence']:.3f}, {shown})"


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = shared_data("x").parents[1] / "reports_gold"
    parser.add_argument("--gold", type=Path, default=folder / "public.jsonl")
    parser.add_argument("--scorer", type=Path, default=folder / "score.py")
    arguments = parser.parse_args()
    write_record("parser", 0, measure(arguments.gold, arguments.scorer))
    PAGE.write_text(page(json.loads((RESULTS / "parser.json").read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
