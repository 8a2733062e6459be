"""Writes small copies of data sets in LViT's and nnU-Net's layout."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image

SIZE = (20, 24)
SENTENCE = "Unilateral pulmonary infection, one infected area, lower left lung."


def grey(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, SIZE, dtype=np.uint8)).save(path)
    return path


def painted(path: Path, values: Mapping[int, slice], shape: tuple[int, int] = SIZE) -> Path:
    """A mask whose rows 2 to 12 hold values in some columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros(shape, np.uint8)
    for value, columns in values.items():
        array[2:12, columns] = value
    Image.fromarray(array).save(path)
    return path


def sheet(path: Path, rows: Iterable[tuple[str, str]], headings: tuple[str, str] = ("Image", "Description")) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (headings, *rows):
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def qata(folder: Path) -> Path:
    """As LViT has QaTa-COV19: masks with a prefix, which the sheet names."""
    for split, names in (("Train", ("covid_1", "covid_2")), ("Val", ("covid_3",)), ("Test", ("sub-4",))):
        place = folder / f"{split}_Folder"
        for name in names:
            grey(place / "img" / f"{name}.png", len(name))
            painted(place / "labelcol" / f"mask_{name}.png", {255: slice(14, 20)})
        sheet(place / f"{split}_text.xlsx", [(f"mask_{name}.png", SENTENCE) for name in names])
    return folder


def nnunet(folder: Path, labels: Mapping[str, Any] | None = None, **changes: Any) -> Path:
    """Two PNG cases to train on and one to test, liver 1 and cancer 2."""
    content = {
        "channel_names": {"0": "CT"},
        "labels": labels or {"background": 0, "liver": 1, "cancer": 2},
        "numTraining": 2,
        "file_ending": ".png",
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(content))
    for part, cases in (("Tr", ("a", "b")), ("Ts", ("c",))):
        for seed, case in enumerate(cases):
            grey(folder / f"images{part}" / f"{case}_0000.png", seed)
            painted(folder / f"labels{part}" / f"{case}.png", {1: slice(2, 8), 2: slice(8, 10)})
    return folder


def volume(path: Path, voxels: np.ndarray, affine: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nib.save(image, path)
    return path
