"""What the report is worth on generated studies.

    python -m benchmarks.phantoms --model tiny --cases 200 --seed 7001

Makes studies of a seed of their own, and some whose objects differ in size alone, asks each in every way, and
writes ``results/phantoms.json``.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_record
from medsegr.cli.measurement import thresholds_of
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.study import COMPETING
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.ablation import GUIDED_ASPECTS
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.figures import figures, grouped
from medsegr.evaluation.metrics import Overlap, mean
from medsegr.evaluation.questions import questions_of
from medsegr.evaluation.results import report_figures
from medsegr.inference.predictor import Predictor, load

MODES = ("true", "none", "other")

SUITE_OF = {"location": "place", "texture": "texture", "shape": "form"}
"""Aspect -> the suite whose distractors differ in it alone."""


def described(answers: Sequence[Answer], report: str, suites: Sequence[str] | None = None) -> list[Answer]:
    """Answers about findings that the report describes and the image shows."""
    return [
        a for a in answers
        if a.role == "described" and a.report == report and (suites is None or a.suite in suites)
    ]  # fmt: skip


def oracle(folders: Sequence[DatasetFolder], suites: Sequence[str]) -> float | None:
    """Dice of "all objects of that target" against the described one: what the name alone can reach."""
    scores = []
    for folder in folders:
        for name in folder.images("test"):
            case = folder.load(name, load_lexicon())
            for question in questions_of(case, folder, load_lexicon()) if case.suite in suites else ():
                if question.role == "described":
                    same = [
                        case.masks[r.id]
                        for r in case.findings
                        if r.target == question.finding.target and r.id in case.masks
                    ]
                    scores.append(Overlap.of(np.logical_or.reduce(same), question.truth).dice)
    return mean(scores)


def aspects(predictor: Predictor, folders: Sequence[DatasetFolder], answers: Sequence[Answer]) -> dict[str, Any]:
    """Per aspect, where distractors differ in it alone: Dice whole, without its words, without its modulator."""
    found = {}
    for aspect in GUIDED_ASPECTS:
        suite = [SUITE_OF[aspect]]
        wordless = (f"no-{aspect}",)
        unsaid = [a for f in folders for a in evaluate(predictor, f, "test", wordless, suites=suite)]
        off = [a for f in folders for a in evaluate(predictor, f, "test", ("true",), without=aspect, suites=suite)]
        rows = {
            "whole": described(answers, "true", suite),
            "without_words": described(unsaid, wordless[0], suite),
            "without_modulator": described(off, "true", suite),
        }
        dice = {name: (figures(row) or {}).get("dice_per_finding") for name, row in rows.items()}
        found[aspect] = {"suite": suite[0], "findings": len(rows["whole"]), **dice}
    return found


def measure(predictor: Predictor, folders: Sequence[DatasetFolder], seed: int) -> dict[str, Any]:
    """All figures of one model on phantom data sets."""
    answers = [a for f in folders for a in evaluate(predictor, f, "test", MODES, seed=seed)]
    modes = {}
    for report in MODES:
        rows = described(answers, report)
        modes[report] = {
            "all": figures(rows),
            "competing": figures(described(answers, report, COMPETING)),
            "suite": grouped(rows, "suite"),
            "look": grouped(rows, "look"),
        }
    rest = report_figures([replace(a) for a in answers], thresholds_of(predictor, folders))
    queries = rest["false_queries"]
    return {
        "described": modes,
        "name_alone_can_reach": oracle(folders, COMPETING),
        "aspects": aspects(predictor, folders, answers),
        "support": rest["support"],
        "false_queries": queries,
        "foreign": foreign(predictor, folders, seed, queries["threshold_at_kept"]),
        "denied": rest["denied"],
    }


def size_alone(predictor: Predictor, folders: Sequence[DatasetFolder], seed: int) -> dict[str, Any]:
    """Dice where objects of one target differ in size alone, and what the name alone can reach there."""
    answers = [a for f in folders for a in evaluate(predictor, f, "test", MODES, seed=seed)]
    dice = {report: (figures(described(answers, report)) or {}).get("dice_per_finding") for report in MODES}
    return {"findings": len(described(answers, "true")), **dice, "name_alone_can_reach": oracle(folders, ("size",))}


def foreign(predictor: Predictor, folders: Sequence[DatasetFolder], seed: int, kept_at: float | None) -> dict[str, Any]:
    """Names of what lies in other regions of the body: how many are asked for, and the share that is rejected.

    By the model's threshold, and below ``kept_at``, the support that 95 % of the true findings reach.
    """
    answers = [a for f in folders for a in evaluate(predictor, f, "test", ("none",), seed=seed, foreign=True)]
    asked = [a for a in answers if a.role == "foreign" and a.support is not None]
    support, own = np.array([a.support for a in asked], float), thresholds_of(predictor, folders)
    return {
        "asked": len(support),
        "rejected": mean(support < np.array([own[a.data] for a in asked])),
        "rejected_at_kept": None if kept_at is None else mean(support < kept_at),
    }


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--sizes", type=int, default=90, help="cases besides whose objects differ in size alone")
    parser.add_argument("--seed", type=int, default=7001)
    parser.add_argument("--out", default="phantoms", help="name of the results file")
    arguments = parser.parse_args()
    predictor = load(arguments.model)
    with tempfile.TemporaryDirectory() as temporary:
        root = write_phantoms(Path(temporary) / "phantoms", arguments.cases, arguments.seed, split="test")
        folders = [DatasetFolder(folder) for folder in sorted(root.iterdir())]
        found = measure(predictor, folders, arguments.seed)
        sizes = write_phantoms(Path(temporary) / "sizes", arguments.sizes, arguments.seed, split="test", suite="size")
        of_size = [DatasetFolder(folder) for folder in sorted(sizes.iterdir())]
        found["size_alone"] = size_alone(predictor, of_size, arguments.seed)
    model = {
        "name": arguments.model if "/" not in arguments.model else "folder",
        "weights": predictor.metadata.get("weights_sha256"),
    }
    write_record(arguments.out, arguments.seed, {"model": model, "cases": arguments.cases, **found})


if __name__ == "__main__":
    main()
