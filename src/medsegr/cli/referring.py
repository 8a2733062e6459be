"""``medsegr data referring``: cases in which only the report tells which object of a picture is meant."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from medsegr.cli.options import LexiconOption


def referring(
    sources: Annotated[list[Path], typer.Argument(help="Data sets with masks, or folders of such.")],
    out: Annotated[Path, typer.Argument(help="New folder; one data set per source is made in it.")],
    *,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
    size: Annotated[int, typer.Option("--size", help="Longest side of the stored pictures in pixels.")] = 512,
    most: Annotated[int, typer.Option("--most", help="Cases at most per picture, aspect and target.")] = 2,
    lexicon: LexiconOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Build the referring suite: one of several structures or components is meant, and the report alone says which.

    Picked by side, zone, size, texture or kind; its mask alone is the truth, the
    others are recorded as competitors. Every report is parsed back as it is
    written. An image keeps the split of its source.

    Example: medsegr data referring ct_covid_lesion cxr_covid_multi referring --seed 0
    """
    from medsegr.cli.console import results
    from medsegr.cli.inputs import data_places
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.dataset_folder import discover
    from medsegr.data.outputs import check_output_folder
    from medsegr.describe.competitors import ASPECTS
    from medsegr.describe.referring_suite import SuiteOptions, build_suite

    options = SuiteOptions(seed=seed, size=size, most=most)
    check_output_folder(out, overwrite, [*data_places(sources), *(lexicon or ())])
    counts = build_suite(discover(sources), out, load_lexicon(lexicon or ()), options, overwrite)
    table = Table("source", "split", *ASPECTS, "all", show_lines=False)
    for name, each in counts.items():
        for split in sorted({split for split, _ in each.cases}):
            row = [each.cases[split, aspect] for aspect in ASPECTS]
            table.add_row(name, split, *map(str, row), str(sum(row)))
        if not each.cases:
            table.add_row(name, "-", *["0"] * len(ASPECTS), "0")
    results().print(table)
    for name, each in counts.items():
        for (aspect, reason), number in sorted(each.dropped.items()):
            typer.echo(f"{name}: {number} not used ({aspect}: {reason})", err=True)
        if each.unsplit:
            typer.echo(f"{name}: {each.unsplit} images have no split and were left out", err=True)
