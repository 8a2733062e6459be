"""Data sets with masks -> the referring suite: data sets in our layout in which only the report tells what is meant.

Each source becomes one data set, for a data set has one kind of picture. Every
case keeps the split of its source image, so that no picture changes sides; its
objects are the records of ``findings.jsonl``, the picked one ``described``, its
competitors ``distractor``, and its suite is the aspect that picks.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case, FindingRecord, one_plane
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.dataset_manifest import DatasetManifest
from medsegr.data.dataset_writer import DatasetWriter
from medsegr.data.file_names import image_stem
from medsegr.data.image import load_image
from medsegr.data.outputs import staged_folder
from medsegr.data.patients import PROVENANCE_FILE, patients_of
from medsegr.data.split import write_table
from medsegr.describe.dataset_reports import refuse_unknown
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
        refuse_unknown(source, lexicon)
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


def _write_source(source: DatasetFolder, folder: Path, lexicon: Lexicon, options: SuiteOptions) -> SourceCounts:
    counts, made = SourceCounts(), DatasetWriter(folder)
    provenance: list[tuple[str, ...]] = []
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
            _write_case(each, case, image, made)
            made.splits.append((image, split))
            provenance.append((image, name, patients[name], split, each.aspect, each.picked.finding.target))
            counts.cases[split, each.aspect] += 1
    if provenance:
        made.finish(
            _manifest(source, made), about=f"Referring suite of {source.name}; its reports are derived from masks."
        )
        columns = ("image", "source_image", "patient", "split", "aspect", "target")
        write_table(folder / PROVENANCE_FILE, columns, provenance)
    return counts


def _manifest(source: DatasetFolder, made: DatasetWriter) -> DatasetManifest:
    targets = frozenset(made.structures.values())
    shared = targets - source.targets  # a name that covers several of the source's is not outlined everywhere
    return DatasetManifest(
        made.folder.name,
        source.modality,
        source.frame,
        source.licence,
        structures=made.structures,
        incomplete=(source.incomplete & targets) | shared,
    )


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


def _write_case(each: ReferringCase, case: Case, image: str, made: DatasetWriter) -> None:
    """Picture, masks and rows of one case; what is in the picture and no object keeps a mask without a record."""
    made.picture(image, case.image.voxels)
    objects = (each.picked, *each.competitors)
    told = [(found.finding, made.object(found.finding.target, image, found.mask)) for found in objects]
    roles = ["described", *["distractor"] * len(each.competitors), *["false"] * len(each.false)]
    said = zip(roles, [*told, *((finding, None) for finding in each.false)], strict=True)
    records = [_record(f"f{number}", role, *found) for number, (role, found) in enumerate(said, start=1)]
    made.findings(image, records, suite=each.aspect, source=case.name)
    made.reports.append((image, each.report, "derived"))
    named = {found.finding.target for found in objects}
    for target, mask in case.structures.items():
        if target not in named and mask.any():
            made.object(target, image, mask)


def _record(name: str, role: str, finding: Finding, mask: Path | None) -> FindingRecord:
    return FindingRecord(
        name,
        role,
        finding.target,
        finding.presence,
        finding.location.laterality,
        finding.location.zones,
        finding.texture.attributes,
        finding.shape.attributes,
        count=finding.shape.count if isinstance(finding.shape.count, int) else None,
        mask_path=mask,
    )
