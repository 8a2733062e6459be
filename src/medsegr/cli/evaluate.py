"""``medsegr evaluate``: Dice of a model on data sets, with the report, without it, with another case's."""

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.run_record import versions


def evaluate(
    data: Annotated[list[Path], typer.Option("--data", "-d", help="A data set folder; repeatable.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    *,
    model: Annotated[str, typer.Option("--model", "-m", help="Built-in name, folder, or Hugging Face id.")] = "tiny",
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report", help="true, none (named only), other (another case's); repeatable. All three by default."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Cases of each data set, at most.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")] = "auto",
    seed: Annotated[int, typer.Option("--seed", help="Chooses the other cases.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Measure a model on the cases of one or several data sets.

    Example: medsegr evaluate --model tiny --data phantoms --split test --out scores
    """
    from rich.console import Console
    from rich.table import Table

    from medsegr.data.dataset_folder import discover
    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.evaluation.evaluate import evaluate as measure
    from medsegr.evaluation.results import report_figures, write_results
    from medsegr.inference.predictor import load

    check_output_folder(out, overwrite)
    folders = discover(data)
    predictor = load(model, device=device)
    modes = tuple(report or ("true", "none", "other"))
    answers = [a for f in folders for a in measure(predictor, f, split, modes, limit=limit, seed=seed)]  # type: ignore[arg-type]
    found = report_figures(answers, predictor.support_threshold)
    record = {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": ["medsegr", *sys.argv[1:]],
        "versions": versions(),
        "model": {"name": predictor.name, "weights": predictor.metadata.get("weights_sha256")},
        "data": [folder.name for folder in folders],
        "split": split,
        "seed": seed,
        **found,
    }
    with staged_folder(out, overwrite) as folder:
        write_results(folder, record, answers)
    table = Table("report", "findings", "Dice per image", "Dice over the set", "missed", "false alarms")
    for mode, figures in found["reports"].items():
        f = figures["all"]
        cells = (f["findings"], f["dice_per_image"], f["dice_over_set"], f["missed"], f["false_alarms"])
        table.add_row(mode, *("-" if cell is None else str(cell) for cell in cells))
    Console().print(table)
    typer.echo(f"{out}/results.json and per_case.csv")
