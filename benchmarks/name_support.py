"""What lowers a model's support: pictures asked with their report, without parts of it, and name by name.

    python -m benchmarks.name_support lite sets/fundus_idrid --split test --target optic_disc
    python -m benchmarks.name_support lite sets/polyp_cvc_text --split train --every 6

Every question is asked in an encoding of its own. Masks count as they are drawn, whatever their support.
"""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import options, write_record
from medsegr import load
from medsegr.cognition.lexicon import finding_for_target, load_lexicon
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import questions_of
from medsegr.evaluation.reports import ReportMode, told
from medsegr.evaluation.support import auroc, keeping_threshold
from medsegr.inference.predictor import Predictor

WAYS: tuple[ReportMode, ...] = ("true", "none", "no-location", "no-texture", "no-shape")


def ask(predictor: Predictor, case: Case, finding: Finding, truth: np.ndarray) -> dict[str, float | bool]:
    """Support of one finding that is asked alone, and the Dice of its mask."""
    priors, modality = ReportPriors((finding,), "", case.image.modality), case.image.modality
    result = predictor.segment(case.image, priors, modality=modality, support_threshold=0.0, untrained="draw")
    found = result.findings[0]
    overlap = Overlap.of(found.mask, truth)
    return {"support": round(float(found.support or 0), 4), "dice": overlap.dice, "shown": bool(truth.any())}


def told_in_part(predictor: Predictor, case: Case, folder: DatasetFolder) -> dict[str, list[dict[str, float | bool]]]:
    """The described findings of a case, in each of :data:`WAYS`."""
    asked = [each for each in questions_of(case, folder, load_lexicon()) if each.role == "described"]
    return {way: [ask(predictor, case, told(each.finding, way), each.truth) for each in asked] for way in WAYS}


def by_name(predictor: Predictor, case: Case, target: str) -> list[dict[str, float | bool]]:
    """One structure of a case by its bare name."""
    finding = finding_for_target(target, case.image.modality, load_lexicon())
    return [ask(predictor, case, finding, case.structures[target])] if target in case.structures else []


def main() -> None:
    """Ask, and write ``results/name_support.json``."""
    parser = options(__doc__)
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--target")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    predictor, folder = load(given.model, trunk_memory=2**28), DatasetFolder(given.data)
    rows: dict[str, list[dict[str, float | bool]]] = {}
    for name in folder.images(given.split)[:: given.every]:
        case = folder.load(name)
        ways = told_in_part(predictor, case, folder) if given.target is None else {
            given.target: by_name(predictor, case, given.target)
        }  # fmt: skip
        for way, found in ways.items():
            rows.setdefault(way, []).extend(found)
    figures: dict[str, Any] = {}
    for way, found in rows.items():
        support, shown = (np.array([row[key] for row in found]) for key in ("support", "shown"))
        least = keeping_threshold(support[shown])
        rejected = None if least is None or shown.all() else float((support[~shown] < least).mean())
        figures[way] = {"auroc": auroc(support, shown), "rejected_at_kept": rejected, "rows": found}
    write_record("name_support", 0, {"data": folder.name, "split": given.split, "ways": figures})


if __name__ == "__main__":
    main()
