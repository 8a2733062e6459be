"""Writes small data sets for tests."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image

SIZE = (16, 20)
NAMES = ("a.png", "b.png", "c.png")


def picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)).save(path)


def mask(path: Path, values: Mapping[int, tuple[int, int]] | None = None, size: tuple[int, int] = SIZE) -> None:
    """``values``: label value -> columns (from, to) in the upper half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros(size, np.uint8)
    for value, (start, stop) in (values or {}).items():
        array[: size[0] // 2, start:stop] = value
    Image.fromarray(array).save(path)


def table(path: Path, header: tuple[str, str], rows: Iterable[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def manifest(folder: Path, **changes: Any) -> None:
    content = {"name": "made", "modality": "chest_ct", "frame": "patient", "licence": "CC0-1.0", **changes}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def labelled(folder: Path) -> Path:
    """Three images; liver 1, lesion 2 and 3; the last image holds no lesion."""
    manifest(folder, labels={"background": 0, "liver": 1, "lesion": [2, 3]})
    for seed, name in enumerate(NAMES):
        picture(folder / "images" / name, seed)
        values = {1: (0, 4), 2: (4, 6), 3: (6, 7)} if seed < 2 else {1: (0, 4)}
        mask(folder / "masks" / name, values)
    table(folder / "split.csv", ("image", "split"), zip(NAMES, ("train", "val", "test"), strict=True))
    table(folder / "reports.csv", ("image", "report"), [("a.png", "A lesion, seen.")])
    return folder


def structured(folder: Path) -> Path:
    """Overlapping structures; two folders of nodules; the tube is incomplete."""
    structures = {"lung": "lung", "nodule_1": "nodule", "nodule_2": "nodule", "tube": "tube"}
    manifest(folder, structures=structures, incomplete=["tube"])
    for seed, name in enumerate(NAMES):
        picture(folder / "images" / name, seed)
        mask(folder / "masks" / "lung" / name, {1: (0, 10)})
    mask(folder / "masks" / "nodule_1" / "a.png", {1: (1, 3)})
    mask(folder / "masks" / "nodule_2" / "a.png", {255: (5, 6)})
    mask(folder / "masks" / "tube" / "b.png", {1: (0, 2)})
    table(folder / "split.csv", ("image", "split"), [(name, "train") for name in NAMES])
    return folder


def placed(folder: Path, image_affine: np.ndarray, mask_affine: np.ndarray) -> Path:
    """One NIfTI volume, and its mask with an affine of its own."""
    manifest(folder, labels={"background": 0, "liver": 1})
    grey = np.random.default_rng(0).integers(0, 200, (12, 10, 9)).astype(np.int16)
    for part, voxels, affine in (("images", grey, image_affine), ("masks", grey > 120, mask_affine)):
        (folder / part).mkdir()
        nib.save(nib.Nifti1Image(voxels.astype(np.int16), affine), folder / part / "v.nii")
    table(folder / "split.csv", ("image", "split"), [("v.nii", "train")])
    return folder


def findings(folder: Path, entries: Iterable[Any]) -> None:
    lines = (entry if isinstance(entry, str) else json.dumps(entry) for entry in entries)
    (folder / "findings.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def finding(**changes: Any) -> dict[str, Any]:
    return {"id": "f1", "role": "described", "target": "nodule", "presence": "present", "laterality": "left",
            "zones": ["apical"], "texture": ["solid"], "shape": ["round"], "size_mm": [8], "count": 1,
            "mask": "masks/nodule_1/a.png", **changes}  # fmt: skip
