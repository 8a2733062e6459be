"""``medsegr data``: check a data set, make or convert one, derive reports from masks, build the referring suite."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.convert import convert
from medsegr.cli.describe import describe
from medsegr.cli.options import LexiconOption
from medsegr.cli.referring import referring
from medsegr.errors import DatasetError

app = typer.Typer(
    help="Check, make or convert data sets, derive reports from masks, build the referring suite.",
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="A data set, or a folder that holds several.")],
    lexicon: LexiconOption = None,
) -> None:
    """Say everything that is wrong with a data set, or with each of several, at once.

    Example: medsegr data check my_data
    """
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.check import check_dataset
    from medsegr.data.dataset_folder import holds_several
    from medsegr.data.dataset_manifest import read_manifest

    known = load_lexicon(lexicon or ())
    words = {"zones": known.zones, "texture": known.textures, "shape": known.shapes}
    total, several, names = 0, holds_several(folder), set[str]()
    for data in several or [folder]:
        complaints = check_dataset(data, known.targets, known.modalities, words)
        name = read_manifest(data)[0].name
        complaints += [f"another data set here is called '{name}' as well"] if name in names else []
        names.add(name)
        total += len(complaints)
        for complaint in complaints:
            typer.echo(f"{data.name}: {complaint}" if several else complaint)
        if not complaints:
            typer.echo(f"{data}: no complaints")
    if total:
        raise DatasetError(f"{total} complaints about '{folder}'; they are listed on standard output.")


@app.command("phantoms")
def phantoms(
    out: Annotated[Path, typer.Argument(help="New folder; one data set per look is made in it.")],
    *,
    cases: Annotated[int, typer.Option("--cases", help="Studies in all.")] = 60,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
    size: Annotated[int, typer.Option("--size", help="Side of the pictures in pixels.")] = 256,
    split: Annotated[str | None, typer.Option("--split", help="Put all studies in train, val or test.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
    suite: Annotated[
        str | None,
        typer.Option("--suite", help="All hard in one way: place, texture, form, size, ...; by turns by default."),
    ] = None,
) -> None:
    """Make generated studies with reports and masks, as data sets.

    Example: medsegr data phantoms phantoms --cases 60 --seed 0
    """
    from medsegr.data.phantoms import write_phantoms

    made = write_phantoms(out, cases, seed, size=size, split=split, overwrite=overwrite, suite=suite)
    for folder in sorted(path for path in made.iterdir() if path.is_dir()):
        typer.echo(folder)


app.command("describe")(describe)
app.command("convert")(convert)
app.command("referring")(referring)
