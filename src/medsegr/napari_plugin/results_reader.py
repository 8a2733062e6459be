"""Folders of results as layers: what ``medsegr segment`` wrote for one case, or for many."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from medsegr.data.geometry import displayed_geometry
from medsegr.data.mask_picture import read_structure_picture
from medsegr.data.nifti import opened_nifti, read_label_nifti
from medsegr.errors import ImageError
from medsegr.inference.dicom.writer import SEGMENTATION
from medsegr.napari_plugin.layers import Layer, mask_layer

FINDINGS = "findings.json"


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]] | None:
    """The reader of a case's folder, or of its findings.json; None for everything else."""
    first = Path(path[0] if isinstance(path, list) else path)
    return read_results if (first / FINDINGS).is_file() or first.name == FINDINGS else None


def read_results(path: str | list[str]) -> list[Layer]:
    """Each finding's mask as a layer of its own.

    Raises:
        ImageError: The masks lie in DICOM, or a file is damaged.
    """
    return [layer for one in (path if isinstance(path, list) else [path]) for layer in _case(Path(one))]


def _case(path: Path) -> list[Layer]:
    folder = path.parent if path.name == FINDINGS else path
    try:
        findings = json.loads((folder / FINDINGS).read_text(encoding="utf-8"))["findings"]
    except (OSError, ValueError, KeyError) as error:
        raise ImageError(f"{FINDINGS} cannot be read ({type(error).__name__}). Segment once more.") from error
    drawn = [(place, one) for place, one in enumerate(findings) if one["mask"] is not None]
    if any(one["mask"] == SEGMENTATION for _, one in drawn):
        raise ImageError(f"The masks of {folder.name} lie in {SEGMENTATION}, which tells its place by the images it "
                         "belongs to. Open the images in the widget 'Outline', or write --masks separate.")  # fmt: skip
    layers = []
    for place, one in drawn:
        mask, scale = _mask(folder / one["mask"], one["channel"])
        layers.append(mask_layer(mask, one["id"], place, scale, one))
    return layers


def _mask(path: Path, channel: int | None) -> tuple[np.ndarray, tuple[float, ...]]:
    """A mask as displayed, and its scale."""
    if path.suffix == ".png":
        return read_structure_picture(path) > 0, (1.0, 1.0)
    if channel is None or path.name != "masks.nii.gz":
        labels, geometry = read_label_nifti(path)
        mask: Any = labels > 0
    else:
        with opened_nifti(path) as image:
            stored = np.asarray(image.dataobj[..., channel]) > 0
            geometry = displayed_geometry(image.affine, stored.shape, path.name)
        mask = geometry.to_displayed(stored)
        mask = mask[0] if mask.shape[0] == 1 else mask
    return mask, geometry.spacing_mm if mask.ndim == 3 else geometry.spacing_mm[1:]
