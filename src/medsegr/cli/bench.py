"""``medsegr bench``: times of a guided case, stage by stage, next to the plain host and the processor's floor."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from medsegr.bench.spread import told_floor
from medsegr.cli.console import messages, results
from medsegr.errors import ConfigError

SHOWN = ("read", "preprocess", "encode", "modulate", "decode", "postprocess", "write", "draw")


def bench(
    *,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model; repeatable.  [default: lite]")
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", help="torch, openvino, onnx or auto; with :bf16 behind it; repeatable."),
    ] = None,
    size: Annotated[
        list[int] | None, typer.Option("--size", min=16, help="Side of the picture; repeatable.  [default: 512]")
    ] = None,
    findings: Annotated[
        list[int] | None,
        typer.Option("--findings", min=1, max=16, help="How many to look for; repeatable.  [default: 1, 8]"),
    ] = None,
    slices: Annotated[
        list[int] | None, typer.Option("--slices", min=1, help="Planes; repeatable.  [default: 1]")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Of each, after one that does not count.")] = 7,
    cold: Annotated[int, typer.Option("--cold", min=0, help="Fresh processes for import and load.")] = 3,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Of torch; its own choice by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the figures as JSON.")] = None,
) -> None:
    """Time a guided case stage by stage, in turn with the plain host, next to the least the processor needs.

    Example: medsegr bench --model lite --backend torch --backend openvino
    """
    import torch

    from medsegr.bench.case import BenchCase
    from medsegr.bench.run import BenchSettings, measure
    from medsegr.data.outputs import atomic_write

    if threads is not None:
        torch.set_num_threads(threads)
    cases = [BenchCase(s, k, d) for s in size or [512] for k in findings or [1, 8] for d in slices or [1]]
    settings = BenchSettings(model or ["lite"], [_backend(name) for name in backend or ["torch"]], cases, rounds, cold)
    record = measure(settings, lambda line: messages().print(line))
    if out is not None:
        with atomic_write(out) as temporary:
            Path(temporary).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    results().print(bench_table(record))
    results().print(_foot(record), soft_wrap=True)


def bench_table(record: dict[str, Any]) -> Table:
    """One row for each model, backend and case: milliseconds and their spread; below, the floor and what is above."""
    title = "milliseconds: median ± half the distance of the quartiles; below, the floor and what is above it"
    shown = Table("what", "import, load", *SHOWN, "whole", "plain host", "ratio", "MB", title=title, padding=(0, 0))
    for row in record["rows"]:
        cold = row["cold"]
        start = f"{_ms(cold['import'])}\n{_ms(cold['load'])}" if cold else ""
        what = f"{row['model']}\n{row['backend']}\n{row['size']} px, {row['findings']}, {row['slices']}"
        stages = [_stage(row["stages"][name]) for name in SHOWN]
        whole = [_ms(row["whole"]), _ms(row["plain"]), f"{row['ratio']:.2f}", f"{row['peak'] / 1e6:.0f}"]
        shown.add_row(what, start, *stages, *whole)
    return shown


def _stage(figures: dict[str, float]) -> str:
    floor = told_floor(figures)
    if floor is None:
        return f"{_ms(figures)}\n–"
    return f"{_ms(figures)}\n{1000 * floor:.2g}\n+{100 * (figures['median'] / floor - 1):.0f} %"


def _ms(figures: dict[str, float]) -> str:
    middle, low, high = (1000 * figures[name] for name in ("median", "low", "high"))
    return f"{middle:.{0 if middle >= 100 else 1}f} ±{50 * (high - low) / max(middle, 1e-9):.0f}%"


def _foot(record: dict[str, Any]) -> str:
    processor = record["processor"]
    return (
        f"Processor, {record['threads']} threads: {processor['flops'] / 1e9:.0f} GFLOP/s in a product of matrices, "
        f"{processor['bytes'] / 1e9:.1f} GB/s in a copy. Third line: side, findings, planes. "
        "A dash: the floor is below 1 % of the stage. "
        "Whole: until masks are written, without draw. "
        f"Ratio: whole over {record['peer']}, in turn. MB: most so far, of this process."
    )


def _backend(told: str) -> tuple[str, str]:
    name, _, precision = told.partition(":")
    if precision not in ("", "f32", "bf16"):
        raise ConfigError(f"--backend {told}: behind the colon stands f32 or bf16.")
    return name, precision or "f32"
