"""Commands from a cold start, and a folder of pictures, against the build before: in turn, in one run.

    python -m benchmarks.before_and_now [--rounds 7] [--pictures 200] [--before d769330]

The build before runs out of its own sources, with its own weights of ``tiny``, in this environment. Of commands the
processor's time is compared, with one thread, which a busy machine changes least, and peak memory; of the folder, with
reports and drawn pictures, the clock's from start to end, with as many processes and threads as each build takes by
itself. Writes ``results/before_and_now.json`` and the table in ``docs/speed.md``.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.folders import phantoms
from benchmarks.markdown import table
from benchmarks.record import read_record, write_record
from benchmarks.source_trees import ROOT, source_tree

BEFORE, REPORT = "d769330", "Nodule in the right upper lobe. No pleural effusion."
PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- cold: begin -->", "<!-- cold: end -->"
RECORD = "[before_and_now.json](../benchmarks/results/before_and_now.json)"
CHILD = """
import resource, sys
from medsegr.cli.main import main
code = main(sys.argv[1:])
with open("/proc/self/status") as status:  # the resources' own figure begins with that of the process that starts it
    own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(max(own, workers) / 1024, file=sys.stderr)
sys.exit(code)
"""
Figures = dict[str, float]


def main() -> None:
    """Measure, write the record and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=200, help="of the folder; 0 leaves it out")
    parser.add_argument("--before", default=BEFORE, help="revision, or checkout, of the build before")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, source_tree(told.before) as tree:
        trees = {"before": tree, "now": ROOT}
        folder = phantoms(Path(place), max(told.pictures, 1))
        images = [str(path) for path in sorted((folder / "images").iterdir())]
        figures = {name: compared(trees, given, told.rounds) for name, given in commands(images[0]).items()}
        if told.pictures:
            asked = ["segment", *images[: told.pictures], "--reports", str(folder / "reports.csv"), "--model", "tiny"]
            figures[f"a folder of {told.pictures} pictures"] = compared(trees, asked, 1, threads=None)
    write_record("before_and_now", 0, {"rounds": told.rounds, "before": told.before, "commands": figures})
    write_page()


def commands(image: str) -> dict[str, list[str]]:
    """What is typed -> its arguments."""
    return {
        "medsegr --help": ["--help"],
        "medsegr parse --text ...": ["parse", "--text", REPORT, "--modality", "chest_xray"],
        "medsegr segment of one PNG": ["segment", image, "--text", REPORT, "--model", "tiny"],
    }


def compared(trees: dict[str, Path], given: Sequence[str], rounds: int, threads: int | None = 1) -> dict[str, Figures]:
    """Medians of both builds, and of the rounds' ratios; where there are several, a first one does not count."""
    every: dict[str, list[Figures]] = {name: [] for name in trees}
    for number in range(rounds + (rounds > 1)):
        for name, tree in trees.items():
            found = run(tree, given, threads)
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


def run(tree: Path, given: Sequence[str], threads: int | None) -> Figures:
    """One call in a process of its own: seconds by the clock and of the processor, and peak memory in MiB."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "100"}
    environment.pop("OMP_NUM_THREADS", None)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory() as place:
        out = ["--out", str(Path(place, "out"))] if given[0] == "segment" else []
        before, started = os.times(), time.perf_counter()
        done = subprocess.run([sys.executable, "-c", CHILD, *given, *out], check=False, capture_output=True, text=True,
                              env=environment)  # fmt: skip
        seconds, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise SystemExit(f"{given[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"clock_s": seconds, "processor_s": spent, "peak_mib": float(done.stderr.splitlines()[-1])}


def write_page() -> None:
    """The table in ``docs/speed.md``, from the record."""
    rows = []
    for name, found in read_record("before_and_now")["commands"].items():
        clock = "clock_s" if "folder" in name else "processor_s"
        seconds = [f"{found[build][clock]:.2f} s" for build in ("before", "now")]
        rows.append((name, *seconds, f"{found['ratio'][clock]:.2f}", f"{found['ratio']['peak_mib']:.2f}"))
    made = table(("command", "before", "now", "ratio", "memory, ratio"), rows)
    before, after = PAGE.read_text("utf-8").split(BEGIN)[0], PAGE.read_text("utf-8").split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{RECORD}:\n\n{made}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
