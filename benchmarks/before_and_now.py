"""Commands from a cold start against the build before: in turn, in one run.

    python -m benchmarks.before_and_now [--rounds 7] [--before d769330]

The build before runs out of its own sources, with its own weights of ``tiny``, in this environment. Each is called
as it is installed, with its modules compiled. What is compared is the processor's time with one thread, which a busy
machine changes least, and peak memory. Writes
``results/before_and_now.json``, of which ``make results`` makes a table in ``docs/speed.md``. Folders:
``benchmarks.folders``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.folders import CHILD, PLAIN, phantoms
from benchmarks.record import write_record
from benchmarks.source_trees import ROOT, source_tree

REPORT = "Nodule in the right upper lobe. No pleural effusion."
Figures = dict[str, float]


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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


def compared(trees: dict[str, Path], given: Sequence[str], rounds: int) -> dict[str, Figures]:
    """Medians of both builds, and of the rounds' ratios; where there are several, a first one does not count."""
    every: dict[str, list[Figures]] = {name: [] for name in trees}
    for number in range(rounds + (rounds > 1)):
        for name, tree in trees.items():
            found = run(tree, given)
            if number or rounds == 1:
                every[name].append(found)
    medians = {name: {key: statistics.median(one[key] for one in all_of) for key in all_of[0]}
               for name, all_of in every.items()}  # fmt: skip
    pairs = list(zip(every["before"], every["now"], strict=True))
    ratios = {key: statistics.median(now[key] / then[key] for then, now in pairs) for key in pairs[0][0]}
    return {
        name: {key: round(value, 3) for key, value in each.items()}
        for name, each in {**medians, "ratio": ratios}.items()
    }


def run(tree: Path, given: Sequence[str]) -> Figures:
    """One call in a process of its own: seconds of the processor, and peak memory in MiB."""
    told = {"PYTHONPATH": str(tree / "src"), "COLUMNS": "100", "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": ""}  # fmt: skip # compiled by the first call, as what is installed is
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, **told, "MEDSEGR_CACHE": place}  # without graphs that were exported before
        out = ["--out", str(Path(place, "out"))] if given[0] == "segment" else []
        before = os.times()
        done = subprocess.run([sys.executable, "-c", CHILD, *given, *out], check=False, capture_output=True, text=True,
                              env=environment)  # fmt: skip
        after = os.times()
    if done.returncode:
        raise SystemExit(f"{given[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"processor_s": spent, "peak_mib": json.loads(done.stderr.splitlines()[-1])["peak_mib"]}


if __name__ == "__main__":
    main()
