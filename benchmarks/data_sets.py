"""How well the reports of the real data sets meet their masks, and what they state of them.

    python -m benchmarks.data_sets

Reads every data set of the shared folder (see ``benchmarks.record``), checks it, parses its real
reports, or derives reports where it has none (seed 0, nothing is written beside the data), and
counts which structures with a mask a finding meets, and how many findings state a place, a
texture or a shape. Builds the referring suite of all sets in a temporary folder and counts its
cases. Writes ``results/data_sets.json``; ``make results`` writes its tables into ``docs/data.md``.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.record import options, shared_data, write_record
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.data.case import Case
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder, discover
from medsegr.describe.dataset_reports import derive_reports
from medsegr.describe.referring_suite import build_suite, summary_of
from medsegr.model.truth import Match, match_findings

SEED = 0
FACTS = ("mask", "place", "texture", "shape")


def reported_cases(folder: DatasetFolder, names: list[str] | None = None) -> Iterator[Case]:
    """Images with a report, its real one, or one derived from its masks where the set has no text."""
    names = folder.images() if names is None else names
    if folder.has_reports:
        yield from (folder.load(name, load_lexicon()) for name in names if folder.report(name))
        return
    for each in derive_reports(folder, names, load_lexicon(), SEED):
        if each.report.text:
            yield replace(folder.load(each.image, load_lexicon()), report=each.report.text, report_origin="derived")


def measure(folder: DatasetFolder, names: list[str] | None = None) -> dict[str, Any]:
    """Counts of one data set; shares of what was counted."""
    origins, told, met = [], [], []
    for case in reported_cases(folder, names):
        origins.append(case.report_origin)
        matches = match_findings(parse_report(case.report or "", folder.modality).findings, case)
        shown = [match for match in matches if match.finding.presence != "absent"]
        told += [_facts(match) for match in shown]
        met += [any(_meets(m, target) for m in shown) for target, mask in case.structures.items() if mask.any()]
    found = pd.DataFrame(told, columns=[*FACTS]).astype(bool)
    masked = found[found["mask"]]
    return {
        "text": "derived" if "derived" in origins else "real", "images": len(folder.images()), "reports": len(origins),
        "structures_with_a_mask": len(met), "structures_met": _share(pd.Series(met, dtype=bool)),
        "findings": len(found), "findings_with_a_mask": _share(found["mask"]),
        **{f"with_a_mask_state_a_{aspect}": _share(masked[aspect]) for aspect in FACTS[1:]},
    }  # fmt: skip


def _facts(match: Match) -> tuple[bool, ...]:
    """:data:`FACTS` of a finding."""
    finding, shape = match.finding, match.finding.shape
    described = bool(shape.attributes or shape.size_mm or shape.count is not None)
    return (match.mask is not None, finding.location.stated, bool(finding.texture.attributes), described)


def _meets(match: Match, target: str) -> bool:
    """True when a finding has a mask that is, or holds, the structure's."""
    name, side = match.finding.target, match.finding.location.laterality
    sides = {f"{each}_{name}" for each in ("left", "right") if side in (None, each, "bilateral")}
    return match.mask is not None and target in {name, *sides}


def _share(told: pd.Series) -> float | None:
    return round(float(told.mean()), 4) if len(told) else None


def main() -> None:
    """Parse the arguments, measure, write."""
    options(__doc__).parse_args()
    folders = discover([shared_data("")])
    known = load_lexicon().targets
    sets = {folder.name: {"complaints": check_dataset(folder.path, known), **measure(folder)} for folder in folders}
    with tempfile.TemporaryDirectory() as temporary:
        suite = build_suite(folders, Path(temporary) / "suite", load_lexicon())
    write_record("data_sets", SEED, {"sets": sets, "referring": summary_of(suite)})


if __name__ == "__main__":
    main()
