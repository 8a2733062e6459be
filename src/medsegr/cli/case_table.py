"""The table at the end of a run: what was found in each case, as ``findings.json`` says."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from medsegr.cli.console import messages, results

if TYPE_CHECKING:
    from medsegr.batch.resume import CaseRecord

MOST_SHOWN = 25
"""Cases, or failures, that are shown one by one."""


def show_cases(out: Path, records: "Sequence[CaseRecord]") -> None:
    """Print the findings of a few cases; of many nothing, for nobody reads thousands of lines.

    Args:
        out: Folder of the results.
        records: Of the complete cases.
    """
    if not 0 < len(records) <= MOST_SHOWN:
        return
    table = Table("case", "finding", "presence", "support", "area (px)", "size (mm)", "mask or reason")
    files = {record.case: out / record.case / "findings.json" for record in records}
    told: dict[str, Any] = {case: json.loads(file.read_text(encoding="utf-8")) for case, file in files.items()}
    for case, found in told.items():
        for entry in found["findings"]:
            table.add_row(case, *_cells(entry))
    results().print(table)
    for case, found in told.items():
        for warning in found["warnings"]:
            messages().print(f"Note: {case}: {warning}")


def _cells(entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        entry["id"],
        entry["presence"],
        "" if entry["support"] is None else f"{entry['support']:.2f}",
        str(entry["area_px"]),
        "" if entry["size_mm"] is None else f"{entry['size_mm']:.1f}",
        "outlined" if entry["reason"] is None else entry["reason"],
    )
