"""``medsegr evaluate``: all measures of a model on data sets, with the report, without it, with another case's."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsegr.cli import options
from medsegr.cli.console import messages, results, table
from medsegr.cli.inputs import data_places, model_places, one_model
from medsegr.cli.measurement import measurement_record, open_data, thresholds_of
from medsegr.cli.run_record import command_line
from medsegr.evaluation.reports import MODES, ReportMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.table import Table

    from medsegr.data.dataset_folder import DatasetFolder
    from medsegr.evaluation.answer import Answer
    from medsegr.evaluation.surface import Tolerance
    from medsegr.inference.predictor import Predictor

USUAL_MODES: tuple[ReportMode, ...] = ("true", "none", "other")
"""Ways of asking where none is named."""


def evaluate(
    context: typer.Context,
    data: Annotated[list[Path], typer.Option("--data", "-d", help="A data set folder; repeatable.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    *,
    model: options.OneModelOption = "tiny",
    host: options.HostOption = None,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            help=f"What the model is told: {', '.join(MODES)}. Repeatable; {', '.join(USUAL_MODES)} by default.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Cases of each data set, at most.")] = None,
    tolerance_mm: Annotated[float, typer.Option(help="Of an outline, where the spacing is known.")] = 2.0,
    tolerance_px: Annotated[float, typer.Option(help="Of an outline, where it is not.")] = 2.0,
    foreign: Annotated[bool, typer.Option(help="Also ask each case for something that it cannot show.")] = True,
    flips: options.FlipsOption = False,
    second_look: options.SecondLookOption = False,
    pictures: Annotated[bool, typer.Option(help="Show the best, median and worst cases on the page.")] = True,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")] = "auto",
    backend: options.BackendOption = "auto",
    precision: options.PrecisionOption = "f32",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Chooses other cases and foreign targets.")] = 0,
    lexicon: options.LexiconOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Measure a model on the cases of one or several data sets.

    Writes results.json, per_case.csv and results.html, a page that needs nothing else. No report text is in
    them. See docs/evaluation.md for what each measure means.

    Example: medsegr evaluate --model tiny --data phantoms --split test --out scores
    """
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.evaluation.evaluate import check_modes
    from medsegr.evaluation.evaluate import evaluate as measure
    from medsegr.evaluation.pictures import chosen
    from medsegr.evaluation.pictures import pictures as drawn
    from medsegr.evaluation.results import all_tables
    from medsegr.evaluation.results_page import results_page
    from medsegr.evaluation.run_files import PAGE_FILE, write_results
    from medsegr.evaluation.surface import Tolerance
    from medsegr.inference.predictor import load

    check_output_folder(out, overwrite, [*data_places(data), *model_places(model, host), *(lexicon or ())])
    words, reports = load_lexicon(lexicon or ()), list(report or USUAL_MODES)
    tolerance = Tolerance(tolerance_mm, tolerance_px)
    check_modes(reports)
    folders = open_data(data)
    predictor = load(one_model(model), device, host, flips=flips, second_look=second_look, backend=backend,
                     precision=precision)  # fmt: skip
    asked = {"reports": reports, "limit": limit, "seed": seed}
    settings = {"split": split, **asked, "foreign_queries": foreign, **_settings(predictor, tolerance)}
    ask = partial(measure, predictor, split=split, tolerance=tolerance, foreign=foreign, lexicon=words, **asked)  # type: ignore[arg-type]
    answers = _answers(folders, ask)
    record = {"command": command_line(context.obj), **measurement_record(predictor, folders, answers, settings)}
    record["origins"] = all_tables(answers, thresholds_of(predictor, folders))
    picked, by_name = chosen(answers) if pictures else [], {data_set.name: data_set for data_set in folders}
    shown = list(drawn(predictor, by_name, split, picked, seed=seed, lexicon=words))
    with staged_folder(out, overwrite) as folder:
        write_results(folder, record, answers)
        (folder / PAGE_FILE).write_text(results_page(record, answers, shown), encoding="utf-8")
    for origin, tables in record["origins"].items():
        results().print(_table(origin, tables))
    typer.echo(f"{out}/results.json, per_case.csv and {PAGE_FILE}")


def _settings(predictor: "Predictor", tolerance: "Tolerance") -> dict[str, Any]:
    """How a predictor looks, and from when on outlines, lesions and support count."""
    from medsegr.evaluation.lesions import LESION_OVERLAP

    return {
        **predictor.looks.settings(),
        "tolerance": vars(tolerance),
        "lesion_overlap": LESION_OVERLAP,
        **predictor.support_thresholds.metadata(),
    }


def _answers(folders: "Sequence[DatasetFolder]", ask: "Callable[[DatasetFolder], Iterable[Answer]]") -> "list[Answer]":
    """What comes of all data sets, with a line about each."""
    answers: list[Answer] = []
    for folder in folders:
        found = list(ask(folder))
        messages().print(f"{folder.name}: {len({a.case for a in found})} cases, {len(found)} answers")
        answers += found
    return answers


def _table(origin: str, tables: "Mapping[str, Any]") -> "Table":
    from medsegr.evaluation.html import with_interval

    header = ("report", "findings", "Dice per finding", "Dice per image", "over the set", "NSD", "HD95", "missed",
              "false alarms", "lesions found")  # fmt: skip
    rows = []
    for mode, f in ((mode, figures["all"]) for mode, figures in tables["reports"].items() if figures["all"]):
        near = [f"{with_interval(s['nsd'], ())} ({unit})" for unit, s in f["surface"].items()]
        far = [f"{with_interval(s['hd95'], (), 1)} {unit}" for unit, s in f["surface"].items()]
        dice = with_interval(f["dice_per_finding"], f["interval"])
        rows.append((mode, f["shown"], dice, f["dice_per_image"], f["dice_over_set"], ", ".join(near), ", ".join(far),
                     f["missed"], f["false_alarms"], f["lesions"]["sensitivity"]))  # fmt: skip
    return table(f"reports: {origin}", header, rows)
