"""Folders: cases a second and memory, against one case after another: python -m benchmarks.folders [--cases N]

The plain way is what ``segment`` did before it had work lists: read, ask, write and draw each case, then the next, in
one process. Both ways run as programs of their own, one after the other, on the same phantoms with the same model,
each with as many threads of torch as it takes by itself. The rate is that between the first and the last case, so
that the loading of models does not count. Seconds of the processor are told beside it, for a machine that is shared
tells little by the clock.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import write_record

SEED = 31
PARTS = ("old", "new")


def main(arguments: list[str] | None = None) -> None:
    """Measure both ways, with pictures and without, and peak memory of few and of many cases."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=48, help="phantoms of one kind (radiographs)")
    options.add_argument("--few", type=int, default=10, help="cases whose peak memory is compared")
    options.add_argument("--model", default="tiny")
    options.add_argument("--workers", type=int, default=2)
    asked = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = phantoms(Path(place), asked.cases)
        figures: dict[str, Any] = {"model": asked.model, "cases": asked.cases, "workers": asked.workers}
        for pictures in (True, False):
            made = {way: measured(way, folder, asked, asked.cases, pictures) for way in PARTS}
            name = "with_pictures" if pictures else "without_pictures"
            figures[name] = {**made, "ratio": round(made["new"]["cases_per_s"] / made["old"]["cases_per_s"], 2)}
        drawn, plain = figures["with_pictures"], figures["without_pictures"]
        ratio = plain["new"]["cases_per_s"] / drawn["old"]["cases_per_s"]
        figures["without_pictures_against_old_with"] = round(ratio, 2)
        asked.workers = 1
        peaks = [measured("new", folder, asked, count, False)["peak_mib"] for count in (asked.few, asked.cases)]
        figures["memory"] = {"cases": [asked.few, asked.cases], "peak_mib": peaks,
                             "ratio": round(peaks[1] / peaks[0], 3)}  # fmt: skip
    write_record("folders", SEED, figures)


def phantoms(place: Path, count: int) -> Path:
    """A folder of radiographs with their reports."""
    from medsegr.cli.main import main as medsegr

    # Kinds of pictures take turns: a third are radiographs.
    medsegr(["data", "phantoms", str(place / "set"), "--cases", str(3 * count), "--seed", str(SEED)])
    return place / "set" / "xray"


def measured(way: str, folder: Path, asked: argparse.Namespace, count: int, pictures: bool) -> dict[str, Any]:
    """Run one way in a program of its own."""
    with tempfile.TemporaryDirectory() as place:
        told = {"way": way, "folder": str(folder), "out": f"{place}/out", "model": asked.model, "count": count,
                "pictures": pictures, "workers": asked.workers}  # fmt: skip
        run = [sys.executable, "-c", "import sys; from benchmarks.folders import child; child(sys.argv[1])"]
        done = subprocess.run([*run, json.dumps(told)], capture_output=True, text=True, check=True)
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        ends = sorted(path.stat().st_mtime for path in Path(place, "out").glob("*/findings.json"))
        assert len(ends) == count
        return {"cases_per_s": round((count - 1) / (ends[-1] - ends[0]), 3), **figures}


def child(told: str) -> None:
    """What such a program does."""
    asked = json.loads(told)
    images = [str(path) for path in sorted(Path(asked["folder"], "images").iterdir())[: asked["count"]]]
    (old if asked["way"] == "old" else new)(asked, images)
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = sum(used.ru_utime + used.ru_stime for used in (own, others))
    print(json.dumps({"processor_s_per_case": round(seconds / asked["count"], 3),
                      "peak_mib": round(max(own.ru_maxrss, others.ru_maxrss) / 1024)}))  # fmt: skip


def old(asked: dict[str, Any], images: list[str]) -> None:
    """One case after another, as at commit df4033c."""
    from medsegr.batch.report_rows import read_reports
    from medsegr.explain.figure import save_figures
    from medsegr.inference.predictor import load
    from medsegr.inference.writer import write_case

    predictor, reports = load(asked["model"]), read_reports(Path(asked["folder"], "reports.csv"))
    for image in map(Path, images):
        folder = Path(asked["out"], image.stem)
        folder.mkdir(parents=True)
        result = predictor.segment(image, reports[image.name])
        if asked["pictures"]:
            save_figures(folder, result, image.stem)
        write_case(folder, result, case=image.stem, image=image.name, model=result.model)


def new(asked: dict[str, Any], images: list[str]) -> None:
    """The command."""
    from medsegr.cli.main import main as medsegr

    options = ["--pictures"] if asked["pictures"] else ["--no-pictures"]
    reports = ["--reports", str(Path(asked["folder"], "reports.csv")), "--workers", str(asked["workers"])]
    code = medsegr(["segment", *images, *reports, "--model", asked["model"], "--out", asked["out"], *options])
    assert code == 0, f"exit code {code}"


if __name__ == "__main__":
    main()
