"""What the card of ``tiny`` says: how it was trained, on what, and what it cannot do."""

import json
from typing import Any

from benchmarks.record import RESULTS
from benchmarks.shipped import Shipped

FULL_SIZE = (
    "medsegr train --config tiny_full_size -d phantoms/xray -d phantoms/ct -d phantoms/ultrasound "
    "-d more/xray -d more/ct -d more/ultrasound -d breast_us_text --set data_weights=1,1,1,1,1,1,1.8"
)
WITH_SIZES = (
    "medsegr train --config tiny_full_size -d phantoms/xray -d phantoms/ct -d phantoms/ultrasound "
    "-d size/xray -d size/ct -d size/ultrasound -d breast_us_text"
)
COMMANDS = (
    "medsegr data phantoms phantoms --cases 3000 --seed 1",
    "medsegr data phantoms more --cases 3000 --seed 2",
    "medsegr data phantoms size --cases 900 --seed 3 --suite size",
    "medsegr train --config tiny -d phantoms/xray -d phantoms/ct -d phantoms/ultrasound -d breast_us_text "
    "-o run --set data_weights=1,1,1,0.9 --set sampling.foreign_share=0 --set adapter.fine=no "
    "--set host_settings.mask_embedding=no",
    f"{FULL_SIZE} -o whole --set init=run/best --set sampling.foreign_share=0",
    f"{FULL_SIZE} -o foreign --set init=whole/best --set steps=700 --set optimiser.learning_rate=4e-4",
    f"{FULL_SIZE} -o fine --set init=foreign/best --set steps=2000 --set validate_every=500 --set validate_cases=96 "
    "--set host_settings.norm=instance --set adapter.fine=yes",
    f"{WITH_SIZES} --set data_weights=1,1,1,0.3,0.3,0.3,0.6 -o sized --set init=fine/best --set steps=800 "
    "--set seed=5 --set optimiser.learning_rate=7e-4 --set validate_every=200 --set validate_cases=105 "
    "--set host_settings.refined=16 --set host_settings.full_size=16 --set host_settings.mask_embedding=yes",
    "python -m benchmarks.average_weights --before fine/best --after sized/best --out between",
    f"{WITH_SIZES} --set data_weights=1,1,1,0.45,0.45,0.45,0.8 -o last --set init=between --set steps=700 "
    "--set seed=8 --set optimiser.learning_rate=5e-4 --set optimiser.ema_decay=0.99 --set validate_every=350 "
    "--set validate_cases=105",
    "python -m benchmarks.ship tiny --run last --phantoms phantoms size",
)
STEPS = (5500, 3600, 700, 2000, 800, 700)
"""Of the trainings above."""

DATA = (
    "6,900 generated phantoms (CC0), seeds 1 to 3",
    "train split of breast_us_text: BrEaST-Lesions-USG (Pawlowska et al., Scientific Data 2024; The Cancer Imaging "
    "Archive), CC BY 4.0",
)
LIMITS = (
    "It knows generated phantoms and breast ultrasound, and nothing else: no real X-ray, CT or MRI was learnt from. "
    "Of a real radiograph or CT its masks mean nothing; train on your own data first. It has not learnt sizes: where "
    "objects differ in size alone it outlines them all, as if it had been told the name alone."
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


TINY = Shipped(
    name="tiny",
    data=DATA,
    commands=COMMANDS,
    steps=" + ".join(map(str, STEPS)),
    limits=LIMITS,
    results=results,
    knows_generated=True,
)
