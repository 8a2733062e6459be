"""``medsegr segment``: masks, pictures and JSON for one study or many."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from medsegr.batch.job import REMEMBERED, Job
from medsegr.batch.work_list import collect_studies
from medsegr.cli import llm_options as llm
from medsegr.cli import options
from medsegr.cli.console import messages
from medsegr.cli.folder_run import Labour, run_folder
from medsegr.cli.inputs import model_places
from medsegr.cli.mask_options import DeidentifyOption, LabelMapOption, MasksOption, chosen_writing
from medsegr.cli.run_record import RunRecord, command_line
from medsegr.cognition.lexicon import canonical_target, load_lexicon
from medsegr.errors import ConfigError


def segment(
    context: typer.Context,
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures, volumes (NIfTI), DICOM, folders or archives of them (zip, tar), tables of studies (CSV or "
            "JSON lines: image, report, targets, modality, case)."
        ),
    ],
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
    host: options.HostOption = None,
    modality: Annotated[str | None, typer.Option("--modality", "-m", help="For example chest_xray.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    backend: options.BackendOption = "auto",
    precision: options.PrecisionOption = "f32",
    threshold: Annotated[float, typer.Option("--threshold", help="Probability from which a pixel counts.")] = 0.5,
    flips: options.FlipsOption = False,
    second_look: options.SecondLookOption = False,
    untrained: options.UntrainedOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped: cases that are complete are kept.")
    ] = False,
    recursive: Annotated[bool, typer.Option("--recursive", help="Also read folders within folders.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes, each with a model; by default, from 16 studies on, one for each core, 8 at most.", min=1
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Pictures in one call of the model; by default 1 on a CPU, 8 on a GPU.", min=1)
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", help="Work on a Ray cluster: local, auto, or ray://HEAD:10001.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")] = False,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Keep the report's text in findings.json and explanation.png.")
    ] = False,
    pictures: Annotated[bool, typer.Option(help="Draw overlay.png and explanation.png.")] = True,
    masks: MasksOption = None,
    label_map: LabelMapOption = False,
    deidentify: DeidentifyOption = False,
    lexicon: options.LexiconOption = None,
    parser: llm.ParserOption = "rules",
    llm_url: llm.UrlOption = None,
    llm_model: llm.ModelOption = None,
    llm_key_env: llm.KeyOption = None,
    llm_timeout: llm.TimeoutOption = None,
    allow_remote: llm.RemoteOption = False,
) -> None:
    """Outline every finding of a report in its image.

    Example: medsegr segment scan.png --text "Polyp in the upper left." --modality colonoscopy --out results
    """
    known = load_lexicon(lexicon or ())
    shown = options.check_modality(modality, known)
    endpoint = llm.chosen_endpoint(
        parser, url=llm_url, model=llm_model, key_env=llm_key_env, timeout_s=llm_timeout, allow_remote=allow_remote
    )
    writing = chosen_writing(masks, label_map, deidentify, keep_text)
    if resume and overwrite:
        raise ConfigError("--resume keeps what is there and --overwrite does not: give one of them.")
    work = replace(collect_studies(images, report, text, reports, recursive=recursive), nameless=deidentify)
    for note in work.notes:
        messages().print(f"Note: {note}")
    if not target and work.asks_nothing:
        raise ConfigError("Nothing to look for: give --report FILE, --text TEXT, --reports CSV, or --target NAME.")
    from medsegr.batch.out_folder import Mode
    from medsegr.inference.request import check_thresholds
    from medsegr.model.trained_targets import policy_of

    check_thresholds(threshold, None)

    for name in target or []:
        canonical_target(name, known, shown)
    places = [path for path in (report, reports, *(lexicon or ())) if path is not None]
    reader = {"name": parser, **({"model": endpoint.model, "address": endpoint.address} if endpoint else {})}
    read_from = [*images, *(part.path for part in work.parts), *places, *model_places(model, host)]
    record = RunRecord(command_line(context.obj), reader, read_from, deidentify)
    labour = Labour(workers, batch_size, ray)
    # Alone, a picture gets the same numbers whenever it is asked; in a batch it may not, in the last bits.
    remember = REMEMBERED if labour.chunk(device) == 1 and work.repeats else 0
    job = Job(
        out.resolve(), model, host, device, flips, second_look, tuple(target or ()), modality, threshold,
        policy_of(untrained, {}) if untrained else None, tuple(lexicon or ()), endpoint, keep_text, pictures, resume,
        writing.masks, writing.label_map, writing.deidentify, backend, precision, remember,
    )  # fmt: skip
    mode = Mode.RESUME if resume else Mode.OVERWRITE if overwrite else Mode.NEW
    run_folder(work, job, mode, labour, record)
