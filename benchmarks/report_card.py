"""The report card of one model over several data sets: which part of the report it uses, where.

    python -m benchmarks.report_card --model GRID/full-0/best --data DIR... [--split test] [--limit N] [--name N]

Writes ``results/report_card.json``, or another name: family of data -> origin of the reports -> group -> way of
asking -> figures and a verdict. Families and origins are never averaged; a group is a family, its sets by what their
text tells, or one set.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from benchmarks.answers import FAMILIES, family_of, patient_of
from benchmarks.groups import ALL, LOOKS_SETS, PLACE_SETS
from benchmarks.record import options, run_name, write_record
from medsegr.cli.measurement import measurement_record, open_data
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.patients import patients_of
from medsegr.evaluation.report_card import SAME, CardAnswer, card_answers, card_figures
from medsegr.inference.predictor import Predictor, load

KEPT = (
    "findings", "patients", "dice", "interval", "dice_with_true_report", "cost", "cost_interval", "changed", "verdict",
)  # fmt: skip
"""Figures of a way of asking that the results file keeps."""

TOLD = {"text states a place": PLACE_SETS, "text describes looks only": LOOKS_SETS}
"""Groups of real sets."""


def card(predictor: Predictor, folders: Sequence[DatasetFolder], split: str, limit: int | None, seed: int) -> dict:
    """Ask a model for every data set in every way, with a line for each.

    Returns:
        What the results file says, without command and versions.

    Raises:
        ConfigError: A data set has no case in the split, or nothing to ask for.
    """
    answers: list[CardAnswer] = []
    known = {
        (folder.name, PurePath(image).stem): patient
        for folder in folders
        for image, patient in patients_of(folder)[0].items()
    }
    for folder in folders:
        found = list(card_answers(predictor, folder, split, limit=limit, seed=seed))
        print(f"{folder.name}: {len({(a.case, a.finding) for a in found})} described findings", flush=True)
        answers += [replace(a, patient=patient_of(a.data, a.case, a.patient, known)) for a in found]
    settings = {
        "split": split, "seed": seed, "limit": limit, **predictor.looks.settings(), "a_mask_changes_below_dice": SAME,
        **predictor.support_thresholds.metadata(),
    }  # fmt: skip
    record = measurement_record(predictor, folders, answers, settings)
    kept = {key: record[key] for key in ("model", "data", "split", "settings")}
    return {**kept, "families": card_families(answers)}


def card_families(answers: Sequence[CardAnswer]) -> dict[str, Any]:
    """Family -> origin -> group -> way of asking -> figures; what holds no finding is left out."""
    found: dict[str, Any] = {}
    for family in FAMILIES:
        sets = sorted({answer.data for answer in answers if family_of(answer.data) == family})
        groups = {ALL: sets} | (TOLD if family == "real" else {}) | {f"data {name}": (name,) for name in sets}
        for group, names in groups.items():
            for origin, figures in card_figures([answer for answer in answers if answer.data in names]).items():
                ways = {way: of for way, of in figures["ways"].items() if of["findings"]}
                of_origin = found.setdefault(family, {}).setdefault(origin, {})
                of_origin[group] = {way: {key: of[key] for key in KEPT} for way, of in ways.items()}
    return found


def main() -> None:
    """Parse the arguments, ask, and write."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--model", default="tiny", help="built-in name, folder such as GRID/full-0/best, or Hugging Face id")
    add("--host", help="of an adapter whose own host's name is not enough")
    add("--data", nargs="+", type=Path, required=True, help="data set folders, or folders that hold several")
    add("--split", default="test", choices=("train", "val", "test"))
    add("--limit", type=int, help="cases of each data set, at most")
    add("--name", default="report_card", help="of the results file")
    add("--seed", type=int, default=0, help="chooses other patients and other attributes")
    add("--device", default="cpu")
    add("--flips", action="store_true", help="with a look at the mirrored picture too")
    add("--second-look", action="store_true", help="with a second, closer look at small findings")
    given = parser.parse_args()
    predictor = load(given.model, given.device, given.host, flips=given.flips, second_look=given.second_look)
    figures = card(predictor, open_data(given.data), given.split, given.limit, given.seed)
    figures["model"]["name"] = run_name(given.model) or figures["model"]["name"]
    write_record(given.name, given.seed, figures)


if __name__ == "__main__":
    main()
