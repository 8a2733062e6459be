"""How well reports of a source are read without the cues and statements that no other source's reports use.

    python -m benchmarks.leave_one_out

Rules were written with all sources at hand; this tells how much of the reading of a source rests on
ways of saying that only it taught. For every source of the annotated reports its own cues, triggers and statements
are taken out of the lexicon (names of findings, places and looks stay), and its reports are read again.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.finding_score import figures, score_report
from benchmarks.read_reports import FOLDER
from benchmarks.record import shared_data, write_record
from medsegr.cognition.grammar import is_phrase
from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.phrases import tokenise

FIGURES = ("target_presence", "negation", "doubt", "side", "zones")
Record = Mapping[str, Any]


def measure(records: Sequence[Record], others: Sequence[Record]) -> dict[str, Any]:
    """Figures by source, with all words and without its own.

    Args:
        records: Annotated reports, each with its ``source``.
        others: Further reports, which count as other sources.
    """
    by_source: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_source[record["source"]].append(record)
    lexicon, found = load_lexicon(), dict[str, Any]()
    for source, own in by_source.items():
        rest = [record["report"] for record in [*records, *others] if record["source"] != source]
        fewer, taken = without_own(lexicon, [record["report"] for record in own], rest)
        found[source] = {
            "reports": len(own),
            "words_taken_out": taken,
            "with_all": _figures(own, lexicon),
            "without_its_own": _figures(own, fewer),
        }
    return found


def without_own(lexicon: Lexicon, own: Sequence[str], others: Sequence[str]) -> tuple[Lexicon, int]:
    """A lexicon without the cues, triggers and statements that stand in our reports and in no others; how many."""
    ours, rest = _running(own), _running(others)

    def kept(words: Iterable[str]) -> tuple[str, ...]:
        return tuple(word for word in words if not _stands(word, ours) or _stands(word, rest))

    cues = {name: replace(cue, words=kept(cue.words)) for name, cue in lexicon.cues.items()}
    triggers = {name: kept(words) if is_phrase(name) else words for name, words in lexicon.triggers.items()}
    statements = tuple(s for s in lexicon.statements if not _states(s.find, own) or _states(s.find, others))
    fewer = replace(lexicon, cues=cues, triggers=triggers, statements=statements)
    return fewer, _size(lexicon) - _size(fewer)


def _size(lexicon: Lexicon) -> int:
    words = sum(len(cue.words) for cue in lexicon.cues.values()) + sum(map(len, lexicon.triggers.values()))
    return words + len(lexicon.statements)


def _running(texts: Iterable[str]) -> str:
    return " | ".join(" ".join(token.word for token in tokenise(text)) for text in texts).join("  ")


def _stands(phrase: str, running: str) -> bool:
    return " ".join(token.word for token in tokenise(phrase)).join("  ") in running


def _states(find: str, texts: Iterable[str]) -> bool:
    pattern = re.compile(rf"\b(?:{find})", re.I)
    return any(pattern.search(text) for text in texts)


def _figures(records: Iterable[Record], lexicon: Lexicon) -> dict[str, float | None]:
    tally: Counter[str] = Counter()
    for record in records:
        told = parse_report(record["report"], record["modality"], lexicon=lexicon).to_dict()["findings"]
        score_report(record["findings"], told, tally)
    found = figures(tally)
    return {name: found[name] for name in FIGURES}


def main() -> None:
    """Read, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gold = shared_data("x").parents[1] / "reports_gold" / "public.jsonl"
    parser.add_argument("--gold", type=Path, default=gold)
    given = parser.parse_args()
    records, others = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (given.gold, FOLDER / "open.jsonl")
    )
    write_record("leave_one_out", 0, measure(records, others))


if __name__ == "__main__":
    main()
