"""``medsegr demo``: the main job on generated studies, with the truth beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from medsegr.cli.console import messages, results
from medsegr.cli.inputs import model_places, one_model

if TYPE_CHECKING:
    import numpy as np

    from medsegr.cli.demo_answers import DemoCase
    from medsegr.cli.demo_real import RealStudy
    from medsegr.explain.contact_sheet import SheetRow

OWN = 'On a picture of your own: medsegr segment PICTURE --text "REPORT" --modality MODALITY --out results.'


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    model: Annotated[
        str, typer.Option("--model", help="For the generated studies: built-in name, folder, or Hugging Face id.")
    ] = "tiny",
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")] = False,
) -> None:
    """Show the main job on generated studies: reports become masks, scores and pictures.

    Where lite and scikit-image are there, it also shows a real picture.

    Example: medsegr demo --out demo
    """
    from medsegr.data.outputs import check_output_folder, staged_folder

    check_output_folder(out, overwrite, model_places(one_model(model)))
    with staged_folder(out, overwrite) as stage:
        shown = _run(stage, model, device)
        real = _run_real(stage, device)
    console = results()
    console.print(score_table(shown))
    console.print("\n".join(_summary(shown)))
    console.print(f"All at a glance:  {out / 'demo.png'}", soft_wrap=True)
    for case in shown:
        console.print(f"{case.name + ':':<17} {out / case.name / 'explanation.png'}", soft_wrap=True)
    first = shown[0]
    console.print(
        f"To try one yourself: medsegr segment {out / first.name / 'image.png'} --report "
        f"{out / first.name / 'report.txt'} --modality {first.answers[0].modality} --model {model} "
        f"--out again-{first.name}",
        soft_wrap=True,
    )
    if real is not None:
        console.print(
            f"A real picture ({real.source}; there is no truth to score it by), outlined by '{real.model}': "
            f"{out / real.name / 'explanation.png'}",
            soft_wrap=True,
        )
    console.print(f"{OWN} To see which pictures a built-in model knows: medsegr info", soft_wrap=True)


def _run_real(stage: Path, device: str) -> "RealStudy | None":
    """Outline the real picture, where there is one that a built-in model knows."""
    from medsegr.cli.demo_real import MODALITY, real_study
    from medsegr.explain.figure import save_figures
    from medsegr.inference.predictor import load
    from medsegr.inference.writer import write_case

    study = real_study()
    if study is None:
        return None
    messages().print(study.name)
    result = load(study.model, device).segment(study.pixels, study.report, modality=MODALITY)
    folder = stage / study.name
    folder.mkdir()
    save_pair(folder, study.pixels, study.report)
    write_case(folder, result, case=study.name, image=study.name, model=study.model, keep_text=True)
    save_figures(folder, result, study.name, keep_text=True)
    return study


def _run(stage: Path, model: str, device: str) -> "list[DemoCase]":
    from medsegr.cli.demo_answers import WAYS, ask
    from medsegr.cli.demo_cases import demo_cases
    from medsegr.explain.contact_sheet import contact_sheet
    from medsegr.explain.figure import save_figures
    from medsegr.explain.page import save_page
    from medsegr.inference.predictor import load
    from medsegr.inference.writer import write_case

    predictor = load(model, device)
    cases, shown = demo_cases(), []
    for number, case in enumerate(cases, 1):
        messages().print(f"[{number}/{len(cases)}] {case.name}")
        asked = ask(predictor, case, cases)
        folder = stage / asked.name
        folder.mkdir()
        save_pair(folder, case.image.voxels, case.report or "")
        write_case(folder, asked.answers[0], case=asked.name, image=case.name, model=predictor.name, keep_text=True)
        save_figures(folder, asked.answers[0], asked.name, keep_text=True)
        shown.append(asked)
    title = f"medsegr demo: reports become masks (generated studies, model '{predictor.name}')"
    sheet = contact_sheet(title, WAYS, [_row(case) for case in shown], keep_text=True)  # nobody's reports
    save_page(sheet, stage / "demo.png")
    return shown


def save_pair(folder: Path, pixels: "np.ndarray", report: str) -> None:
    """Write ``image.png`` and ``report.txt``, so that ``medsegr segment`` can be tried on them.

    Not every report says what kind of picture it is about; then ``--modality`` has to.
    """
    from PIL import Image

    Image.fromarray(pixels).save(folder / "image.png")
    (folder / "report.txt").write_text(report.strip() + "\n", encoding="utf-8")


def _row(case: "DemoCase") -> "SheetRow":
    from medsegr.explain.contact_sheet import Panel, SheetRow

    truth = tuple(match.mask for match in case.matches if match.mask is not None)
    asked = [number for number, match in enumerate(case.matches) if match.mask is not None]
    panels = []
    for way, answer in enumerate(case.answers):
        score = case.mean_score(way)
        caption = "" if score is None else f"Dice {score:.2f}"
        panels.append(Panel(answer, caption, truth, tuple(asked) if way else ()))
    return SheetRow(case.name, tuple(panels))


def score_table(shown: "list[DemoCase]") -> Table:
    """A line per finding: what the report says, and Dice for each way of asking."""
    from medsegr.cli.demo_answers import WAYS

    table = Table("case", "finding", "presence", *(f"Dice {way[0].lower()}{way[1:]}" for way in WAYS))
    for case in shown:
        for number, found in enumerate(case.answers[0].findings):
            scores = [case.score(way, number) for way in range(len(WAYS))]
            cells = ["" if score is None else f"{score:.2f}" for score in scores]
            if scores[0] is None:
                cells[0] = "left empty, right" if not found.mask.any() else "not empty, wrong"
            table.add_row(case.name, found.id, found.finding.presence, *cells)
    return table


def _summary(shown: "list[DemoCase]") -> list[str]:
    from medsegr.cli.demo_answers import WAYS

    lines = []
    for way, heading in enumerate(WAYS):
        scores = [s for c in shown for n in range(len(c.matches)) if (s := c.score(way, n)) is not None]
        mean = sum(scores) / max(len(scores), 1)
        lines.append(f"{heading + ':':<28} mean Dice {mean:.2f} over {len(scores)} findings")
    return lines
