"""Check a data set and name everything that is wrong with it, all at once."""

from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np

from medsegr.data.dataset_manifest import MANIFEST_FILE, DatasetManifest, read_manifest
from medsegr.data.file_names import MASK_SUFFIXES, find_mask, list_images, shown_name
from medsegr.data.findings_file import FINDINGS_FILE, ImageFindings, read_findings
from medsegr.data.geometry import Geometry
from medsegr.data.image import load_image, load_placed_label_map, load_placed_structure
from medsegr.data.patients import PERSONAL, grouped
from medsegr.data.report_table import find_reports
from medsegr.data.split import SPLIT_FILE, SPLITS, read_table
from medsegr.errors import ImageError

Places = dict[str, Geometry]


def check_dataset(
    path: Path | str,
    known_targets: Container[str] | None = None,
    known_modalities: Container[str] | None = None,
    *,
    every_label: bool = True,
) -> list[str]:
    """Check a data set: tables, names, and every image and mask by decoding it.

    Args:
        path: The folder with ``dataset.json``.
        known_targets: Canonical names that targets have to be among; None checks no names.
        known_modalities: The same of the modality.
        every_label: A label that no mask holds is a complaint.

    Returns:
        Complaints, one line each; empty when all is well. Never report text.
    """
    folder = Path(path)
    if not folder.is_dir():
        return [f"{folder} is not a folder"]
    manifest, complaints = read_manifest(folder)
    images = list_images(folder)
    findings, findings_complaints = read_findings(folder)
    complaints += _names(manifest, known_targets, known_modalities)
    complaints += _foreign_files(folder, images)
    complaints += _split(folder, images)
    complaints += _patients(folder, images)
    complaints += _reports(find_reports(folder, manifest), images)
    places: Places = {}
    complaints += _pixels(folder, images, places)
    if manifest.labels:
        complaints += _label_maps(folder, images, manifest, places, every_label)
    if manifest.structures:
        complaints += _structures(folder, images, manifest, places, findings)
    complaints += findings_complaints
    complaints += _findings(folder, images, findings, known_targets, places)
    return [" ".join(complaint.split()) for complaint in complaints]


def _names(manifest: DatasetManifest, targets: Container[str] | None, modalities: Container[str] | None) -> list[str]:
    listed = [("modality", manifest.modality, modalities)] if manifest.modality is not None else []
    listed += [("target", target, targets) for target in sorted(manifest.targets)]
    return [
        f"{MANIFEST_FILE}: the {kind} '{name}' is not in the vocabulary"
        for kind, name, known in listed
        if known is not None and name not in known
    ]


def _foreign_files(folder: Path, images: Sequence[str]) -> list[str]:
    if not (folder / "images").is_dir():
        return ["images/ is missing"]
    found = sorted(entry.name for entry in (folder / "images").iterdir() if not entry.name.startswith("."))
    complaints = [f"images/{name} is not an image file that is read" for name in found if name not in images]
    return complaints if images else [*complaints, "images/ holds no image"]


def _split(folder: Path, images: Sequence[str]) -> list[str]:
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


def _patients(folder: Path, images: Sequence[str]) -> list[str]:
    """Patients (or whatever else says which images belong together) that are in several splits."""
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


def _reports(path: Path | None, images: Sequence[str]) -> list[str]:
    if path is None:
        return []
    rows, complaints = read_table(path, ("image", "report"), images)
    counts = Counter(image for image, _ in rows)
    known = set(images)
    complaints += [f"{path.name}: {shown_name(image)} has {n} rows" for image, n in counts.items() if n > 1]
    complaints += [f"{path.name}: {shown_name(image)} is not in images/" for image in counts if image not in known]
    empty = [image for image, text in rows if not text.strip()]
    if empty:
        complaints.append(f"{path.name}: {len(empty)} of {len(rows)} reports are empty, first {shown_name(empty[0])}'s")
    return complaints


