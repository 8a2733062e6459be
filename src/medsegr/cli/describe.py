"""``medsegr data describe``: reports derived from masks, for data sets without text."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.options import LexiconOption


def describe(
    folder: Annotated[Path, typer.Argument(help="Folder with dataset.json.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="The CSV file; by default reports_derived.csv in the folder.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
    split: Annotated[str | None, typer.Option("--split", help="Only images of train, val or test.")] = None,
    lexicon: LexiconOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace derived reports.")] = False,
) -> None:
    """Derive reports from the masks of a data set: side, zone, size, form, count, texture.

    Only what is clear is stated. Every report is parsed back as it is written and
    says what was measured, or less. Real reports are never touched.

    Example: medsegr data describe my_data --seed 0
    """
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.dataset_folder import DatasetFolder
    from medsegr.data.outputs import is_stream
    from medsegr.describe.dataset_reports import derive_reports, report_path, save_reports
    from medsegr.errors import ConfigError

    data = DatasetFolder(folder)
    path = report_path(data, out, overwrite)
    names = data.images(split)
    if not names:
        raise ConfigError(f"The data set {data.name} has no image in its split '{split}'. Choose another split.")
    described = list(derive_reports(data, names, load_lexicon(lexicon or ()), seed))
    save_reports(path, described)
    told = [each for each in described if each.report.text]
    findings = sum(len(each.report.findings) for each in told)
    typer.echo(f"{path}: {len(told)} reports with {findings} findings", err=is_stream(path))
    if len(told) < len(described):
        typer.echo(f"{len(described) - len(told)} images have no report: their masks say nothing.", err=True)
    unsaid = sum(each.unsaid for each in described)
    if unsaid:
        typer.echo(f"{unsaid} findings could not be put into words and were left out.", err=True)
