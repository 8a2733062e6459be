"""Folders: time and memory against one case after another, and two workers on Ray: python -m benchmarks.folders

    python -m benchmarks.folders [--cases 200] [--plain-cases 48] [--many 1000] [--ray-cases 200] [--workers 2]

The plain way is ``medsegr segment`` of the commit before there were work lists, out of its own sources: read, ask, draw
and write each case, then the next, in one process, with its own weights of ``tiny``. It runs on fewer of the same
phantoms, half of them before and half after the other runs, so that its rates tell whether a case takes as long early
and late. Every way runs as a program of its own with as many threads of torch as it takes by
itself; those on Ray, and the one worker that they are held against, with one. Rates are those between the first and
the last case, without the loading of models; ``seconds`` are of the whole program, as are those of the processor.

Peak memory is that of one process over few and over many pictures of 64 px. Writes ``results/folders.json``, of which
``python -m benchmarks.pages`` makes the block in docs/folders.md. ``--ray-cases 0`` leaves Ray out.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.record import options, write_record
from benchmarks.source_trees import PLAIN, ROOT, run, source_tree
from medsegr.cli.main import main as medsegr

SEED = 31
SIDE, FEW = 64, 10
"""Of the pictures for which memory is measured, px; and the few whose peak is held against that of many."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write the record."""
    asked = _options(arguments)
    with tempfile.TemporaryDirectory() as place, source_tree(asked.plain) as plain:
        images, reports = phantoms(Path(place), max(asked.cases, asked.plain_cases, asked.ray_cases))
        told = ["--reports", reports, "--model", asked.model]
        figures: dict[str, Any] = {"model": asked.model, "workers": asked.workers, "plain_commit": asked.plain}
        figures |= against_plain(plain, images, told, asked)
        figures["memory"] = memory(Path(place), asked)
        write_record("folders", SEED, figures)
        if asked.ray_cases:
            write_record("folders", SEED, figures | {"ray": on_ray(images[: asked.ray_cases], told, asked)})


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--cases", type=int, default=200, help="phantoms of one kind (radiographs)")
    parser.add_argument("--plain-cases", type=int, default=48, help="those of them that the plain way makes")
    parser.add_argument("--many", type=int, default=1000, help=f"pictures whose peak memory is held to that of {FEW}")
    parser.add_argument("--ray-cases", type=int, default=200, help="phantoms for two workers on Ray; 0: none")
    parser.add_argument("--plain", default=PLAIN, help="revision, or checkout, of the plain way")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args(arguments)


def against_plain(plain: Path, images: list[str], told: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    """The plain way, early and late, and between them a folder with pictures and without."""
    half, crew = asked.plain_cases // 2, [*told, "--workers", str(asked.workers)]
    early = measured(plain, [*images[:half], *told])
    drawn = measured(ROOT, [*images[: asked.cases], *crew, "--pictures"])
    bare = measured(ROOT, [*images[: asked.cases], *crew, "--no-pictures"])
    late = measured(plain, [*images[half : 2 * half], *told])
    each = (early["between_s"] + late["between_s"]) / (early["cases"] + late["cases"] - 2)
    whole = (early["seconds"] + late["seconds"]) / 2 + (asked.cases - half) * each
    for found in (drawn, bare):
        found["times_as_many"] = round(found["cases_per_s"] * each, 2)
        found["of_its_time"] = round(found["seconds"] / whole, 3)
    return {"plain": [early, late], "with_pictures": drawn, "without_pictures": bare}


def memory(place: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Peak memory of one process over few and over many small pictures."""
    small = small_pictures(place / "small", asked.many)
    told = ["--text", "Nodule in the left upper lobe.", "--model", asked.model, "--modality", "chest_xray",
            "--workers", "1", "--no-pictures"]  # fmt: skip
    peaks = [measured(ROOT, [*small[:count], *told])["peak_mib"] for count in (FEW, asked.many)]
    return {"cases": [FEW, asked.many], "side_px": SIDE, "peak_mib": peaks, "ratio": round(peaks[1] / peaks[0], 3)}


def on_ray(images: list[str], told: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    """One worker with one thread, and as many such on Ray as are asked for."""
    one = measured(ROOT, [*images, *told, "--no-pictures", "--workers", "1"], threads=1)
    crew = ["--ray", "local", "--workers", str(asked.workers)]
    several = measured(ROOT, [*images, *told, "--no-pictures", *crew], threads=1)
    several |= {"processor_s_per_case": None, "peak_mib": None}  # of the driver alone: actors are no children of it
    return {"one": one, "several": several, "ratio": round(several["cases_per_s"] / one["cases_per_s"], 2),
            "outputs_equal": several["outputs"] == one["outputs"]}  # fmt: skip


def small_pictures(folder: Path, count: int) -> list[str]:
    """Pictures of noise."""
    folder.mkdir()
    paths = [folder / f"s{number:04}.png" for number in range(count)]
    for number, path in enumerate(paths):
        grey = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(grey).save(path)
    return list(map(str, paths))


def phantoms(place: Path, count: int) -> tuple[list[str], str]:
    """Radiographs, and the table of their reports."""
    # Kinds of pictures take turns, not quite evenly: about a third are radiographs.
    medsegr(["data", "phantoms", str(place / "set"), "--cases", str(3 * count + 60), "--seed", str(SEED)])
    folder = place / "set" / "xray"
    images = sorted(map(str, (folder / "images").iterdir()))[:count]
    assert len(images) == count
    return images, str(folder / "reports.csv")


def measured(tree: Path, given: list[str], threads: int | None = None) -> dict[str, Any]:
    """``segment`` of a source tree over images, with options; ``threads`` as :func:`run` takes them."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place, "out")
        spent = run(tree, ["segment", *given, "--out", str(out)], threads)
        ends = sorted(path.stat().st_mtime for path in out.glob("*/findings.json"))
        between = ends[-1] - ends[0]
        return {"cases": len(ends), "seconds": round(spent["wall_s"], 1), "between_s": round(between, 2),
                "cases_per_s": round((len(ends) - 1) / between, 3),
                "processor_s_per_case": round(spent["processor_s"] / len(ends), 3),
                "outputs": outputs(out), "peak_mib": round(spent["peak_mib"])}  # fmt: skip


def outputs(out: Path) -> str:
    """Hash of all that cases hold, but for the records, which have times in them."""
    digest = hashlib.sha256()
    for path in sorted(out.glob("*/*")):
        if path.name != "case.json":
            digest.update(f"{path.relative_to(out)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    main()
