"""How fast two source trees read reports, side by side in one run.

    python -m benchmarks.reading_speed --before main --after . [--reports N]

Both read the same reports of 60 words, in turns, each in a process of its own on one core; the best of the passes
counts. Then one text each of growing length, up to the longest that is read: linear means that time by
characters stays the same.
"""

import argparse
import random
from pathlib import Path
from typing import Any

from benchmarks.drawn_reports import SEED, WORDS, long_text, report
from benchmarks.record import write_record
from benchmarks.source_trees import Text, seconds_in, source_tree
from medsegr.cognition.parser import MAX_CHARACTERS

PASSES = 3
LENGTHS = tuple(MAX_CHARACTERS // part for part in (8, 4, 2, 1))


def compare(before: Path, after: Path, reports: int) -> dict[str, Any]:
    """Reports per second of both, their ratio, and seconds for long texts."""
    draw = random.Random(SEED)
    rates: dict[str, list[float]] = {"before": [], "after": []}
    trees = {"before": before, "after": after}
    for _ in range(PASSES):
        texts: list[Text] = [("chest_xray", report(draw)) for _ in range(reports)]
        for name, tree in trees.items():
            rates[name].append(reports / sum(seconds_in(tree, texts)))
    long: list[Text] = [("chest_xray", long_text(length)) for length in LENGTHS]
    taken = {name: seconds_in(tree, long) for name, tree in trees.items()}
    best = {name: max(values) for name, values in rates.items()}
    return {
        "words_per_report": WORDS,
        "reports_per_pass": reports,
        "reports_per_second": {name: round(value, 1) for name, value in best.items()},
        "by_pass": {name: [round(value, 1) for value in values] for name, values in rates.items()},
        "after_by_before": round(best["after"] / best["before"], 3),
        "seconds_for_one_text_of_characters": {
            name: {str(length): round(value, 3) for length, value in zip(LENGTHS, values, strict=True)}
            for name, values in taken.items()
        },
        "time_by_character_longest_by_shortest": {
            name: round(values[-1] / LENGTHS[-1] / (values[0] / LENGTHS[0]), 3) for name, values in taken.items()
        },
    }


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default="main", help="folder of a checkout, or git revision")
    parser.add_argument("--after", default=".", help="the same")
    parser.add_argument("--reports", type=int, default=1000, help="reports in each pass")
    given = parser.parse_args()
    with source_tree(given.before) as before, source_tree(given.after) as after:
        write_record("reading_speed", SEED, compare(before, after, given.reports))


if __name__ == "__main__":
    main()
