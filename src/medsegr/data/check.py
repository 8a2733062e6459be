"""Check a data set and name everything that is wrong with it, all at once."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from medsegr.data.dataset_manifest import MANIFEST_FILE, DatasetManifest, read_manifest
from medsegr.data.file_names import MASK_SUFFIXES, find_mask, list_images, shown_name, visible
from medsegr.data.findings_file import FINDINGS_FILE, ImageFindings, read_findings
from medsegr.data.geometry import Geometry
from medsegr.data.image import load_image
from medsegr.data.label_map import load_placed_label_map, load_placed_structure
from medsegr.data.patients import PERSONAL, grouped
from medsegr.data.report_table import find_reports
from medsegr.data.split import SPLIT_FILE, SPLITS, read_table
from medsegr.errors import ImageError


def check_dataset(
    path: Path | str,
    known_targets: Container[str] | None = None,
    known_modalities: Container[str] | None = None,
    known_words: Mapping[str, Container[str]] | None = None,
    *,
    every_label: bool = True,
) -> list[str]:
    """Check a data set: tables, names, and every image and mask by decoding it.

    Targets, the modality, and what recorded findings state (``zones``, ``texture``, ``shape``) have to be among the
    known canonical names; None checks no names. With ``every_label``, a label that no mask holds is a complaint.

    Returns:
        Complaints, one line each; empty when all is well. Never report text.
    """
    folder = Path(path)
    if not folder.is_dir():
        return [f"{folder} is not a folder"]
    manifest, complaints = read_manifest(folder)
    findings, findings_complaints = read_findings(folder)
    opened = _Opened(folder, list_images(folder), manifest, findings)
    complaints += _names(manifest, known_targets, known_modalities)
    complaints += [*_foreign_files(opened), *_split(opened), *_patients(opened), *_reports(opened), *_pixels(opened)]
    complaints += _label_maps(opened, every_label) if manifest.labels else []
    complaints += _structures(opened) if manifest.structures else []
    complaints += [*findings_complaints, *_findings(opened, known_targets, known_words or {})]
    return [" ".join(complaint.split()) for complaint in complaints]


@dataclass(frozen=True)
class _Opened:
    """What is known of the data set before masks are read; ``places`` is filled by the images that can be decoded."""

    folder: Path
    images: list[str]
    manifest: DatasetManifest
    findings: dict[str, ImageFindings]
    places: dict[str, Geometry] = field(default_factory=dict)


def _names(manifest: DatasetManifest, targets: Container[str] | None, modalities: Container[str] | None) -> list[str]:
    listed = [("modality", manifest.modality, modalities)] if manifest.modality is not None else []
    listed += [("target", target, targets) for target in sorted(manifest.targets)]
    return [
        f"{MANIFEST_FILE}: the {kind} '{name}' is not in the vocabulary"
        for kind, name, known in listed
        if known is not None and name not in known
    ]


def _foreign_files(opened: _Opened) -> list[str]:
    folder = opened.folder / "images"
    if not folder.is_dir():
        return ["images/ is missing"]
    found = [entry.name for entry in visible(folder)]
    complaints = [f"images/{name} is not an image file that is read" for name in found if name not in opened.images]
    return complaints if opened.images else [*complaints, "images/ holds no image"]


def _split(opened: _Opened) -> list[str]:
    folder, images = opened.folder, opened.images
    if not (folder / SPLIT_FILE).exists():
        return [f"{SPLIT_FILE} is missing"]
    rows, complaints = read_table(folder / SPLIT_FILE, ("image", "split"), images)
    splits: dict[str, list[str]] = {}
    for image, split in rows:
        splits.setdefault(image, []).append(split.strip())
    for image, listed in splits.items():
        if len(set(listed)) > 1:
            several = " and ".join(sorted(set(listed)))
            complaints.append(f"{SPLIT_FILE}: {shown_name(image)} is in several splits, {several}")
        elif len(listed) > 1:
            complaints.append(f"{SPLIT_FILE}: {shown_name(image)} has {len(listed)} rows")
    unknown = sorted({split for listed in splits.values() for split in listed} - set(SPLITS))
    complaints += [f"{SPLIT_FILE}: the split '{s}' is not one of {', '.join(SPLITS)}" for s in unknown]
    known = set(images)
    complaints += [f"{SPLIT_FILE}: {shown_name(image)} is not in images/" for image in splits if image not in known]
    complaints += [f"images/{image} is not in {SPLIT_FILE}" for image in images if image not in splits]
    return complaints


def _patients(opened: _Opened) -> list[str]:
    """Patients (or whatever else says which images belong together) that are in several splits."""
    folder, images = opened.folder, opened.images
    if not (folder / SPLIT_FILE).is_file():
        return []
    split_of = dict(read_table(folder / SPLIT_FILE, ("image", "split"), images)[0])
    patient_of, column = grouped(folder, images)
    if column not in PERSONAL:
        return []
    splits: dict[str, set[str]] = {}
    for image in images:
        splits.setdefault(patient_of[image], set()).add(split_of.get(image, "").strip())
    several = [found for found in splits.values() if len(found & set(SPLITS)) > 1]
    if not several:
        return []
    first = " and ".join(sorted(several[0] & set(SPLITS)))
    return [f"{SPLIT_FILE}: {len(several)} of {len(splits)} values of '{column}' are in several splits, "
            f"the first in {first}"]  # fmt: skip


def _reports(opened: _Opened) -> list[str]:
    path = find_reports(opened.folder, opened.manifest)
    if path is None:
        return []
    rows, complaints = read_table(path, ("image", "report"), opened.images)
    counts = Counter(image for image, _ in rows)
    known = set(opened.images)
    complaints += [f"{path.name}: {shown_name(image)} has {n} rows" for image, n in counts.items() if n > 1]
    complaints += [f"{path.name}: {shown_name(image)} is not in images/" for image in counts if image not in known]
    empty = [image for image, text in rows if not text.strip()]
    if empty:
        complaints.append(f"{path.name}: {len(empty)} of {len(rows)} reports are empty, first {shown_name(empty[0])}'s")
    return complaints


def _pixels(opened: _Opened) -> Iterator[str]:
    for name in opened.images:
        try:
            opened.places[name] = load_image(opened.folder / "images" / name).geometry
        except ImageError as error:
            yield f"images/{name}: {error}"


def _label_maps(opened: _Opened, every_label: bool) -> list[str]:
    complaints = []
    used, seen, known = set(), set[int](), opened.manifest.known_values()
    for name in opened.images:
        path = find_mask(opened.folder / "masks", name)
        if path is None:
            complaints.append(f"masks/ holds no mask for {name}")
            continue
        used.add(path.name)
        values, wrong = _mask_values(opened, path, name, known)
        complaints += wrong
        seen |= values
        if unknown := sorted(values - known):
            listed = ", ".join(map(str, unknown[:5]))
            complaints.append(f"{path.relative_to(opened.folder)}: the values {listed} are no labels")
    if every_label and used and not complaints:
        unseen = [target for target, values in opened.manifest.labels.items() if seen.isdisjoint(values)]
        complaints += [f"{MANIFEST_FILE}: no mask holds the label '{target}'" for target in unseen]
    return [*complaints, *_orphans(opened.folder, "masks", used)]


def _structures(opened: _Opened) -> Iterator[str]:
    bare = set(opened.images) - set(opened.findings)
    for structure in opened.manifest.structures:
        place = opened.folder / "masks" / structure
        if not place.is_dir():
            yield f"masks/{structure}/ is missing"
            continue
        masks = {name: path for name in opened.images if (path := find_mask(place, name))}
        shows = not masks
        for name, path in masks.items():
            values, wrong = _mask_values(opened, path, name)
            yield from wrong
            shows |= bool(wrong or values - {0})
            if len(values - {0}) > 1:
                yield f"{path.relative_to(opened.folder)}: several values; expected 0 and 1"
        if not shows:
            yield f"masks/{structure}/: no mask shows anything"
        yield from _orphans(opened.folder, f"masks/{structure}", {path.name for path in masks.values()})
        bare -= set(masks)
    yield from (f"masks/ holds no mask for {name}, of any structure" for name in opened.images if name in bare)


def _mask_values(
    opened: _Opened, path: Path, name: str, labels: Container[int] | None = None
) -> tuple[set[int], list[str]]:
    """The values of a mask, or of a label map where labels are given, and complaints about file, size and place."""
    where, image = path.relative_to(opened.folder), opened.places.get(name)
    try:
        label_map, geometry = load_placed_structure(path) if labels is None else load_placed_label_map(path, labels)
    except ImageError as error:
        return set(), [f"{where}: {error}"]
    wrong = []
    if image is not None and label_map.shape != image.shape:
        wrong.append(f"{where}: its size is {_size(label_map.shape)}, its image's {_size(image.shape)}")
    elif image is not None and not image.agrees_with(geometry):
        wrong.append(f"{where}: it has another affine than its image, so it lies elsewhere")
    return {int(value) for value in np.unique(label_map)}, wrong


def _orphans(folder: Path, place: str, used: set[str]) -> Iterator[str]:
    """Masks that belong to no image."""
    for entry in sorted((folder / place).iterdir()) if (folder / place).is_dir() else ():
        if entry.name not in used and entry.name.lower().endswith(MASK_SUFFIXES):
            yield f"{place}/{entry.name} belongs to no image"


def _findings(
    opened: _Opened, known_targets: Container[str] | None, known_words: Mapping[str, Container[str]]
) -> Iterator[str]:
    known_images = set(opened.images)
    for name, entry in opened.findings.items():
        if name not in known_images:
            yield f"{FINDINGS_FILE}: {name} is not in images/"
        for record in entry.findings:
            where, path = f"{FINDINGS_FILE}: {name}, {record.id}", record.mask_path
            if known_targets is not None and record.target not in known_targets:
                yield f"{where}: the target '{record.target}' is not in the vocabulary"
            for field_, known in known_words.items():
                unknown = [word for word in getattr(record, field_) if word not in known]
                yield from (f"{where}: '{word}' under '{field_}' is not in the vocabulary" for word in unknown)
            if path is None:
                continue
            if record.role == "false" or record.presence == "absent":
                yield f"{where}: nothing is to be found, and yet it has a mask"
            if path.is_file():
                yield from _mask_values(opened, path, name)[1]
            else:
                yield f"{where}: the mask {path.relative_to(opened.folder)} is missing"


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
