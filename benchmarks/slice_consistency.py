"""What neighbouring slices add (``inference/consistency.py``): ``python -m benchmarks.slice_consistency``.

The slices of each patient of abdomen_mri_chaos are stacked, in order, and asked slice by slice for three organs by
name. ``tiny`` has never seen an MRI; so the patients of all splits are new to it, those of ``train`` chose the
constants and the others only measure. Dice is that of an organ's whole stack. The slices lie about 3 cm apart, four
times farther than those that the scanner took: a hard case for rules that go by what touches.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import medsegr
from benchmarks.record import shared_data, write_record
from medsegr.cognition.lexicon import finding_for_target, load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.image import load_image, load_label_map
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.inference import consistency
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.plane import Question
from medsegr.inference.thresholds import Thresholds

ORGANS = {"liver": (1,), "kidney": (2, 3), "spleen": (4,)}
WAYS = {"alone": (1.0, 0.0), "specks": (1.0, consistency.SPECK), "support": (consistency.WEAK, 0.0),
        "both": (consistency.WEAK, consistency.SPECK)}  # fmt: skip
"""Way -> share of the threshold for weak planes, and share of the largest part for specks."""

MODALITY = "abdomen_ct"
"""What ``tiny`` knows of these organs it learnt of drawn CT slices."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all ways on both groups of patients and write ``results/slice_consistency.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--data", type=Path, default=shared_data("abdomen_mri_chaos"))
    parser.add_argument(
        "--answers", type=Path, help="file of the model's answers: read where it is there, else written"
    )
    options = parser.parse_args(arguments)
    folder = DatasetFolder(options.data)
    answers = _answers(options, folder)
    figures = {}
    for group, splits in {"chosen_on": ("train",), "held_out": ("val", "test")}.items():
        names = [name for split in splits for name in folder.images(split)]
        patients = sorted({name.split("_")[0] for name in names})
        scores = {way: [score for p in patients for score in _scores(p, answers, folder, way)] for way in WAYS}
        gains = {way: [b - a for a, b in zip(scores["alone"], scores[way], strict=True)] for way in WAYS}
        figures[group] = {
            "patients": len(patients),
            "stacks": len(scores["alone"]),
            "dice": {way: round(float(np.mean(values)), 4) for way, values in scores.items()},
            "gain": {way: round(float(np.mean(values)), 4) for way, values in gains.items()},
            "gain_interval": {way: bootstrap_interval(values) for way, values in gains.items() if way != "alone"},
            "worse": {way: sum(value < -0.005 for value in values) for way, values in gains.items()},
            "better": {way: sum(value > 0.005 for value in values) for way, values in gains.items()},
        }
    write_record("slice_consistency", 0, {"model": options.model, "data": options.data.name, **figures})


def _scores(patient: str, answers: dict[str, np.ndarray], folder: DatasetFolder, way: str) -> Iterator[float]:
    """Dice of each organ that the patient's stack shows."""
    weak, consistency.SPECK = WAYS[way]
    names = _stack(folder, patient)
    labels = np.stack([load_label_map(folder.path / "masks" / name) for name in names])
    for k, values in enumerate(ORGANS.values()):
        mask, support = answers[f"{patient}_masks"][:, k], answers[f"{patient}_supports"][:, k]
        needed = Thresholds().support
        mask, passes = mask & (support >= weak * needed)[:, None, None], support >= needed
        ranks = [(float(plane.sum()) * good, float(s)) for plane, good, s in zip(mask, passes, support, strict=True)]
        shown = max(range(len(ranks)), key=ranks.__getitem__)
        found = consistency.settled(PackedMask.of(mask), passes.tolist(), shown).unpacked()
        true = np.isin(labels, values)
        yield float(2 * (found & true).sum() / max(1, found.sum() + true.sum()))


def _stack(folder: DatasetFolder, patient: str) -> list[str]:
    names = [name for split in ("train", "val", "test") for name in folder.images(split)]
    return sorted(name for name in names if name.startswith(f"{patient}_"))


def _answers(options: argparse.Namespace, folder: DatasetFolder) -> dict[str, np.ndarray]:
    """Masks (D, K, H, W) and supports (D, K) of each patient."""
    if options.answers and options.answers.is_file():
        return dict(np.load(options.answers))
    predictor, lexicon = medsegr.load(options.model), load_lexicon()
    ask = predictor.looks.ask(predictor.model.eval(), Thresholds(), lexicon)
    findings = tuple(finding_for_target(organ, MODALITY, lexicon) for organ in ORGANS)
    kept = defaultdict(list)
    for name in sorted(name for split in ("train", "val", "test") for name in folder.images(split)):
        image = load_image(folder.path / "images" / name, MODALITY).seen(lexicon)
        (answer,) = ask([image.plane()], [Question(findings, image.view)])
        kept[f"{name.split('_')[0]}_masks"].append(answer.probability >= Thresholds().mask)
        kept[f"{name.split('_')[0]}_supports"].append(answer.support)
    answers = {name: np.stack(values) for name, values in kept.items()}
    if options.answers:
        np.savez_compressed(options.answers, **answers)
    return answers


if __name__ == "__main__":
    main()
