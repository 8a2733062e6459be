"""``medsegr parse``: a report's findings, with the words that say so. Needs no torch."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsegr.cli import llm_options as llm
from medsegr.cli.console import messages, results
from medsegr.cli.options import LexiconOption, check_modality
from medsegr.cognition.examinations import examination_named, nearest
from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.given_name import quoted
from medsegr.data.outputs import atomic_write, is_stream
from medsegr.data.report_file import MAX_REPORT_BYTES, decode_report, read_report
from medsegr.errors import ConfigError, OutputError, ReportError
from medsegr.explain.palette import ASPECT_NAMES

STYLES = {
    "target": "bold black on bright_cyan",
    "location": "black on bright_yellow",
    "texture": "black on bright_green",
    "shape": "black on bright_magenta",
    "presence": "bold white on red",
}
"""Terminal colours of the words; later ones win where spans overlap."""


def parse(
    report: Annotated[Path | None, typer.Argument(help="Text file with the report, or - for standard input.")] = None,
    *,
    text: Annotated[str | None, typer.Option("--text", "-t", help="The report itself.")] = None,
    modality: Annotated[
        str | None, typer.Option("--modality", "-m", help="For example chest_xray, or CT abdomen.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    jsonl: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--jsonl", help="IN OUT: many reports, one JSON object a line with id, report, modality."),
    ] = None,
    lexicon: LexiconOption = None,
    parser: llm.ParserOption = "rules",
    llm_url: llm.UrlOption = None,
    llm_model: llm.ModelOption = None,
    llm_key_env: llm.KeyOption = None,
    llm_timeout: llm.TimeoutOption = None,
    allow_remote: llm.RemoteOption = False,
) -> None:
    """Show what a report says: findings, their presence, place, texture and shape.

    Example: medsegr parse --text "Small nodule in the left upper lobe. No effusion."
    """
    if sum(source is not None for source in (report, text, jsonl)) != 1:
        raise ConfigError("Give the report in one way: a FILE, - for standard input, --text, or --jsonl IN OUT.")
    known = load_lexicon(lexicon or ())
    check_modality(modality, known)
    endpoint = llm.chosen_endpoint(
        parser, url=llm_url, model=llm_model, key_env=llm_key_env, timeout_s=llm_timeout, allow_remote=allow_remote
    )
    read = partial(parse_report, lexicon=known, parser=parser, llm=endpoint)
    if jsonl is not None:
        parse_lines(*jsonl, modality, read, known)
        return
    words = text if text is not None else _read_stdin() if str(report) == "-" else read_report(str(report))
    if not words.strip():
        raise ReportError("The report is empty. Give its text with --text, in a file, or on standard input.")
    priors = read(words, modality)
    if as_json:
        record = {**priors.to_dict(), "warnings": list(priors.warnings)}
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        show_priors(priors)


def show_priors(priors: ReportPriors) -> None:
    """Print the report with its words coloured, and a table of the findings."""
    console = results()
    console.print(coloured_report(priors))
    legend = [part for kind, name in ASPECT_NAMES.items() for part in ((f" {name} ", STYLES[kind]), " ")]
    console.print(Text.assemble(*legend))
    if priors.findings:
        table = Table("finding", "presence", "where", "texture", "shape and size", "words")
        for finding in priors:
            table.add_row(*_cells(finding, priors.text))
        console.print(table)
    else:
        console.print("No finding that the vocabulary knows.")
    for warning in (*priors.warnings, *not_understood(priors)):
        console.print(f"Note: {warning}", markup=False)


def not_understood(priors: ReportPriors) -> list[str]:
    """What looks like a finding and was not understood, in its words."""
    words = [" ".join(priors.text[start:end].split()) for start, end in priors.not_read]
    return [f"Not read, though it looks like a finding: '{word}'." for word in words]


def coloured_report(priors: ReportPriors) -> Text:
    """The report as rich text; every word that counts in the colour of its aspect."""
    shown = Text(priors.text.rstrip())
    for kind, style in reversed(STYLES.items()):
        for finding in priors:
            for start, end in getattr(finding.evidence, kind):
                shown.stylize(style, start, end)
    return shown


def _cells(finding: Finding, text: str) -> list[Text]:
    place = [*([finding.location.laterality] if finding.location.laterality else []), *finding.location.zones]
    shape = [*finding.shape.attributes, *(f"{size:g} mm" for size in finding.shape.size_mm)]
    shape += [f"count: {finding.shape.count}"] if finding.shape.count is not None else []
    words = " · ".join(" ".join(text[a:b].split()) for a, b in (*finding.evidence.spans(), *finding.evidence.presence))
    colour = {"absent": "red", "uncertain": "yellow"}.get(finding.presence, "green")
    cells = [Text(finding.target, "bold"), Text(finding.presence, colour)]
    return cells + [Text(", ".join(part)) for part in (place, finding.texture.attributes, shape)] + [Text(words)]


def parse_lines(
    source: Path,
    target: Path,
    modality: str | None = None,
    read: Callable[..., ReportPriors] = parse_report,
    lexicon: Lexicon | None = None,
) -> None:
    """Parse a file of reports, one JSON object a line; all lines or none.

    Args:
        source: Lines with ``id``, ``report`` and perhaps ``modality``.
        target: Lines with ``id`` and ``findings``; a pipe or ``/dev/stdout`` is written into.
        modality: Of lines that name none.
        read: :func:`parse_report`, or a form of it.
        lexicon: That of ``read``; the built-in one by default.

    Where a line names no modality, or one that the lexicon does not know, the report's words decide, and a note
    says so.

    Raises:
        ReportError: The file or one of its lines cannot be used.
        OutputError: The result cannot be written, or would replace the reports.
    """
    if not is_stream(target) and source.resolve() == target.resolve():
        raise OutputError(f"The findings would replace the reports in '{source}'. Choose another name for OUT.")
    try:
        lines = source.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"'{source}' cannot be read ({type(error).__name__}); expected UTF-8 JSON lines.") from error
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    known = lexicon or load_lexicon()
    guessed: Counter[str | None] = Counter()
    parsed = [
        _parse_line(line, f"'{source}', line {n}", modality, partial(read, lexicon=known), guessed)
        for n, line in numbered
    ]
    with atomic_write(target) as temporary:
        Path(temporary).write_text("".join(json.dumps(record) + "\n" for record in parsed), encoding="utf-8")
    if guessed:
        told = ", ".join(f"{name or 'none'}: {lines}" for name, lines in sorted(guessed.items(), key=str))
        messages().print(f"Note: {guessed.total()} of {len(parsed)} lines name no modality; by their words: {told}.")


def _parse_line(
    line: str, where: str, modality: str | None, read: "partial[ReportPriors]", guessed: "Counter[str | None]"
) -> dict[str, Any]:
    try:
        record = json.loads(line)
        identity, report = record["id"], record["report"]
        json.dumps(identity)  # it is written again, so it must not be nested too deep
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReportError(f'{where}: expected an object {{"id", "report", "modality"}}.') from error
    if not isinstance(report, str):
        raise ReportError(f"{where}: 'report' is a {type(report).__name__}; expected text.")
    name = record.get("modality")
    named = _known_modality(name, read.keywords["lexicon"])
    priors = read(report, named or modality)
    if modality is None and name is None:
        guessed[priors.modality] += 1
    elif name is not None and named is None:
        messages().print(f"Note: {where}: {_misnamed(name, priors.modality, read.keywords['lexicon'])}")
    for warning in priors.warnings:
        messages().print(f"Note: {where}: {warning}")
    return {"id": identity, "findings": [finding.to_dict() for finding in priors]}


def _known_modality(name: Any, lexicon: Lexicon) -> str | None:
    """The modality of a line as it names it; None where it names none that the lexicon knows."""
    try:
        return name if isinstance(name, str) and examination_named(name, lexicon) else None
    except ConfigError:
        return None


def _misnamed(name: Any, read_as: str | None, lexicon: Lexicon) -> str:
    near = nearest(name, lexicon) if isinstance(name, str) else []
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    said = f"the report was read as one of {read_as}" if read_as else "the report was read as one of no known kind"
    return f"the lexicon does not know the modality{quoted(str(name))}; {said}.{hint}"


def _read_stdin() -> str:
    raw = sys.stdin.buffer.read(MAX_REPORT_BYTES + 1)
    if len(raw) > MAX_REPORT_BYTES:
        raise ReportError(f"Standard input is longer than {MAX_REPORT_BYTES:,} bytes; expected one study's report.")
    return decode_report(raw, "Standard input")
