"""Phantom studies as data sets on disk, one for each look."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medsegr.data.outputs import staged_folder
from medsegr.data.phantoms.scenes import LOOKS
from medsegr.data.phantoms.study import ALL_SUITES, MODALITIES, Lesion, PhantomStudy, generate_study
from medsegr.data.report_table import ORIGIN_COLUMN, REPORTS_FILE
from medsegr.data.split import SPLIT_FILE, SPLITS, write_table
from medsegr.data.stored_picture import MAX_SIDE
from medsegr.errors import ConfigError


def write_phantoms(  # noqa: PLR0917 - as the command line has them
    out: Path,
    cases: int,
    seed: int,
    size: int = 256,
    split: str | None = None,
    overwrite: bool = False,
    suite: str | None = None,
) -> Path:
    """Write ``OUT/xray``, ``OUT/ct`` and ``OUT/ultrasound``, each a data set. The same seed gives the same bytes.

    Args:
        cases: Studies in all; looks and suites take turns.
        size: Side of the pictures in pixels.
        split: All studies in this split; 80 / 10 / 10 by default.
        suite: All studies of this one of :data:`~medsegr.data.phantoms.study.ALL_SUITES`; :data:`SUITES
            <medsegr.data.phantoms.study.SUITES>` take turns by default.

    Raises:
        ConfigError: ``cases``, ``seed``, ``size``, ``split`` or ``suite`` is out of range.
        OutputError: ``out`` is not empty or not writable.
    """
    if cases < 1 or seed < 0 or not 64 <= size <= MAX_SIDE or split not in (None, *SPLITS):
        raise ConfigError(
            f"Phantoms need at least 1 case of 64 to {MAX_SIDE} px, a seed of 0 or more and a split of {SPLITS}; "
            f"got {cases} cases of {size} px, seed {seed}, split {split!r}."
        )
    if suite not in (None, *ALL_SUITES):
        raise ConfigError(f"There is no suite '{suite}' of phantoms. Expected one of {', '.join(ALL_SUITES)}.")
    with staged_folder(Path(out), overwrite) as folder:
        for place, look in enumerate(LOOKS):
            numbers = range(place, cases, len(LOOKS))
            if numbers:
                _write_look(
                    folder / look,
                    look,
                    [(i, generate_study(seed, i, look, suite, size)) for i in numbers],
                    split,
                    f"phantoms_{suite}_{look}" if suite else f"phantoms_{look}",
                )
    return Path(out)


def _write_look(
    folder: Path, look: str, studies: list[tuple[int, PhantomStudy]], split: str | None, name_of_set: str
) -> None:
    structures: dict[str, str] = {}
    reports: list[tuple[str, ...]] = []
    splits: list[tuple[str, ...]] = []
    records = []
    for index, study in studies:
        name = f"{look}_{index:05d}.png"
        _save(folder / "images" / name, study.image)
        for organ, mask in study.organs.items():
            structures[organ] = organ
            _save(folder / "masks" / organ / name, mask.astype(np.uint8))
        findings, counts = [], dict.fromkeys((lesion.target for lesion in study.lesions), 0)
        for number, lesion in enumerate(study.lesions):
            path = None
            if lesion.mask is not None:
                counts[lesion.target] += 1
                structure = f"{lesion.target}_{counts[lesion.target]}"
                structures[structure] = lesion.target
                path = f"masks/{structure}/{name}"
                _save(folder / path, lesion.mask.astype(np.uint8))
            findings.append(_record(f"f{number + 1}", lesion, path))
        reports.append((name, study.report, "derived"))
        splits.append((name, split or ("val" if index // 3 % 10 == 8 else "test" if index // 3 % 10 == 9 else "train")))
        records.append({"image": name, "look": look, "suite": study.suite, "findings": findings})
    manifest: dict[str, Any] = {
        "name": name_of_set,
        "modality": MODALITIES[look],
        "frame": "image" if look == "ultrasound" else "patient",
        "licence": "CC0",
        "structures": dict(sorted(structures.items())),
        "incomplete": [],
    }
    (folder / "dataset.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (folder / "findings.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    write_table(folder / REPORTS_FILE, ("image", "report", ORIGIN_COLUMN), reports)
    write_table(folder / SPLIT_FILE, ("image", "split"), splits)


def _record(name: str, lesion: Lesion, path: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "role": lesion.role,
        "target": lesion.target,
        "presence": lesion.presence,
        "laterality": lesion.laterality,
        "zones": list(lesion.zones),
        "texture": [lesion.texture] if lesion.texture else [],
        "shape": [word for word in (lesion.form, lesion.size) if word],
        "size_mm": [],
        "count": None,
        "mask": path,
    }


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, optimize=False, compress_level=3)
