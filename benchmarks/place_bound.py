"""How much a stated place could help at most: what is drawn by name alone lies outside it, or is missed inside it.

    python -m benchmarks.place_bound --model GRID/full-0/best --data DIR... [--split test] [--limit N]

Every described finding whose report states a place is asked for by its name alone. Its mask is then cut to the
stated place, as a model could do that obeys the words and knows nothing else of the report, and cut to the truth
itself, which no words about a place can beat by removing pixels alone. Writes ``results/place_bound.json``.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from benchmarks.record import run_name, write_record
from medsegr.cli.measurement import open_data
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding
from medsegr.cognition.region_map import region_map
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.answer import Origin
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.evaluate import Cohort, answered
from medsegr.evaluation.figures import bounds, rounded
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import questions_of
from medsegr.inference.predictor import Predictor, load
from medsegr.view import View

MAP_SIZE = 256


@dataclass(frozen=True)
class Bound:
    """Dice of one finding whose report states a place.

    Attributes:
        patient: Whom it shows.
        origin: Whose words.
        reports: Told the whole report.
        named: Told its name alone.
        in_place: Told its name alone, and the mask cut to the stated place.
        in_truth: Told its name alone, and the mask cut to the truth.
        held: Share of the truth that lies in the stated place, 0..1.
        covers: Share of the picture that the stated place covers, 0..1.
        missed: Told its name alone, no pixel of it is drawn.
    """

    patient: str
    origin: Origin
    reports: float
    named: float
    in_place: float
    in_truth: float
    held: float
    covers: float
    missed: bool


def stated_place(finding: Finding, view: View, shape: Sequence[int]) -> np.ndarray | None:
    """The pixels of a picture (H, W) that a finding's words of place mean; None where they mean none."""
    place = region_map(finding.location, view, MAP_SIZE, finding.shape.count)
    if place is None:
        return None
    rows, columns = (np.arange(side) * MAP_SIZE // side for side in shape)
    return place[np.ix_(rows, columns)] > 0.5


def bounds_of(predictor: Predictor, folder: DatasetFolder, split: str, limit: int | None = None) -> Iterator[Bound]:
    """Ask for every described finding of a split that states a place and that the image shows.

    Raises:
        ConfigError: No case in the split.
    """
    lexicon = load_lexicon()
    cohort = Cohort.of(folder, split, limit, lexicon=lexicon)
    for name in cohort.names:
        case = folder.load(name, lexicon)
        asked = [question for question in questions_of(case, folder, lexicon) if question.role == "described"]
        told, named = (dict(answered(predictor, case, asked, mode)) for mode in ("true", "none"))
        for number, question in enumerate(asked):
            truth, mask = np.squeeze(question.truth), np.squeeze(named[number].mask)
            place = stated_place(question.finding, case.image.view, truth.shape)
            if place is None or not truth.any():
                continue
            yield Bound(
                patient=cohort.patients[name],
                origin=case.report_origin or "none",
                reports=Overlap.of(np.squeeze(told[number].mask), truth).dice,
                named=Overlap.of(mask, truth).dice,
                in_place=Overlap.of(mask & place, truth).dice,
                in_truth=Overlap.of(mask & truth, truth).dice,
                held=float(place[truth].mean()),
                covers=float(place.mean()),
                missed=not (mask & truth).any(),
            )


def summary(found: Sequence[Bound]) -> dict[str, Any]:
    """Means over findings, and what cutting to the stated place is worth with its interval over patients."""
    keys = ("reports", "named", "in_place", "in_truth", "held", "covers", "missed")
    means = {key: rounded(float(np.mean([getattr(each, key) for each in found]))) for key in keys}
    worth = [each.in_place - each.named for each in found]
    interval = bounds(bootstrap_interval(worth, groups=[("", each.patient) for each in found]))
    return {
        "findings": len(found),
        "patients": len({each.patient for each in found}),
        **means,
        "place_worth": rounded(float(np.mean(worth))),
        "place_worth_interval": interval,
    }


def main() -> None:
    """Parse the arguments, ask, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.place_bound", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--model", required=True, help="built-in name, folder such as GRID/full-0/best, or Hugging Face id")
    add("--data", nargs="+", type=Path, required=True, help="data set folders, or folders that hold several")
    add("--split", default="test", choices=("train", "val", "test"))
    add("--limit", type=int, help="cases of each data set, at most")
    add("--device", default="cpu")
    given = parser.parse_args()
    predictor = load(given.model, given.device)
    sets: dict[str, Any] = {}
    for folder in open_data(given.data):
        found = list(bounds_of(predictor, folder, given.split, given.limit))
        origins = dict.fromkeys(each.origin for each in found)
        of_set = {origin: summary([each for each in found if each.origin == origin]) for origin in origins}
        print(folder.name, of_set, flush=True)
        sets |= {folder.name: of_set} if of_set else {}
    model = {"name": run_name(given.model) or PurePath(given.model).name}
    model["weights"] = predictor.metadata.get("weights_sha256")
    write_record("place_bound", 0, {"model": model, "split": given.split, "limit": given.limit, "sets": sets})


if __name__ == "__main__":
    main()
