"""``medsegr pacs``: studies of a PACS found, fetched and segmented, results stored beside them."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from medsegr.batch.job import Job
from medsegr.cli.console import messages, results, table
from medsegr.cli.folder_run import Labour, run_folder
from medsegr.cli.inputs import model_places
from medsegr.cli.options import LexiconOption, UntrainedOption, check_modality
from medsegr.cli.pacs_listen import listen
from medsegr.cli.run_record import RunRecord, command_line
from medsegr.cognition.lexicon import canonical_target, load_lexicon
from medsegr.data.report_file import read_report
from medsegr.errors import ConfigError, PacsError
from medsegr.pacs.archive import FoundSeries, FoundStudy, Query, series_to_fetch
from medsegr.pacs.connect import Manner, connect

app = typer.Typer(
    help="A hospital's archive: find, fetch, segment, store. See docs/pacs.md.",
    add_completion=False,
    rich_markup_mode=None,
)
app.command("listen")(listen)

AddressArgument = Annotated[
    str, typer.Argument(metavar="PACS", help="http://HOST/dicom-web (DICOMweb), or dimse://TITLE@HOST:PORT.")
]
TitleOption = Annotated[str, typer.Option("--title", help="By which medsegr calls itself, towards a DICOM node.")]
RetrieveOption = Annotated[str, typer.Option("--retrieve", help="From a DICOM node: get (C-GET) or move (C-MOVE).")]
MovePortOption = Annotated[int, typer.Option("--move-port", help="Port of this machine to which C-MOVE sends.")]


@app.command()
def echo(pacs: AddressArgument, *, title: TitleOption = "MEDSEGR") -> None:
    """Ask whether a PACS is there and answers us.

    Example: medsegr pacs echo dimse://ORTHANC@127.0.0.1:4242
    """
    connect(pacs, Manner(title)).echo()
    results().print("The PACS answers.")


@app.command()
def find(
    pacs: AddressArgument,
    *,
    study: Annotated[str | None, typer.Option("--study", help="StudyInstanceUID.")] = None,
    patient_id: Annotated[str | None, typer.Option("--patient-id")] = None,
    accession: Annotated[str | None, typer.Option("--accession", help="AccessionNumber.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="2026-11-30, or 20261101-20261130.")] = None,
    modality: Annotated[str | None, typer.Option("--modality", help="DICOM's code, such as CT.")] = None,
    series: Annotated[bool, typer.Option("--series", help="Also list the series of each study.")] = False,
    patient: Annotated[bool, typer.Option("--patient", help="Also print the patient's id.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    title: TitleOption = "MEDSEGR",
) -> None:
    """List studies of a PACS.

    Example: medsegr pacs find http://127.0.0.1:8042/dicom-web --date 20261130 --modality CT
    """
    asked = Query(study, patient_id, accession, date, modality)
    archive = connect(pacs, Manner(title))
    found = archive.studies(asked)
    listed = [(one, archive.series(one.uid) if series else []) for one in found]
    if as_json:
        typer.echo(json.dumps([_record(one, parts, patient) for one, parts in listed], indent=2))
        return
    header = ["study", "date", "modalities", *(["patient's id"] if patient else [])]
    rows = [[one.uid, one.date, " ".join(one.modalities), *([one.patient_id] if patient else [])] for one in found]
    results().print(table(f"{len(found)} studies", header, rows))
    for one, parts in listed if series else ():
        results().print(table(f"Series of {one.uid}", ["series", "modality", "instances"],
                              [[part.uid, part.modality, part.instances] for part in parts]))  # fmt: skip


@app.command()
def segment(
    context: typer.Context,
    pacs: AddressArgument,
    study: Annotated[str, typer.Argument(metavar="STUDY", help="StudyInstanceUID.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; new or empty.")],
    series: Annotated[str | None, typer.Option("--series", help="SeriesInstanceUID; all images by default.")] = None,
    report: Annotated[Path | None, typer.Option("--report", "-r", help="In place of the study's own report.")] = None,
    text: Annotated[str | None, typer.Option("--text", "-t", help="The report itself.")] = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="A structure to outline; repeatable.")] = None,
    model: Annotated[str, typer.Option("--model", help="As of medsegr segment.")] = "auto",
    modality: Annotated[str | None, typer.Option("--modality", "-m", help="For example chest_ct.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "cpu",
    untrained: UntrainedOption = None,
    store: Annotated[bool, typer.Option("--store", help="Store the SEG and the SR in the PACS.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")] = False,
    pictures: Annotated[bool, typer.Option(help="Draw overlay.png and explanation.png.")] = True,
    lexicon: LexiconOption = None,
    title: TitleOption = "MEDSEGR",
    retrieve: RetrieveOption = "get",
    move_port: MovePortOption = 11113,
) -> None:
    """Fetch a study with its report, outline the findings, and store SEG and SR beside it.

    Example: medsegr pacs segment http://127.0.0.1:8042/dicom-web 1.2.3 --out results --store
    """
    known = load_lexicon(lexicon or ())
    modality = check_modality(modality, known)
    if report is not None and text is not None:
        raise ConfigError("Give the report in one way only: --report FILE or --text TEXT.")
    for name in target or []:
        canonical_target(name, known, modality)
    said = read_report(report) if report is not None else text
    from medsegr.batch.out_folder import Mode
    from medsegr.model.trained_targets import policy_of
    from medsegr.pacs_studies.study_folder import made_files, work_of

    policy = policy_of(untrained, {}) if untrained else None
    archive = connect(pacs, Manner(title, retrieve, move_port))
    with tempfile.TemporaryDirectory(prefix="medsegr-") as private:
        folder = Path(private) / "study"
        folder.mkdir()
        archive.fetch(study, series_to_fetch(archive.series(study), series), folder)
        work = work_of(folder, said)
        if not target and work.asks_nothing:
            raise ConfigError("Nothing to look for: the study has no report. Give --report, --text or --target.")
        job = Job(out.resolve(), model, device=device, targets=tuple(target or ()), modality=modality, untrained=policy,
                  lexicons=tuple(lexicon or ()), pictures=pictures)  # fmt: skip
        places = [path for path in (report, *(lexicon or ())) if path is not None]
        record = RunRecord(command_line(context.obj), {"name": "rules"}, [*places, *model_places(model, None)])
        failed: typer.Exit | None = None
        try:
            run_folder(work, job, Mode.OVERWRITE if overwrite else Mode.NEW, Labour(1), record)
        except typer.Exit as ended:
            if ended.exit_code != 1:  # stopped; where some images failed, the others' results are stored all the same
                raise
            failed = ended
        files = made_files(job.out, [one.case for one in work]) if store else []
        if files:
            archive.store(files)
            messages().print(f"Stored {len(files)} objects in the PACS.")
        if failed is not None:
            raise failed


@app.command("store")
def store_files(
    pacs: AddressArgument,
    files: Annotated[list[Path], typer.Argument(help="DICOM files, such as segmentation.dcm and report.dcm.")],
    *,
    title: TitleOption = "MEDSEGR",
) -> None:
    """Store DICOM files in a PACS.

    Example: medsegr pacs store http://127.0.0.1:8042/dicom-web results/scan/*.dcm
    """
    for file in files:
        if not file.is_file():
            raise PacsError(f"{file} is no file. Name the DICOM files to store, such as results/scan/*.dcm.")
    connect(pacs, Manner(title)).store(files)
    results().print(f"Stored {len(files)} files.")


def _record(one: FoundStudy, parts: list[FoundSeries], patient: bool) -> dict[str, object]:
    told: dict[str, object] = {"study": one.uid, "date": one.date, "modalities": list(one.modalities)}
    if patient:
        told |= {"patient_id": one.patient_id, "accession": one.accession}
    if parts:
        told["series"] = [{"series": p.uid, "modality": p.modality, "instances": p.instances} for p in parts]
    return told
