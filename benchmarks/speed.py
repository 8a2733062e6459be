"""The bench's table, and how its times grow with pixels, findings and slices.

    python -m benchmarks.speed [--models lite tiny] [--backends torch openvino] [--rounds 7] [--cold 3]
        [--threads 2] [--only-page]

Growth is of ``tiny`` in torch; whole times of a loaded model, pictures for people left out; of cases, of so many one
after another. Writes
``results/speed.json``, the table and the exponents in ``docs/speed.md``, and the plot beside it.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.markdown import table
from benchmarks.record import RESULTS, write_record
from medsegr.bench.case import MODALITY, TARGETS, BenchCase
from medsegr.bench.peak_memory import forget_peak, peak_bytes
from medsegr.bench.run import BenchSettings, measure
from medsegr.bench.spread import exponent, told_floor
from medsegr.bench.stage_clock import STAGES
from medsegr.evaluation.plots import as_svg, blank
from medsegr.inference.predictor import load
from medsegr.inference.writer import write_case

PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
PLOT = PAGE.parent / "images" / "speed.svg"
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
CASES = [BenchCase(512, findings) for findings in (1, 8)]
CASE, COUNTS = BenchCase(256), [4, 16, 64]
GROWTH = {
    "pixels": [BenchCase(size, 1) for size in (256, 512, 1024, 2048)],
    "findings": [BenchCase(256, findings) for findings in (1, 4, 16)],
    "slices": [BenchCase(256, 1, slices) for slices in (2, 4, 8)],
}


def main() -> None:
    """Measure, write the record, and make the page of it."""
    options = _options()
    if not options.only_page:
        torch.set_num_threads(options.threads)
        backends = [(name, precision or "f32") for name, _, precision in (b.partition(":") for b in options.backends)]
        rows = measure(BenchSettings(options.models, backends, CASES, options.rounds, options.cold), print)
        growth = {name: _growth(name, cases, options.rounds) for name, cases in GROWTH.items()}
        growth["cases"] = _of_cases()
        write_record("speed", 0, {**rows, "rounds": options.rounds, "growth": growth})
    record = json.loads((RESULTS / "speed.json").read_text(encoding="utf-8"))
    _write_page(record)
    _write_plot(record["growth"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["lite", "tiny"])
    parser.add_argument("--backends", nargs="+", default=["torch"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cold", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only-page", action="store_true", help="Make the page of the record that is there.")
    return parser.parse_args()


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


def _write_page(record: dict[str, Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    processor, growth = record["processor"], record["growth"]
    said = (
        f"{record['machine']}, {record['threads']} threads: {processor['flops'] / 1e9:.0f} GFLOP/s in a product of "
        f"matrices, {processor['bytes'] / 1e9:.1f} GB/s in a copy. Milliseconds, medians of "
        f"{record['rounds']}; behind the stroke the floor; a dash where it is below 1 % of the stage."
    )
    header = ("model", "backend", "findings", "import", "load", *STAGES, "whole", "plain host", "ratio", "MB")
    made = table(header, [_cells(row) for row in record["rows"]])
    grown = table(
        ("grows with", "from", "to", "exponent", "MB, from and to"),
        [
            (name, f"{each['sizes'][0]:,.0f}", f"{each['sizes'][-1]:,.0f}", f"{each['exponent']:.2f}",
             f"{each['peak'][0] / 1e6:.0f}, {each['peak'][-1] / 1e6:.0f}")
            for name, each in growth.items()
        ],
    )  # fmt: skip
    plot = "![Whole times against pixels, findings, slices and cases](images/speed.svg)"
    PAGE.write_text(f"{before}{BEGIN}\n{said}\n\n{made}\n\n{grown}\n\n{plot}\n{END}{after}", encoding="utf-8")


def _cells(row: dict[str, Any]) -> list[str]:
    cold = [f"{1000 * row['cold'][name]['median']:.0f}" for name in ("import", "load")]
    stages = [_stage(row["stages"][name]) for name in STAGES]
    whole = [f"{1000 * row[name]['median']:.0f}" for name in ("whole", "plain")]
    ends = [f"{row['ratio']:.2f}", f"{row['peak'] / 1e6:.0f}"]
    return [row["model"], row["backend"], str(row["findings"]), *cold, *stages, *whole, *ends]


def _stage(figures: dict[str, float]) -> str:
    shown = f"{1000 * figures['median']:.3g}"
    floor = told_floor(figures)
    return f"{shown} / {'–' if floor is None else f'{1000 * floor:.2g}'}"


def _write_plot(growth: dict[str, Any]) -> None:
    figure, axes = blank(5.6, 3.0)
    for name, each in growth.items():
        steps = [size / each["sizes"][0] for size in each["sizes"]]
        label = f"{name}: exponent {each['exponent']:.2f}"
        axes.plot(steps, [1000 * s for s in each["seconds"]], "o-", label=label)
    axes.set(xscale="log", yscale="log", xlabel="times the smallest", ylabel="ms, whole")
    axes.legend(frameon=False, fontsize=8)
    PLOT.write_text(as_svg(figure, "speed") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
