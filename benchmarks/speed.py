"""The bench's table, and how its times grow with pixels, findings and slices.

    python -m benchmarks.speed [--models lite tiny] [--backends torch openvino] [--rounds 7] [--cold 3]
        [--threads 2]

Growth is of ``tiny`` in torch; whole times of a loaded model, pictures for people left out; of cases, of so many one
after another. Writes ``results/speed.json``, and of it the tables in ``docs/speed.md`` and the plot beside them, as
``make results`` does.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.chart import draw_growth
from benchmarks.pages import DOCS, write_block
from benchmarks.record import options, write_record
from medsegr.bench.case import MODALITY, TARGETS, BenchCase
from medsegr.bench.peak_memory import forget_peak, peak_bytes
from medsegr.bench.run import BenchSettings, measure
from medsegr.bench.spread import exponent
from medsegr.inference.predictor import load
from medsegr.inference.writer import write_case

CASES = [BenchCase(512, findings) for findings in (1, 8)]
CASE, COUNTS = BenchCase(256), [4, 16, 64]
GROWTH = {
    "pixels": [BenchCase(size, 1) for size in (256, 512, 1024, 2048)],
    "findings": [BenchCase(256, findings) for findings in (1, 4, 16)],
    "slices": [BenchCase(256, 1, slices) for slices in (2, 4, 8)],
}


def main() -> None:
    """Measure, write the record, and make the page of it."""
    parser = options(__doc__)
    parser.add_argument("--models", nargs="+", default=["lite", "tiny"])
    parser.add_argument("--backends", nargs="+", default=["torch"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cold", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    backends = [(name, precision or "f32") for name, _, precision in (b.partition(":") for b in asked.backends)]
    rows = measure(BenchSettings(asked.models, backends, CASES, asked.rounds, asked.cold), print)
    growth = {name: _growth(name, cases, asked.rounds) for name, cases in GROWTH.items()} | {"cases": _of_cases()}
    write_record("speed", 0, {**rows, "rounds": asked.rounds, "growth": growth})
    write_block("speed")
    draw_growth(growth, DOCS / "images" / "speed.svg")


def _growth(name: str, cases: list[BenchCase], rounds: int) -> dict[str, Any]:
    sizes = [float(case.size**2 if name == "pixels" else getattr(case, name)) for case in cases]
    rows = measure(BenchSettings(["tiny"], cases=cases, rounds=rounds, cold=0), print)["rows"]
    seconds = [row["whole"]["median"] for row in rows]
    return {"sizes": sizes, "seconds": seconds, "peak": [row["peak"] for row in rows],
            "exponent": exponent(sizes, seconds)}  # fmt: skip


def _of_cases() -> dict[str, Any]:
    predictor, seconds, peak = load("tiny", backend="torch"), [], []
    predictor.segment(CASE.pixels(), targets=TARGETS[:1], modality=MODALITY)
    for count in COUNTS:
        forget_peak()
        started = time.perf_counter()
        for _ in range(count):
            with tempfile.TemporaryDirectory() as folder:
                result = predictor.segment(CASE.written(Path(folder)), targets=TARGETS[:1], modality=MODALITY)
                write_case(Path(folder), result, case="picture", image="picture.png", model=predictor.name)
        seconds.append(time.perf_counter() - started)
        peak.append(peak_bytes())
    return {"sizes": COUNTS, "seconds": seconds, "peak": peak, "exponent": exponent(COUNTS, seconds)}


if __name__ == "__main__":
    main()
