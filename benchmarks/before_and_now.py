"""Commands from a cold start against the build before: in turn, in one run.

    python -m benchmarks.before_and_now [--rounds 7] [--before d769330]

The build before runs out of its own sources, with its own weights of ``tiny``, in this environment. What is compared is
the processor's time with one thread, which a busy machine changes least, and peak memory. Writes
``results/before_and_now.json``, of which ``make results`` makes a table in ``docs/speed.md``. Folders:
``benchmarks.folders``.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.folders import phantoms
from benchmarks.record import options, write_record
from benchmarks.source_trees import PLAIN, ROOT, run, source_tree
from benchmarks.turns import in_turn, medians, shares

REPORT = "Nodule in the right upper lobe. No pleural effusion."
FIGURES = ["processor_s", "peak_mib"]


def main() -> None:
    """Measure and write the record."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", default=PLAIN, help="revision, or checkout, of the build before")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, source_tree(told.before) as tree:
        image = phantoms(Path(place), 1)[0][0]
        trees = {"before": tree, "now": ROOT}
        figures = {name: compared(trees, given, told.rounds) for name, given in commands(image).items()}
    write_record("before_and_now", 0, {"rounds": told.rounds, "before": told.before, "commands": figures})


def commands(image: str) -> dict[str, list[str]]:
    """What is typed -> its arguments."""
    return {
        "medsegr --help": ["--help"],
        "medsegr parse --text ...": ["parse", "--text", REPORT, "--modality", "chest_xray"],
        "medsegr segment of one PNG": ["segment", image, "--text", REPORT, "--model", "tiny"],
    }


def compared(trees: dict[str, Path], given: Sequence[str], rounds: int) -> dict[str, Any]:
    """Medians of both builds, and of the rounds' ratios; where there are several, a first one does not count."""
    ways = {name: partial(cold, tree, given) for name, tree in trees.items()}
    turns = in_turn(ways, rounds, warm=int(rounds > 1))[FIGURES]
    return {**medians(turns).round(3).T.to_dict(), "ratio": shares(turns, "before").loc["now"].round(3).to_dict()}


def cold(tree: Path, given: Sequence[str]) -> dict[str, float]:
    """One call, without graphs that were exported before."""
    with tempfile.TemporaryDirectory() as place:
        out = ["--out", str(Path(place, "out"))] if given[0] == "segment" else []
        return run(tree, [*given, *out], 1, COLUMNS="100", MEDSEGR_CACHE=place)


if __name__ == "__main__":
    main()
