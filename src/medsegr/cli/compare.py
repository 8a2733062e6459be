"""``medsegr compare``: paired statistics of two evaluations."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medsegr.cli.console import messages, results, table


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder that 'medsegr evaluate' wrote.")],
    run_b: Annotated[Path, typer.Argument(help="Another one, on the same data.")],
    *,
    report_a: Annotated[
        str | None, typer.Option(help="Take this way of asking of RUN_A only, whatever RUN_B's is called.")
    ] = None,
    report_b: Annotated[str | None, typer.Option(help="The same of RUN_B.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for comparison.json and .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Compare two evaluations finding by finding: differences are RUN_B minus RUN_A.

    Paired by data set, case, finding and report: Wilcoxon's test, a bootstrap of the difference, effect
    sizes, also per size, overlap, target and data set. With --report-a and --report-b different ways of
    asking are compared, of two runs or of one: compare scores scores --report-a none --report-b true.

    Example: medsegr compare scores_a scores_b --out comparison
    """
    from medsegr.data.outputs import check_output_folder, staged_folder
    from medsegr.evaluation.compare import compare_runs
    from medsegr.evaluation.comparison_page import HEADER, comparison_page, comparison_rows
    from medsegr.evaluation.run_files import read_run

    if out is not None:
        check_output_folder(out, overwrite, (run_a, run_b))
    record = compare_runs(read_run(run_a), read_run(run_b), report_a, report_b, seed)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    if out is not None:
        with staged_folder(out, overwrite) as folder:
            (folder / "comparison.json").write_text(text + "\n", encoding="utf-8")
            (folder / "comparison.html").write_text(comparison_page(record), encoding="utf-8")
    if record["other_content"]:
        messages().print(f"{record['other_content']} pairs have the same truth, but another image, report or record.")
    if as_json:
        typer.echo(text)
        return
    for origin, reports in record["origins"].items():
        for report, found in reports.items():
            strata = {f"dice, {name} {value}": f for name, rows in found["strata"].items() for value, f in rows.items()}
            rows = comparison_rows({**found["measures"], **strata})
            results().print(table(f"reports: {origin}; report: {report}", HEADER, rows))
    first, second = (
        record[which]["run"] + (f" ({record[which]['report']})" if record[which]["report"] else "")
        for which in ("first", "second")
    )
    typer.echo(
        f"{record['pairs']} pairs; differences are {second} minus {first}"
        + (f"; {out}/comparison.json and comparison.html" if out is not None else "")
    )
