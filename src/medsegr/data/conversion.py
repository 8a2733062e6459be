"""A foreign data set -> a folder in our layout. Pixels, spacing and place are kept: files are copied, not resampled.

Black and white masks become 0 and 1. Masks with labels are copied as they are;
only where a label is left out are its pixels set to 0, in the file's own order
and with its own header. Segmented DICOM series are decoded, see
``series_conversion.py``. The result is checked before it takes its name.
"""

import shutil
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from medsegr.data.check import check_dataset
from medsegr.data.dataset_manifest import DatasetManifest
from medsegr.data.dataset_writer import DatasetWriter
from medsegr.data.file_names import image_stem
from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset
from medsegr.data.image import is_nifti
from medsegr.data.label_map import load_label_map, load_placed_structure
from medsegr.data.nifti import opened_nifti
from medsegr.data.nifti_masks import write_nifti
from medsegr.data.outputs import staged_folder
from medsegr.data.segmented_series import SegmentedCase
from medsegr.data.series_conversion import write_series
from medsegr.errors import ConfigError, DatasetError

NEARLY_WHITE = 0.8
"""Share of white that a black and white mask reaches; what stays below it holds numbers, as of single objects."""

MOST_COMPLAINTS = 5
"""Complaints about the result that a message lists; the rest is counted."""


@dataclass(frozen=True)
class Target:
    """What a converted data set says of itself.

    Attributes:
        names: Label of the source -> canonical target; a label that is missing here is left out. For black
            and white masks the one entry ``{"": target}``.
    """

    names: Mapping[str, str]
    modality: str | None
    frame: Literal["patient", "image"]
    name: str
    licence: str | None = None
    incomplete: tuple[str, ...] = ()


def convert_dataset(
    source: ForeignDataset, target: Target, out: Path, known: Container[str] | None = None, overwrite: bool = False
) -> None:
    """Write a foreign data set in our layout, whole or not at all.

    Args:
        known: Canonical names that targets have to be among; None checks no names.

    Raises:
        ConfigError: No label is kept, or an incomplete target is none of them.
        DatasetError: The result would not pass ``medsegr data check``.
        ImageError: A mask cannot be read.
        OutputError: ``out`` is not empty or not writable.
    """
    labels = _labels(source, target)
    if strange := [name for name in target.incomplete if name not in labels]:
        raise ConfigError(f"'{strange[0]}' is to be incomplete, but is no target here: {', '.join(labels)}.")
    with staged_folder(out, overwrite) as folder:
        (folder / "images").mkdir()
        (folder / "masks").mkdir()
        made = DatasetWriter(folder, _write_cases(source, target, labels, folder))
        owned = all(case.patient for case in source.cases)
        made.splits += [(c.name, c.split, *([str(c.patient)] if owned else [])) for c in source.cases]
        made.reports += [(case.name, case.report) for case in source.cases if case.report is not None]
        made.finish(
            DatasetManifest(
                target.name, target.modality, target.frame, target.licence or source.licence,
                {name: tuple(values) for name, values in labels.items()}, made.structures, frozenset(target.incomplete),
            )
        )  # fmt: skip
        complaints = check_dataset(folder, known, every_label=False)  # a part of a set need not show everything
        if complaints:
            more = len(complaints) - MOST_COMPLAINTS
            listed = "; ".join(complaints[:MOST_COMPLAINTS]) + (f"; and {more} more" if more > 0 else "")
            raise DatasetError(f"The data set {source.name} cannot be converted: {listed.rstrip('.')}.")


def _write_cases(
    source: ForeignDataset, target: Target, labels: Mapping[str, list[int]], folder: Path
) -> dict[str, str]:
    """Write images and masks; folder in ``masks/`` -> target, where masks are not label maps."""
    kept = {value for values in labels.values() for value in values}
    labelled = {value for values in source.labels.values() for value in values}
    structures: dict[str, str] = {}
    for case in source.cases:
        if isinstance(case, SegmentedCase):
            structures |= write_series(case, target.names, folder)
        else:
            shutil.copyfile(case.image, folder / "images" / case.name)
            _write_mask(case, folder / "masks", labelled, dropped=labelled - kept)
    return structures


def _labels(source: ForeignDataset, target: Target) -> dict[str, list[int]]:
    """Canonical target -> values; labels of one target unite."""
    own = source.labels or {"": (1,)}
    labels: dict[str, list[int]] = {}
    for name, values in own.items():
        if name in target.names:
            listed = labels.setdefault(target.names[name], [])
            listed += [value for value in values if value not in listed]
    if not labels:
        raise ConfigError(f"No label of the data set {source.name} is kept; it has {', '.join(own)}. Name one of them.")
    return labels


def _write_mask(case: ForeignCase, folder: Path, labels: set[int], dropped: set[int]) -> None:
    """Write a case's mask under a name that goes with its image; without labels it is black and white."""
    stem = image_stem(case.name)
    suffix = case.mask.name[len(image_stem(case.mask.name)) :]
    if labels and not dropped:
        shutil.copyfile(case.mask, folder / f"{stem}{suffix}")
        return
    mask = load_label_map(case.mask, {0, *labels}) if labels else load_placed_structure(case.mask)[0]
    if is_nifti(case.mask):
        _write_changed(case.mask, folder / f"{stem}{suffix}", dropped)
        return
    if labels:
        mask = np.where(np.isin(mask, list(dropped)), 0, mask)
    else:  # as painted: what a JPEG smeared lies below half of the white; other values are numbers of objects
        white = 255 if mask.max() <= 255 else 65535
        painted = mask.max() >= NEARLY_WHITE * white or case.mask.suffix.lower() in (".jpg", ".jpeg")
        mask = mask > (mask.max() / 2 if painted else 0)
    depth = np.uint8 if mask.max() <= np.iinfo(np.uint8).max else np.uint16
    Image.fromarray(mask.astype(depth)).save(folder / f"{stem}.png", format="PNG")


def _write_changed(source: Path, place: Path, dropped: set[int]) -> None:
    """Write a NIfTI mask without some of its labels, or all of it as 1; order and header are kept."""
    with opened_nifti(source) as image:
        stored = np.asanyarray(image.dataobj)
        changed = np.where(np.isin(stored, list(dropped)), 0, stored) if dropped else stored != 0
        header = image.header.copy()
        header.set_data_dtype(np.uint8 if changed.max() <= np.iinfo(np.uint8).max else np.int32)
        header.set_slope_inter(1, 0)
        write_nifti(place, type(image)(changed.astype(header.get_data_dtype()), image.affine, header))
