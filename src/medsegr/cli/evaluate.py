"""``medsegr evaluate``: all measures of a model on data sets."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    data: Annotated[list[Path], typer.Option("--data", "-d", help="A data set folder; repeatable.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    model: Annotated[
        str, typer.Option("--model", help="Built-in name, folder, or Hugging Face id.")
    ] = "tiny",
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    report: Annotated[str, typer.Option("--report", help="true, none, or other: another case's.")] = "true",
) -> None:
    """Measure a model on the cases of one or several data sets.

    Example: medsegr evaluate --model tiny --data phantoms --split test --out scores
    """
    raise NotImplementedError
