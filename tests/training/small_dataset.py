"""A data set of a few 64-px pictures with two discs each, drawn in code, and a model that fits it."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.model.adapter import AdapterConfig
from medsegr.training.config import TrainConfig
from medsegr.training.config_file import load_config

SIDE = 64
TINY_HOST = {"image_size": 64, "widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "dim": 16}
SMALL_ADAPTER = AdapterConfig(token_dim=16, heads=2, bottleneck=8)


def disc(row: float, column: float, radius: float = 7) -> np.ndarray:
    """A disc as a bool mask (64, 64)."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (rows - row) ** 2 + (columns - column) ** 2 < radius**2


def make_dataset(path: Path, cases: int = 8, records: bool = True) -> Path:
    """Chest X-rays of a kind: a solid nodule on the patient's left, a cystic one on the right.

    With ``records`` the report names the left one, the right one is a
    distractor, and a false description is recorded.
    """
    rng = np.random.default_rng(7)
    folders = ("nodule_1", "nodule_2")
    for name in ("images", *(f"masks/{folder}" for folder in folders)):
        (path / name).mkdir(parents=True)
    rows, lines = [], []
    for case in range(cases):
        name, row = f"p{case}.png", int(rng.integers(14, 50))
        masks = disc(row, 48), disc(row, 16)
        picture = rng.random((SIDE, SIDE)) * 40 + masks[0] * 150 + masks[1] * 80
        Image.fromarray(picture.astype(np.uint8)).save(path / "images" / name)
        for folder, mask in zip(folders, masks, strict=True):
            Image.fromarray(mask.astype(np.uint8)).save(path / "masks" / folder / name)
        rows.append((name, "train" if case < cases - 2 else "val"))
        lines.append({"image": name, "findings": _records(name), "suite": "plain", "look": "xray"})
    _write_csv(path / "split.csv", ("image", "split"), rows)
    report = "There is a solid round nodule on the left. No pleural effusion."
    _write_csv(path / "reports.csv", ("image", "report"), [(name, report) for name, _ in rows])
    if records:
        (path / "findings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    manifest = {"name": path.name, "modality": "chest_xray", "frame": "patient", "licence": "CC0-1.0"}
    manifest["structures"] = dict.fromkeys(folders, "nodule")
    (path / "dataset.json").write_text(json.dumps(manifest))
    return path


def _records(name: str) -> list[dict]:
    common = {"target": "nodule", "presence": "present", "zones": [], "size_mm": [], "count": None}
    solid = {"texture": ["solid"], "shape": ["round"]}
    cystic = {"texture": ["cystic"], "shape": ["round"]}
    first, second = f"masks/nodule_1/{name}", f"masks/nodule_2/{name}"
    return [
        {"id": "f1", "role": "described", "laterality": "left", "mask": first, **solid, **common},
        {"id": "f2", "role": "distractor", "laterality": "right", "mask": second, **cystic, **common},
        {"id": "f3", "role": "false", "laterality": "left", "mask": None, **cystic, **common},
    ]


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def small_config(data: Path, out: Path, **settings) -> TrainConfig:
    """A run of seconds."""
    defaults = {
        "data": (str(data),),
        "out": str(out),
        "host_settings": TINY_HOST,
        "adapter": SMALL_ADAPTER,
        "steps": 6,
        "batch_size": 2,
        "validate_every": 3,
        "validate_cases": 2,
        "checkpoint_every": 2,
        "log_every": 2,
        "device": "cpu",
    }
    return load_config(None, ["optimiser.ema_decay=0.9"], **{**defaults, **settings})
