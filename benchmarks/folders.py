"""Folders: cases a second and memory, against one case after another: python -m benchmarks.folders [--cases N]

The plain way is ``medsegr segment`` of the commit before there were work lists (:data:`PLAIN`), out of its own
sources: read, ask, draw and write each case, then the next, in one process, with its own weights of ``tiny``. Both
ways run as programs of their own, in turns, on the same phantoms, each with as many threads of torch as it takes by
itself. The rate is that between the first and the last case, so that the loading of models does not count. Seconds of
the processor are told beside it (with the loading), for a machine that is shared tells little by the clock.

Peak memory is that of one process over few and over many pictures of 64 px.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import write_record
from benchmarks.source_trees import ROOT, source_tree

SEED = 31
PLAIN = "d769330"
"""The last commit whose ``segment`` made one case after another, and drew all pictures itself."""

SIDE = 64
"""Of the pictures for which memory is measured, px."""


def main(arguments: list[str] | None = None) -> None:
    """Measure both ways, with pictures and without, and peak memory of few and of many cases."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=48, help="phantoms of one kind (radiographs)")
    options.add_argument("--few", type=int, default=10, help="pictures whose peak memory is compared")
    options.add_argument("--many", type=int, default=1000, help="with that of so many")
    options.add_argument("--plain", default=PLAIN, help="revision, or checkout, of the plain way")
    options.add_argument("--model", default="tiny")
    options.add_argument("--workers", type=int, default=2)
    asked = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place, source_tree(asked.plain) as plain:
        trees = {"plain": plain, "folder": ROOT}
        folder = phantoms(Path(place), asked.cases)
        figures: dict[str, Any] = {"model": asked.model, "cases": asked.cases, "workers": asked.workers,
                                   "plain": asked.plain}  # fmt: skip
        told = ["--reports", str(folder / "reports.csv"), "--model", asked.model]
        images = sorted((folder / "images").iterdir())[: asked.cases]
        figures["plain_with_pictures"] = before = measured(trees["plain"], [*map(str, images), *told])
        crew = [*told, "--workers", str(asked.workers)]
        for name, drawn in (("with_pictures", "--pictures"), ("without_pictures", "--no-pictures")):
            figures[name] = after = measured(trees["folder"], [*map(str, images), *crew, drawn])
            figures[name]["times_as_many"] = round(after["cases_per_s"] / before["cases_per_s"], 2)
        figures["memory"] = memory(Path(place), asked)
    write_record("folders", SEED, figures)


def memory(place: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Peak memory of one process over few and over many small pictures."""
    small = small_pictures(place / "small", asked.many)
    told = ["--text", "Nodule in the left upper lobe.", "--model", asked.model, "--modality", "chest_xray",
            "--workers", "1", "--no-pictures"]  # fmt: skip
    peaks = [measured(ROOT, [*map(str, small[:count]), *told])["peak_mib"] for count in (asked.few, asked.many)]
    return {"cases": [asked.few, asked.many], "side_px": SIDE, "peak_mib": peaks,
            "ratio": round(peaks[1] / peaks[0], 3)}  # fmt: skip


def small_pictures(folder: Path, count: int) -> list[Path]:
    """Pictures of noise."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    paths = [folder / f"s{number:04}.png" for number in range(count)]
    for number, path in enumerate(paths):
        grey = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(grey).save(path)
    return paths


def phantoms(place: Path, count: int) -> Path:
    """A folder of radiographs with their reports."""
    from medsegr.cli.main import main as medsegr

    # Kinds of pictures take turns: a third are radiographs.
    medsegr(["data", "phantoms", str(place / "set"), "--cases", str(3 * count), "--seed", str(SEED)])
    return place / "set" / "xray"


def measured(tree: Path, given: list[str]) -> dict[str, Any]:
    """Run ``segment`` of a source tree in a program of its own."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place, "out")
        run = [sys.executable, "-c", CHILD, "segment", *given, "--out", str(out)]
        environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
        done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise SystemExit(f"segment of {tree.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
        ends = sorted(path.stat().st_mtime for path in out.glob("*/findings.json"))
        spent = figures.pop("processor_s") / len(ends)
        return {"cases_per_s": round((len(ends) - 1) / (ends[-1] - ends[0]), 3),
                "processor_s_per_case": round(spent, 3), **figures}  # fmt: skip


CHILD = """
import json, resource, sys
from medsegr.cli.main import main
code = main(sys.argv[1:])
own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
spent = sum(used.ru_utime + used.ru_stime for used in (own, others))
peak = max(own.ru_maxrss, others.ru_maxrss) / 1024
print(json.dumps({"processor_s": spent, "peak_mib": round(peak)}), file=sys.stderr)
sys.exit(code)
"""
"""What such a program does; seconds of workers count once they have ended."""


if __name__ == "__main__":
    main()
