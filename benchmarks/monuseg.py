"""A model that was trained on monuseg_text, on its test split, by the measure of LViT's tables: Dice per image.

    python -m benchmarks.monuseg --model monuseg/best
    python -m benchmarks.monuseg --unet GRID/unet-0

Writes ``results/monuseg.json`` and ``results/monuseg_unet.json``. How both are trained: docs/reproduce.md.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.breast_us import table_row
from benchmarks.grid.unet import NamedUnet
from benchmarks.markdown import table
from benchmarks.record import shared_data, write_record
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.html import with_interval
from medsegr.evaluation.metrics import mean
from medsegr.inference.looks import Looks
from medsegr.inference.predictor import Predictor, load

TARGET = "nucleus"
MODES = {"true": "its sentence", "none": "none (the target's name alone)", "other": "another image's sentence"}
HEADER = ("model", "images", "Dice per image", "IoU per image", "Dice over the set")
PAPER = {"U-Net": 0.7645, "LViT-T": 0.8036}
"""Dice per image that LViT's authors report on the 14 images of this split (Li et al., IEEE TMI 2023)."""


def nuclei(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """Way of asking -> both kinds of Dice, and Dice per image as a mean over images of IoU beside it."""
    found = {}
    for mode in MODES:
        overlaps = {a.case: a.overlap for a in answers if a.report == mode and a.target == TARGET and a.overlap.true}
        row = table_row(overlaps, sorted(overlaps))
        found[mode] = {**row, "iou_per_image": mean([overlap.iou for overlap in overlaps.values()])}
    return found


def measure(predictor: Predictor, folder: DatasetFolder, seed: int) -> dict[str, dict[str, Any]]:
    """Figures of each way of asking on the test split."""
    return nuclei(list(evaluate(predictor, folder, "test", tuple(MODES), seed=seed)))


def monuseg_section(record: dict[str, Any]) -> str:
    """The section of docs/results.md."""
    looks = {"plain": "", "flips": ", mirrored too"}
    rows = [
        (f"medsegr, {MODES[mode]}{words}", *_cells(found))
        for look, words in looks.items() for mode, found in record["looks"].get(look, {}).items()
    ]  # fmt: skip
    rows += [(f"{name} (LViT's paper, 14 images)", "", figure, "", "") for name, figure in PAPER.items()]
    plain = record["looks"]["plain"]
    gain = 100 * (plain["true"]["dice_per_image"] - plain["none"]["dice_per_image"])
    told = (
        "The sentence helps"
        if gain >= 1
        else "The sentence does harm"
        if gain <= -1
        else "The sentence makes no difference"
    )
    return (
        "## monuseg_text, test split\n\nAn earlier built-in model, trained on the 24 training images at "
        f"{record['model']['image_size']} px by the commands of [reproduce.md](reproduce.md#monuseg_text).\n\n"
        + table(HEADER, rows)
        + f"\n\n{told} ({gain:+.1f} points): it says where nuclei are dense, and the mask is of all of "
        "them. The papers' "
        "figures are of 14 test images, of which 11 are at hand, and of smaller pictures."
    )


def unet_section(record: dict[str, Any]) -> str:
    """The section of docs/results.md on the U-Net."""
    words = f"MONAI BasicUNet, {record['parameters'] / 1e6:.1f} million parameters, no report"
    return (
        "## monuseg_text, test split: BasicUNet\n\nFrom scratch, on the same images at the same size, with the same "
        f"changes of them: {record['steps']} steps of {record['batch_size']}, the best on the validation split (step "
        f"{record['step']}).\n\n" + table(HEADER, [(words, *_cells(record["none"]))])
    )


def _cells(found: dict[str, Any]) -> tuple[Any, ...]:
    dice = with_interval(found["dice_per_image"], found["interval"])
    return found["images"], dice, found["iou_per_image"], found["dice_over_set"]


def unet_figures(run: Path, folder: DatasetFolder, seed: int) -> dict[str, Any]:
    """A U-Net that the grid trained, on the test split, asked for nuclei by their name."""
    unet = NamedUnet.from_pretrained(run / "best")
    settings = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    found = measure(Predictor(unet.eval(), name="unet"), folder, seed)  # type: ignore[arg-type]
    steps = {"steps": settings["steps"], "step": unet.metadata["step"], "batch_size": settings["batch_size"]}
    return {"parameters": sum(p.numel() for p in unet.parameters()), **steps, "none": found["none"]}


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model")
    which.add_argument("--unet", type=Path, help="run of a U-Net that the grid trained on the same data")
    parser.add_argument("--data", type=Path, default=shared_data("monuseg_text"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = DatasetFolder(arguments.data)
    if arguments.unet:
        found = unet_figures(arguments.unet, folder, arguments.seed)
        write_record("monuseg_unet", arguments.seed, {"split": "test", **found})
        return
    looks = {"plain": Looks(), "flips": Looks(flips=True)}
    found = {}
    for name, look in looks.items():
        predictor = load(arguments.model, **look.settings())
        found[name] = measure(predictor, folder, arguments.seed)
    training = predictor.metadata["training"]
    model = {
        "weights": predictor.metadata.get("weights_sha256"),
        "parameters": sum(p.numel() for p in predictor.model.parameters()),
        "image_size": predictor.model.image_size,
        "training": {key: training[key] for key in ("seed", "steps", "step", "batch_size")},
    }
    write_record("monuseg", arguments.seed, {"model": model, "split": "test", "looks": found})


if __name__ == "__main__":
    main()
