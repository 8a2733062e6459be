"""What a backend or precision costs on real pictures: Dice on the test sets, and pixels that are not torch's.

    python -m benchmarks.backend_dice [--data NAME...] [--limit 24] [--backends torch:bf16 openvino openvino:bf16]

The first pictures of each test split, each with its own report; every finding or structure that ``medsegr evaluate``
asks for. ``gap`` is the mean Dice less that of torch in float32, in points. Writes ``results/backend_dice.json`` and
the table in ``docs/backends.md``.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.record import options, shared_data, write_record
from medsegr.cli.measurement import open_data
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.evaluate import Cohort, answered
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import ASKED_ANYWAY, questions_of
from medsegr.inference.predictor import Predictor, load

SETS = ("breast_us_text", "polyp_kvasir", "fundus_idrid", "lung_nodule_lidc", "cxr_montgomery_text")
"""Test sets of the real data that ``lite`` was trained on."""

FIRST = "torch"


def main() -> None:
    """Measure and write the record."""
    parser = options(__doc__)
    parser.add_argument("--data", nargs="+", default=list(SETS), help="names of data sets")
    parser.add_argument("--limit", type=int, default=24, help="pictures of each set at most")
    parser.add_argument("--backends", nargs="+", default=["torch:bf16", "openvino", "openvino:bf16"])
    parser.add_argument("--model", default="lite")
    parser.add_argument("--threads", type=int, default=2)
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    figures = {folder.name: of_set(folder, told) for folder in open_data([shared_data(name) for name in told.data])}
    settings = {name: getattr(told, name) for name in ("model", "limit", "threads")}
    write_record("backend_dice", 0, {**settings, "sets": figures})


def of_set(folder: DatasetFolder, told: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Backend -> mean Dice, its gap to torch in float32, and pixels that differ from its masks, of one test set."""
    names = [FIRST, *told.backends]
    predictors = {name: loaded(told.model, name) for name in names}
    lexicon, dice = load_lexicon(), defaultdict(list)
    changed: dict[str, list[float]] = defaultdict(list)
    for case in Cohort.of(folder, "test", told.limit, lexicon=lexicon).names:
        masks = {name: dict(outlines(predictors[name], folder, case)) for name in names}
        for number, (_, truth) in masks[FIRST].items():
            for name in names:
                mask = masks[name][number][0]
                dice[name].append(Overlap.of(mask, truth).dice)
                changed[name].append(float((mask != masks[FIRST][number][0]).mean()))
    return {
        name: {
            "findings": len(dice[name]),
            "dice": round(float(np.mean(dice[name])), 4),
            "gap": round(100 * float(np.mean(dice[name]) - np.mean(dice[FIRST])), 3),
            "changed_percent": round(100 * float(np.mean(changed[name])), 4),
            "most_changed_percent": round(100 * max(changed[name]), 4),
        }
        for name in names
    }


def loaded(model: str, name: str) -> Predictor:
    """A model on ``NAME`` or ``NAME:PRECISION``."""
    backend, _, precision = name.partition(":")
    predictor = load(model, backend=backend, precision=precision or "f32")
    assert isinstance(predictor, Predictor)
    return predictor


def outlines(predictor: Predictor, folder: DatasetFolder, name: str) -> Iterator[tuple[int, Any]]:
    """Number of each question that the picture answers -> the model's mask and the truth."""
    case = folder.load(name, load_lexicon())
    asked = questions_of(case, folder, load_lexicon())
    for number, found in answered(predictor, case, asked, "true"):
        if asked[number].role in ASKED_ANYWAY and asked[number].truth.any():
            yield number, (np.asarray(found.mask), asked[number].truth)


if __name__ == "__main__":
    main()
