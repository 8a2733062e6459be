"""``medsegr report-card``: does a model use the report, and which part of it?"""

import json
from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.console import messages, results, table
from medsegr.cli.inputs import data_places, model_places, one_model
from medsegr.cli.measurement import measurement_record, open_data
from medsegr.cli.options import FlipsOption, HostOption, LexiconOption, OneModelOption, SecondLookOption
from medsegr.cli.run_record import command_line


def report_card(
    context: typer.Context,
    data: Annotated[list[Path], typer.Option("--data", "-d", help="A data set folder; repeatable.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    *,
    model: OneModelOption = "tiny",
    host: HostOption = None,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    limit: Annotated[int | None, typer.Option("--limit", help="Cases of each data set, at most.")] = None,
    flips: FlipsOption = False,
    second_look: SecondLookOption = False,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Chooses other patients and other attributes.")] = 0,
    lexicon: LexiconOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Ask a model with the true report, none, another patient's, and with side, texture or shape swapped, or negated.

    Says for each what it costs in Dice and how many masks change, with a line of verdict. Writes
    report_card.json and report_card.html; no report text is in them.

    Example: medsegr report-card --model tiny --data phantoms --split test --out card
    """
    from medsegr.cognition.lexicon import load_lexicon
    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.evaluation.card_page import HEADER, card_page, card_rows
    from medsegr.evaluation.report_card import SAME, SCHEMA, card_answers, card_figures
    from medsegr.inference.predictor import load

    check_output_folder(out, overwrite, [*data_places(data), *model_places(model, host), *(lexicon or ())])
    words = load_lexicon(lexicon or ())
    folders = open_data(data)
    predictor = load(one_model(model), device, host, flips=flips, second_look=second_look)
    answers = []
    for folder in folders:
        found = list(card_answers(predictor, folder, split, limit=limit, seed=seed, lexicon=words))
        messages().print(f"{folder.name}: {len({(a.case, a.finding) for a in found})} described findings")
        answers += found
    settings = {
        "split": split,
        "seed": seed,
        "limit": limit,
        **predictor.looks.settings(),
        "a_mask_changes_below_dice": SAME,
        **predictor.support_thresholds.metadata(),
    }
    how = measurement_record(predictor, folders, answers, settings)
    record = {"schema": SCHEMA, "command": command_line(context.obj), **how}
    record["origins"] = card_figures(answers)
    with staged_folder(out, overwrite) as stage:
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        (stage / "report_card.json").write_text(text + "\n", encoding="utf-8")
        (stage / "report_card.html").write_text(card_page(record), encoding="utf-8")
    for origin, tables in record["origins"].items():
        rows = [row[:-1] for row in card_rows(tables["ways"])]
        results().print(table(f"reports: {origin}", HEADER[:-1], rows))
        results().print("\n".join(f"- {figures['verdict']}" for figures in tables["ways"].values()))
    typer.echo(f"{out}/report_card.json and report_card.html")
