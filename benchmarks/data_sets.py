"""How well the reports of the real data sets meet their masks, and what they state of them.

    python -m benchmarks.data_sets

Reads every data set of the shared folder (see ``benchmarks.record``), checks it, parses its real
reports, or derives reports where it has none (seed 0, nothing is written beside the data), and
counts which structures with a mask a finding meets, and how many findings state a place, a
texture or a shape. Builds the referring suite of all sets in a temporary folder and counts its
cases. Writes ``results/data_sets.json``; ``make results`` writes its tables into ``docs/data.md``.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.record import options, shared_data, write_record
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.data.case import Case
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.describe.dataset_reports import derive_reports
from medsegr.describe.referring_suite import build_suite, summary_of
from medsegr.model.truth import Match, match_findings

SETS = (
    "abdomen_mri_chaos", "brain_mri_lgg", "breast_us_text", "cardiac_mri_acdc", "ct_covid_lesion", "cxr_covid_multi",
    "cxr_montgomery_text", "fundus_idrid", "lung_nodule_lidc", "monuseg_text", "polyp_cvc_text", "polyp_kvasir",
    "skin_ph2_text",
)  # fmt: skip
SEED = 0
ASPECTS = ("place", "texture", "shape")
MOST_LISTED = 8


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
    counts: Counter[str] = Counter()
    structures: dict[str, Counter[str]] = {}
    bare: Counter[str] = Counter()
    for case in reported_cases(folder, names):
        counts["reports"] += 1
        counts["derived"] += case.report_origin == "derived"
        matches = match_findings(parse_report(case.report or "", folder.modality).findings, case)
        shown = [match for match in matches if match.finding.presence != "absent"]
        for target, mask in case.structures.items():
            if mask.any():
                structures.setdefault(target, Counter())["masks"] += 1
                structures[target]["met"] += any(_meets(match, target) for match in shown)
        counts["denied"] += len(matches) - len(shown)
        counts["denied_though_outlined"] += sum(
            m.finding.presence == "absent" and _outlined(m, case) and not m.supervised for m in matches
        )
        counts["findings"] += len(shown)
        counts["findings_with_a_mask"] += sum(match.mask is not None for match in shown)
        counts["on_the_other_side"] += sum(match.mask is None and _outlined(match, case) for match in shown)
        bare.update(match.finding.target for match in shown if match.mask is None)
        for match in shown:
            stated = _stated(match)
            counts["state_anything"] += any(stated.values())
            for aspect in ASPECTS:
                counts[f"state_a_{aspect}"] += stated[aspect]
                counts[f"with_a_mask_state_a_{aspect}"] += stated[aspect] and match.mask is not None
    return {**_figures(folder, counts, structures), "commonest_without_a_mask": dict(bare.most_common(MOST_LISTED))}


def _meets(match: Match, target: str) -> bool:
    """True when a finding has a mask that is, or holds, the structure's."""
    side = match.finding.location.laterality
    names = {match.finding.target, *(f"{s}_{match.finding.target}" for s in ("left", "right") if side in (None, s))}
    return match.mask is not None and target in (names if side != "bilateral" else {*names, *_both(match)})


def _both(match: Match) -> set[str]:
    return {f"{side}_{match.finding.target}" for side in ("left", "right")}


def _outlined(match: Match, case: Case) -> bool:
    mask = case.structures.get(match.finding.target)
    return mask is not None and bool(mask.any())


def _stated(match: Match) -> dict[str, bool]:
    finding = match.finding
    shape = finding.shape
    return {
        "place": finding.location.stated,
        "texture": bool(finding.texture.attributes),
        "shape": bool(shape.attributes or shape.size_mm or shape.count is not None),
    }


def _figures(folder: DatasetFolder, counts: Counter[str], structures: dict[str, Counter[str]]) -> dict[str, Any]:
    masks = sum(each["masks"] for each in structures.values())
    met = sum(each["met"] for each in structures.values())
    findings, with_mask = counts["findings"], counts["findings_with_a_mask"]
    return {
        "text": "derived" if counts["derived"] else "real",
        "images": len(folder.images()),
        "reports": counts["reports"],
        "structures_with_a_mask": masks,
        "structures_met": _share(met, masks),
        "met_by_structure": {t: [c["met"], c["masks"]] for t, c in sorted(structures.items())},
        "findings": findings,
        "findings_with_a_mask": _share(with_mask, findings),
        "findings_on_the_other_side": counts["on_the_other_side"],
        "denied": counts["denied"],
        "denied_though_outlined": counts["denied_though_outlined"],
        **{f"state_a_{aspect}": _share(counts[f"state_a_{aspect}"], findings) for aspect in ASPECTS},
        "state_anything": _share(counts["state_anything"], findings),
        **{
            f"with_a_mask_state_a_{aspect}": _share(counts[f"with_a_mask_state_a_{aspect}"], with_mask)
            for aspect in ASPECTS
        },
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def main() -> None:
    """Parse the arguments, measure, write."""
    options(__doc__).parse_args()
    folders = [DatasetFolder(shared_data(name)) for name in SETS]
    figures: dict[str, Any] = {"sets": {}}
    for folder in folders:
        complaints = check_dataset(folder.path, load_lexicon().targets)
        figures["sets"][folder.name] = {"complaints": complaints, **measure(folder)}
    with tempfile.TemporaryDirectory() as temporary:
        figures["referring"] = summary_of(build_suite(folders, Path(temporary) / "suite", load_lexicon()))
    write_record("data_sets", SEED, figures)


if __name__ == "__main__":
    main()
