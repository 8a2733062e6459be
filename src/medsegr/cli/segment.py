"""``medsegr segment``: masks, pictures and JSON for one study or many."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from medsegr.cli import llm_options as llm
from medsegr.cli.case_errors import CAUGHT, free_memory, in_words
from medsegr.cli.console import messages, results
from medsegr.cli.inputs import model_places
from medsegr.cli.model_choice import model_record, taken
from medsegr.cli.options import FlipsOption, HostOption, LexiconOption, SecondLookOption, check_modality
from medsegr.cli.run_record import command_line, write_run
from medsegr.cli.studies import Study, collect_studies
from medsegr.cognition.lexicon import canonical_target, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import ReportPriors
from medsegr.errors import ConfigError, InputError, MedsegrError

if TYPE_CHECKING:
    from medsegr.data.image import MedicalImage
    from medsegr.inference.auto import AutoPredictor
    from medsegr.inference.predictor import Predictor
    from medsegr.inference.result import Result


def segment(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="Pictures, volumes (NIfTI), or folders of them.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    report: Annotated[Path | None, typer.Option("--report", "-r", help="Text file with the report.")] = None,
    text: Annotated[str | None, typer.Option("--text", "-t", help="The report itself.")] = None,
    reports: Annotated[
        Path | None, typer.Option("--reports", help="CSV: image,report; an image may have its folder.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="A structure to outline; repeatable.")] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="Built-in name (lite, tiny), folder, or Hugging Face id; auto takes for each image lite where it was "
            "trained on such pictures, else tiny.",
        ),
    ] = "auto",
    host: HostOption = None,
    modality: Annotated[str | None, typer.Option("--modality", "-m", help="For example chest_xray.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    threshold: Annotated[float, typer.Option("--threshold", help="Probability from which a pixel counts.")] = 0.5,
    flips: FlipsOption = False,
    second_look: SecondLookOption = False,
    untrained: Annotated[
        str | None,
        typer.Option(
            "--untrained", help="Findings that the model was not trained for: refuse or draw; the model's own choice."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")] = False,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Keep the report's text in findings.json and explanation.png.")
    ] = False,
    pictures: Annotated[bool, typer.Option(help="Draw overlay.png and explanation.png.")] = True,
    lexicon: LexiconOption = None,
    parser: llm.ParserOption = "rules",
    llm_url: llm.UrlOption = None,
    llm_model: llm.ModelOption = None,
    llm_key_env: llm.KeyOption = None,
    llm_timeout: llm.TimeoutOption = None,
    allow_remote: llm.RemoteOption = False,
) -> None:
    """Outline every finding of a report in its image.

    Example: medsegr segment scan.png --text "Nodule in the left upper lobe." --out results
    """
    known = load_lexicon(lexicon or ())
    modality = check_modality(modality, known)
    endpoint = llm.chosen_endpoint(
        parser, url=llm_url, model=llm_model, key_env=llm_key_env, timeout_s=llm_timeout, allow_remote=allow_remote
    )
    studies = collect_studies(images, report, text, reports)
    targets = target or []
    if not targets and all(study.report is None for study in studies):
        raise ConfigError("Nothing to look for: give --report FILE, --text TEXT, --reports CSV, or --target NAME.")
    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.inference.predictor import load
    from medsegr.inference.trained_targets import policy_of

    policy_of(untrained, {})
    for name in targets:
        canonical_target(name, known)
    tables = [path for path in (report, reports, *(lexicon or ())) if path is not None]
    read_from = [*images, *(study.image for study in studies), *tables, *model_places(model, host)]
    check_output_folder(out, overwrite, read_from)
    with staged_folder(out, overwrite) as stage:
        predictor = load(model, device, host, flips=flips, second_look=second_look)
        question = {"targets": targets, "modality": modality, "threshold": threshold, "lexicon": known,
                    "untrained": untrained}  # fmt: skip
        read = partial(parse_report, lexicon=known, parser=parser, llm=endpoint) if endpoint else None
        one = partial(_segment_one, predictor=predictor, stage=stage, question=question, read=read)
        done, failures = _segment_all(partial(one, keep_text=keep_text, pictures=pictures), studies, stage)
        weights = {**model_record(model, predictor), **predictor.looks.settings()}
        reader = {"name": parser, **({"model": endpoint.model, "address": endpoint.address} if endpoint else {})}
        command = command_line(context.obj)
        write_run(stage / "run.json", command, weights, [entry for entry, _ in done], failures, parser=reader)
    _show(done, out)
    if failures:
        for failure in failures:
            messages().print(f"Failed: {failure['case']}: {failure['error']}")
        raise typer.Exit(1)


def _segment_all(
    one: "Callable[[Study], Result]", studies: list[Study], stage: Path
) -> tuple[list[tuple[dict[str, Any], "Result"]], list[dict[str, str]]]:
    """Segment each study into its own folder; failures do not stop the others, unless all fail."""
    done: list[tuple[dict[str, Any], Result]] = []
    failures: list[dict[str, str]] = []
    errors: list[MedsegrError] = []
    for number, study in enumerate(studies, 1):
        started = time.perf_counter()
        if len(studies) > 1:
            messages().print(f"[{number}/{len(studies)}] {study.case}")
        try:
            result = one(study)
        except CAUGHT as error:
            told = in_words(error, study.case)
            if told is None:
                raise
            errors.append(told)
        else:
            seconds = round(time.perf_counter() - started, 3)
            done.append(({"case": study.case, "image": str(study.image), "seconds": seconds, **taken(result)}, result))
            continue
        free_memory()
        shutil.rmtree(stage / study.case, ignore_errors=True)
        failures.append({"case": study.case, "image": str(study.image), "error": str(errors[-1])})
    if not done and len(errors) == 1:
        raise errors[0]
    if not done:
        raise InputError(f"None of the {len(studies)} images could be segmented. The first: {errors[0]}")
    return done, failures


def _segment_one(
    study: Study, *, predictor: "Predictor | AutoPredictor", stage: Path, question: dict[str, Any], keep_text: bool,
    pictures: bool, read: Callable[..., ReportPriors] | None,
) -> "Result":  # fmt: skip
    from medsegr.data.image import load_image
    from medsegr.explain.figure import save_figures
    from medsegr.inference.writer import write_case

    picture: "Path | MedicalImage" = study.image
    report: str | ReportPriors | None = study.report
    if read is not None and study.report and study.report.strip():
        picture = load_image(study.image)
        report = read(study.report, question["modality"] or picture.modality)
    result = predictor.segment(picture, report, **question)
    folder = stage / study.case
    folder.mkdir()
    if result.chosen is not None:
        messages().print(f"{study.case}: model '{result.model}', for {result.chosen}", soft_wrap=True)
    names = {"case": study.case, "image": study.image.name, "model": result.model}
    write_case(folder, result, **names, keep_text=keep_text)
    if pictures:
        save_figures(folder, result, study.case, keep_text)
    return result


def _show(done: list[tuple[dict[str, Any], "Result"]], out: Path) -> None:
    table = Table("case", "finding", "presence", "support", "area (px)", "size (mm)", "mask or reason")
    for entry, result in done:
        for found in result.findings:
            table.add_row(
                entry["case"],
                found.id,
                found.finding.presence,
                "" if found.support is None else f"{found.support:.2f}",
                str(found.area_px),
                "" if found.size_mm is None else f"{found.size_mm:.1f}",
                "outlined" if found.reason is None else found.reason,
            )
    results().print(table)
    for entry, result in done:
        for warning in result.warnings:
            messages().print(f"Note: {entry['case']}: {warning}")
    results().print(f"Masks, pictures and findings.json are in {out}", soft_wrap=True)
