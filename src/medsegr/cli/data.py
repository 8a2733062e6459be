"""``medsegr data``: check a data set, make one of phantoms."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.errors import DatasetError

app = typer.Typer(
    help="Check a data set, or make one of phantoms.", rich_markup_mode=None, no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.command("check")
def check(folder: Annotated[Path, typer.Argument(help="Folder with dataset.json.")]) -> None:
    """Say everything that is wrong with a data set, at once.

    Example: medsegr data check my_data
    """
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.check import check_dataset

    complaints = check_dataset(folder, load_lexicon().targets)
    for complaint in complaints:
        typer.echo(complaint)
    if complaints:
        raise DatasetError(
            f"{len(complaints)} complaints about '{folder}'; they are listed on standard output."
        )
    typer.echo(f"{folder}: no complaints")
