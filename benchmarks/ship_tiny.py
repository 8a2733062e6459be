"""A finished run of the configuration ``tiny_full_size`` -> the model inside the package, with its card.

    python -m benchmarks.ship_tiny --run final --phantoms phantoms

Sets the support threshold on the validation split of the phantoms (it keeps 95 % of what is there),
stores the weights as float16, and writes the card. Run it again after ``benchmarks.phantoms`` and
``benchmarks.breast_us`` and the card shows their figures too; the weights stay the same.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from benchmarks.record import RESULTS
from benchmarks.support_thresholds import support_thresholds
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.inference.predictor import Predictor, builtin_folder
from medsegr.inference.trained_targets import TrainedTargets
from medsegr.model.checkpoint import CARD, CONFIG, save_checkpoint
from medsegr.model.report_guided_sam import ReportGuidedSam

FULL_SIZE = (
    "medsegr train --config tiny_full_size -d phantoms/xray -d phantoms/ct -d phantoms/ultrasound "
    "-d more/xray -d more/ct -d more/ultrasound -d breast_us_text --set data_weights=1,1,1,1,1,1,1.8"
)
COMMANDS = (
    "medsegr data phantoms phantoms --cases 3000 --seed 1",
    "medsegr data phantoms more --cases 3000 --seed 2",
    "medsegr train --config tiny -d phantoms/xray -d phantoms/ct -d phantoms/ultrasound -d breast_us_text "
    "-o run --set data_weights=1,1,1,0.9 --set sampling.foreign_share=0 --set adapter.fine=no "
    "--set host_settings.mask_embedding=no",
    f"{FULL_SIZE} -o whole --set init=run/best --set sampling.foreign_share=0",
    f"{FULL_SIZE} -o last --set init=whole/best --set steps=700 --set optimiser.learning_rate=4e-4",
    f"{FULL_SIZE} -o final --set init=last/best --set steps=2000 --set validate_every=500 --set validate_cases=96 "
    "--set host_settings.norm=instance --set adapter.fine=yes",
    "python -m benchmarks.ship_tiny --run final --phantoms phantoms",
)
DATA = (
    "6,000 generated phantoms (CC0), seeds 1 and 2",
    "train split of breast_us_text: BrEaST-Lesions-USG (Pawlowska et al., Scientific Data 2024; The Cancer Imaging "
    "Archive), CC BY 4.0",
)
LIMITS = (
    "It knows generated phantoms and breast ultrasound, and nothing else: no real X-ray, CT or MRI was learnt from. "
    "Of a real radiograph or CT its masks mean nothing; train on your own data first. It has not learnt sizes: where "
    "objects differ in size alone it mostly says, wrongly, that the image does not show the one that is meant."
)


def results(weights: str) -> dict[str, Any]:
    """Figures of the results files that were made with these weights."""
    found: dict[str, Any] = {}
    for name in ("phantoms", "breast_us"):
        path = RESULTS / f"{name}.json"
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        if record is None or record["model"]["weights"] != weights:
            continue
        rows = record["described"] if name == "phantoms" else record["tiny"]
        for mode, words in (("true", "with its report"), ("none", "without a report"), ("other", "with another's")):
            phantoms = name == "phantoms"
            dice = rows[mode]["all"]["dice_per_finding"] if phantoms else rows[mode]["dice_per_image"]
            found[f"{name}, Dice {words}"] = round(dice, 3)
        if name == "phantoms":
            support = record["support"]
            for mode, words in (("true", "with its report"), ("none", "without a report")):
                found[f"phantoms that differ in size alone, Dice {words}"] = round(record["size_alone"][mode], 3)
            found["phantoms, true findings kept"] = support["kept"]
            found["phantoms, false descriptions rejected"] = support["rejected"]
            found["phantoms, names from elsewhere in the body rejected"] = round(record["foreign"]["rejected"], 3)
    return found


def steps_of(run: Path) -> list[int]:
    """Steps of a run, after those of the runs that it started from."""
    settings = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    before = Path(settings["init"]).parent if settings.get("init") else None
    return [*(steps_of(before) if before is not None else []), settings["steps"]]


def main() -> None:
    """Parse the arguments, set the threshold, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="run folder of the training")
    parser.add_argument("--phantoms", type=Path, required=True, help="the phantoms it was trained on")
    parser.add_argument("--limit", type=int, help="validation cases per look at most")
    parser.add_argument("--out", type=Path, default=builtin_folder() / "tiny")
    arguments = parser.parse_args()
    model = ReportGuidedSam.from_pretrained(arguments.run / "best")
    settings = yaml.safe_load((arguments.run / "config.yaml").read_text(encoding="utf-8"))
    folders = [DatasetFolder(folder) for folder in sorted(arguments.phantoms.iterdir())]
    thresholds = support_thresholds(Predictor(model.eval()), folders, arguments.limit)
    trained = model.metadata.get("training", {})
    metadata = {
        "name": "tiny",
        "licence": "cc-by-4.0",
        "data": list(DATA),
        "commands": list(COMMANDS),
        "seed": settings["seed"],
        "steps": " + ".join(map(str, steps_of(arguments.run))),
        "validation": {k: round(v, 3) for k, v in trained.items() if k.startswith("val_")},
        **thresholds.metadata(),
        **TrainedTargets.from_metadata(model.metadata).metadata(),
        "limits": LIMITS,
    }
    model.metadata = {}
    (arguments.out / CARD).unlink(missing_ok=True)
    save_checkpoint(model, arguments.out, metadata, half=True)
    weights = json.loads((arguments.out / CONFIG).read_text(encoding="utf-8"))["weights_sha256"]
    (arguments.out / CARD).unlink()
    save_checkpoint(model, arguments.out, {**metadata, "results": results(weights)}, half=True)
    print(f"{arguments.out}: support threshold {thresholds.overall}, weights {weights[:12]}")


if __name__ == "__main__":
    main()
