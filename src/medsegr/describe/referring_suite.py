"""Data sets with masks -> the referring suite: data sets in our layout in which only the report tells what is meant.

Each source becomes one data set, for a data set has one kind of picture. Every
case keeps the split of its source image, so that no picture changes sides; its
objects are the records of ``findings.jsonl``, the picked one ``described``, its
competitors ``distractor``, and its suite is the aspect that picks.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case, one_plane
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.file_names import image_stem
from medsegr.data.image import load_image
from medsegr.data.outputs import staged_folder
from medsegr.data.patients import patients_of
from medsegr.describe.competitors import Competitor
from medsegr.describe.dataset_reports import refuse_unknown_modality
from medsegr.describe.place import Scene
from medsegr.describe.referring import ReferringCase, referring_cases
from medsegr.errors import ConfigError, DatasetError

SUMMARY_FILE = "referring.json"


@dataclass
class SourceCounts:
    """What became of one source.

    Attributes:
        cases: (split, aspect) -> cases.
        dropped: (aspect, reason) -> contests or objects that gave none.
        images: Pictures with at least one case.
        unsplit: Pictures without a split, which are left out.
    """

    cases: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    images: int = 0
    unsplit: int = 0


@dataclass(frozen=True)
class SuiteOptions:
    """How the suite is drawn.

    Attributes:
        seed: The same seed gives the same bytes.
        size: Longest side of the stored pictures, in pixels; larger ones are made smaller.
        most: Cases at most per picture, aspect and target.
    """

    seed: int = 0
    size: int = 512
    most: int = 2

    def __post_init__(self) -> None:
        if self.size < 64 or self.most < 1 or self.seed < 0:
            raise ConfigError(
                f"A referring suite needs a seed of 0 or more, pictures of at least 64 px and at least 1 case; "
                f"got seed {self.seed}, size {self.size}, {self.most} cases."
            )


def build_suite(
    sources: Sequence[DatasetFolder],
    out: Path,
    lexicon: Lexicon,
    options: SuiteOptions | None = None,
    overwrite: bool = False,
) -> dict[str, SourceCounts]:
    """Write the referring suite, ``OUT/<source>`` for every source that gives a case.

    Args:
        sources: Data sets with masks. Their reports are not looked at.
        out: New folder, written whole or not at all.
        options: See :class:`SuiteOptions`.
        overwrite: Replace an existing folder.

    Returns:
        Source -> counts, also of those that give none.

    Raises:
        ConfigError: Two sources of one name.
        DatasetError: A modality or target that the vocabulary does not know, or no case at all.
        ImageError: An image or mask that cannot be read.
        OutputError: ``out`` is not empty or not writable.
    """
    options = options or SuiteOptions()
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise ConfigError(f"Two data sets have the same name: {', '.join(names)}. Rename one in its dataset.json.")
    for source in sources:
        _refuse_unknown(source, lexicon)
    counts: dict[str, SourceCounts] = {}
    with staged_folder(out, overwrite) as folder:
        for source in sources:
            counts[source.name] = _write_source(source, folder / f"referring_{source.name}", lexicon, options)
        if not any(each.cases for each in counts.values()):
            raise DatasetError(
                f"No picture of {', '.join(names)} shows several structures or components that a report could tell "
                "apart. Give data sets with several of them in a picture."
            )
        summary = json.dumps({"seed": options.seed, "size": options.size, "most": options.most,
                              "sources": summary_of(counts)}, indent=1)  # fmt: skip
        (folder / SUMMARY_FILE).write_text(summary + "\n", encoding="utf-8")
    return counts


def summary_of(counts: Mapping[str, SourceCounts]) -> dict[str, Any]:
    """Counts, JSON-ready: source -> cases by split and aspect, and what was dropped why."""
    return {
        name: {
            "images": each.images,
            "cases": {f"{split} {aspect}": n for (split, aspect), n in sorted(each.cases.items())},
            "dropped": {f"{aspect}: {reason}": n for (aspect, reason), n in sorted(each.dropped.items())},
            "without_a_split": each.unsplit,
        }
        for name, each in counts.items()
    }


def _refuse_unknown(source: DatasetFolder, lexicon: Lexicon) -> None:
    refuse_unknown_modality(source, lexicon)
    strange = sorted(source.targets - set(lexicon.targets))
    if strange:
        raise DatasetError(f"The target '{strange[0]}' of the data set {source.name} is not in the vocabulary. "
                           "`medsegr data check` lists such names; correct them in dataset.json.")  # fmt: skip


@dataclass
class _Tables:
    """Rows of a data set in the making."""

    structures: set[tuple[str, str]] = field(default_factory=set)
    reports: list[tuple[str, str, str]] = field(default_factory=list)
    splits: list[tuple[str, str]] = field(default_factory=list)
    provenance: list[tuple[str, ...]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


def _write_source(source: DatasetFolder, folder: Path, lexicon: Lexicon, options: SuiteOptions) -> SourceCounts:
    counts, tables = SourceCounts(), _Tables()
    patients, _ = patients_of(source)
    for name in source.images():
        split = source.split_of(name)
        if split is None:
            counts.unsplit += 1
            continue
        original = one_plane(source.load(name, lexicon))
        case = smaller(original, options.size)
        scene = Scene.of(original.image, lexicon)
        built = list(referring_cases(case, scene, options.most, options.seed, counts.dropped))
        counts.images += bool(built)
        for number, each in enumerate(built, start=1):
            image = f"{image_stem(name)}__{number:02d}_{each.aspect}.png"
            _write_case(each, case, image, folder, tables)
            tables.splits.append((image, split))
            tables.provenance.append((image, name, patients[name], split, each.aspect, each.picked.finding.target))
            counts.cases[split, each.aspect] += 1
    if tables.splits:
        _write_tables(source, tables, folder)
    return counts


def smaller(case: Case, size: int) -> Case:
    """A case whose longest side is at most ``size``; masks by the share of a pixel that they cover, 0.5 and more."""
    height, width = case.image.size
    scale = size / max(height, width)
    pixels = np.round(case.image.plane() * 255).astype(np.uint8)
    structures = case.structures
    if scale < 1:
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(Image.fromarray(pixels).resize(shape, Image.Resampling.LANCZOS))
        drawn = {target: Image.fromarray(mask.astype(np.uint8) * 255) for target, mask in structures.items()}
        structures = {t: np.asarray(mask.resize(shape, Image.Resampling.BOX)) >= 128 for t, mask in drawn.items()}
    return Case(load_image(pixels, case.image.modality), structures=structures, name=case.name)


def _write_case(each: ReferringCase, case: Case, image: str, folder: Path, tables: _Tables) -> None:
    """Picture, masks and rows of one case; what is in the picture and no object keeps a mask without a record."""
    _save(folder / "images" / image, case.image.voxels)
    records, numbers = [], Counter[str]()
    objects = (each.picked, *each.competitors)
    for place, found in enumerate(objects):
        numbers[found.finding.target] += 1
        structure = f"{found.finding.target}_{numbers[found.finding.target]}"
        path = _save_mask(structure, found, image, folder, tables)
        records.append(_record(f"f{place + 1}", "distractor" if place else "described", found.finding, path))
    records += [
        _record(f"f{len(objects) + 1 + place}", "false", finding, None) for place, finding in enumerate(each.false)
    ]
    named = {found.finding.target for found in objects}
    for target, mask in case.structures.items():
        if target not in named and mask.any():
            _save_mask(f"{target}_1", Competitor(Finding(target), mask), image, folder, tables)
    tables.reports.append((image, each.report, "derived"))
    tables.records.append({"image": image, "suite": each.aspect, "source": case.name, "findings": records})


def _save_mask(structure: str, found: Competitor, image: str, folder: Path, tables: _Tables) -> str:
    path = f"masks/{structure}/{image}"
    _save(folder / path, found.mask.astype(np.uint8))
    tables.structures.add((structure, found.finding.target))
    return path


def _record(name: str, role: str, finding: Finding, path: str | None) -> dict[str, Any]:
    count = finding.shape.count
    told = {field: value for field, value in finding.to_dict().items() if field not in ("evidence", "trigger")}
    counted = count if isinstance(count, int) else None
    return {"id": name, "role": role, **told, "size_mm": [], "count": counted, "mask": path}


def _write_tables(source: DatasetFolder, tables: _Tables, folder: Path) -> None:
    targets = {target for _, target in tables.structures}
    shared = targets - source.targets  # a name that covers several of the source's is not outlined everywhere
    manifest = {
        "name": folder.name,
        "modality": source.modality,
        "frame": source.frame,
        "licence": source.licence,
        "structures": dict(sorted(tables.structures)),
        "incomplete": sorted((source.incomplete & targets) | shared),
        "about": f"Referring suite of {source.name}; its reports are derived from masks.",
    }
    (folder / "dataset.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    lines = (json.dumps(record) + "\n" for record in tables.records)
    (folder / "findings.jsonl").write_text("".join(lines), encoding="utf-8")
    _save_csv(folder / "reports.csv", [("image", "report", "origin"), *tables.reports])
    _save_csv(folder / "split.csv", [("image", "split"), *tables.splits])
    columns = ("image", "source_image", "patient", "split", "aspect", "target")
    _save_csv(folder / "provenance.csv", [columns, *tables.provenance])


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", optimize=False, compress_level=6)


def _save_csv(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
