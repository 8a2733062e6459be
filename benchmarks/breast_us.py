"""tiny on the test split of breast_us_text, with the report and without, beside a plain U-Net.

    python -m benchmarks.breast_us --model tiny

Takes the U-Net's figures from ``results/basic_unet.json`` (``python -m benchmarks.basic_unet``)
and writes ``results/breast_us.json``.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, shared_data, write_record
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.bootstrap import bootstrap_interval
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.metrics import Overlap, dice_over_set, mean
from medsegr.inference.predictor import load

TARGET = "breast_lesion"
MODES = ("true", "none", "other")


def per_image(answers: Sequence[Answer], report: str) -> dict[str, Overlap]:
    """Image -> pixels of the lesion's mask and truth. A denied lesion counts as an empty mask."""
    found: dict[str, Overlap] = {}
    for a in answers:
        if a.report == report and a.target == TARGET and a.role != "false":
            known = found.get(a.case)
            found[a.case] = a.overlap if known is None or a.overlap.both > known.both else known
    return found


def table_row(overlaps: dict[str, Overlap], images: Sequence[str]) -> dict[str, Any]:
    """Both kinds of Dice over all images, and over those that show a lesion."""
    listed = [overlaps[name] for name in images]
    scores = [overlap.dice for overlap in listed]
    shown = [overlap.dice for overlap in listed if overlap.true]
    return {
        "images": len(listed),
        "dice_per_image": mean(scores),
        "interval": bootstrap_interval(scores),
        "with_lesion": len(shown),
        "dice_with_lesion": mean(shown),
        "dice_over_set": dice_over_set(listed),
    }


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--data", type=Path, default=shared_data("breast_us_text"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="breast_us", help="name of the results file")
    arguments = parser.parse_args()
    predictor, folder = load(arguments.model), DatasetFolder(arguments.data)
    answers = list(evaluate(predictor, folder, arguments.split, MODES, seed=arguments.seed))
    rows = {}
    for mode in MODES:
        overlaps = per_image(answers, mode)
        if mode != "true":  # a denied lesion is not asked for in another way; the report's denial is all there is
            overlaps = {**{name: o for name, o in per_image(answers, "true").items() if not o.true}, **overlaps}
        rows[mode] = table_row(overlaps, sorted(overlaps))
    unet = RESULTS / "basic_unet.json"
    beside = json.loads(unet.read_text(encoding="utf-8")) if unet.is_file() else None
    model = {
        "name": arguments.model if "/" not in arguments.model else "folder",
        "weights": predictor.metadata.get("weights_sha256"),
        "parameters": sum(p.numel() for p in predictor.model.parameters()),
    }
    found = {"model": model, "split": arguments.split, "tiny": rows}
    if beside is not None:
        found["basic_unet"] = {key: beside[key] for key in ("parameters", "steps", "batch", "size", "test", "seed")}
    write_record(arguments.out, arguments.seed, found)


if __name__ == "__main__":
    main()