def _pixels(folder: Path, images: Sequence[str], places: Places) -> list[str]:
    """Decode every image; ``places`` receives their shapes and places."""
    complaints = []
    for name in images:
        try:
            places[name] = load_image(folder / "images" / name).geometry
        except ImageError as error:
            complaints.append(f"images/{name}: {error}")
    return complaints


def _label_maps(
    folder: Path, images: Sequence[str], manifest: DatasetManifest, places: Places, every_label: bool
) -> list[str]:
    complaints = []
    used, seen = set(), set[int]()
    for name in images:
        path = find_mask(folder / "masks", name)
        if path is None:
            complaints.append(f"masks/ holds no mask for {name}")
            continue
        used.add(path.name)
        values, wrong = _mask_values(path, folder, places.get(name), manifest.known_values())
        complaints += wrong
        seen |= values
        unknown = sorted(values - manifest.known_values())
        if unknown:
            listed = ", ".join(map(str, unknown[:5]))
            complaints.append(f"{path.relative_to(folder)}: the values {listed} are no labels")
    if every_label and used and not complaints:
        unseen = [target for target, values in manifest.labels.items() if seen.isdisjoint(values)]
        complaints += [f"{MANIFEST_FILE}: no mask holds the label '{target}'" for target in unseen]
    return complaints + _orphans(folder, "masks", used)


def _structures(
    folder: Path,
    images: Sequence[str],
    manifest: DatasetManifest,
    places: Places,
    findings: dict[str, ImageFindings],
) -> list[str]:
    complaints = []
    outlined = set()
    for structure in manifest.structures:
        place = folder / "masks" / structure
        if not place.is_dir():
            complaints.append(f"masks/{structure}/ is missing")
            continue
        used, shown = set(), False
        for name in images:
            path = find_mask(place, name)
            if path is None:
                continue
            outlined.add(name)
            used.add(path.name)
            values, wrong = _mask_values(path, folder, places.get(name))
            complaints += wrong
            shown |= bool(wrong or values - {0})
            if len(values - {0}) > 1:
                complaints.append(f"{path.relative_to(folder)}: several values; expected 0 and 1")
        if used and not shown:
            complaints.append(f"masks/{structure}/: no mask shows anything")
        complaints += _orphans(folder, f"masks/{structure}", used)
    bare = [name for name in images if name not in outlined and name not in findings]
    return complaints + [f"masks/ holds no mask for {name}, of any structure" for name in bare]


def _mask_values(
    path: Path, folder: Path, image: Geometry | None, labels: Container[int] | None = None
) -> tuple[set[int], list[str]]:
    """The values of a mask, or of a label map where labels are given, and complaints about file, size and place."""
    where = path.relative_to(folder)
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


def _orphans(folder: Path, place: str, used: set[str]) -> list[str]:
    """Masks that belong to no image."""
    if not (folder / place).is_dir():
        return []
    return [
        f"{place}/{entry.name} belongs to no image"
        for entry in sorted((folder / place).iterdir())
        if entry.name not in used and entry.name.lower().endswith(MASK_SUFFIXES)
    ]


def _findings(
    folder: Path,
    images: Sequence[str],
    findings: dict[str, ImageFindings],
    known_targets: Container[str] | None,
    places: Places,
) -> list[str]:
    complaints = []
    known_images = set(images)
    for name, entry in findings.items():
        if name not in known_images:
            complaints.append(f"{FINDINGS_FILE}: {name} is not in images/")
        for record in entry.findings:
            where = f"{FINDINGS_FILE}: {name}, {record.id}"
            if known_targets is not None and record.target not in known_targets:
                complaints.append(f"{where}: the target '{record.target}' is not in the vocabulary")
            if record.mask_path is None:
                continue
            if record.role == "false" or record.presence == "absent":
                complaints.append(f"{where}: nothing is to be found, and yet it has a mask")
            if not record.mask_path.is_file():
                complaints.append(f"{where}: the mask {record.mask_path.relative_to(folder)} is missing")
            else:
                complaints += _mask_values(record.mask_path, folder, places.get(name))[1]
    return complaints


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
