"""Which files hold the masks of a case: one each, one of four axes, one flattened label map, DICOM."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.data.nifti_masks import (
    LABEL_MAP,
    STACK,
    flattened,
    save_mask_nifti,
    save_masks_nifti,
    save_values_nifti,
)
from medsegr.data.raster import save_mask_png
from medsegr.errors import ConfigError
from medsegr.inference.result import FindingResult, Result

MaskFiles = Literal["separate", "4d", "dicom"]
"""``separate``: NIfTI or PNG, one each. ``4d``: one NIfTI file of four axes. ``dicom``: a segmentation and a report."""


@dataclass(frozen=True)
class Writing:
    """How a case is written.

    Attributes:
        masks: Files that hold the masks; none named: DICOM for DICOM, else one each.
        label_map: Also one flattened label map, in which a pixel of several findings keeps one label.
        deidentify: DICOM files carry neither names, ids nor dates of the patient, and new UIDs.
        lexicon: Knows the codes; the built-in one by default.
    """

    masks: tuple[MaskFiles, ...] = ()
    label_map: bool = False
    deidentify: bool = False
    lexicon: Lexicon | None = None

    def __post_init__(self) -> None:
        for name in self.masks:
            if name not in get_args(MaskFiles):
                raise ConfigError(f"Unknown kind of mask files '{name}': expected {', '.join(get_args(MaskFiles))}.")

    @property
    def codes(self) -> Lexicon:
        """The lexicon whose codes count."""
        return self.lexicon or load_lexicon()

    def for_result(self, result: Result) -> tuple[MaskFiles, ...]:
        """The kinds of files that a case gets.

        Raises:
            ConfigError: DICOM was asked for, and the image is not.
        """
        is_dicom = getattr(result.image, "dicom", None) is not None
        if "dicom" in self.masks and not is_dicom:
            raise ConfigError("--masks dicom needs a DICOM image, which gives patient and place; this one is none. "
                              "Leave it out, or ask for separate or 4d.")  # fmt: skip
        return self.masks or (("dicom",) if is_dicom else ("separate",))


@dataclass(frozen=True)
class MaskPlaces:
    """Where the mask of one finding is.

    Attributes:
        file: The file to open for it; None where there is no mask.
        segment: Its number in ``segmentation.dcm``.
        channel: Its place on the last axis of ``masks.nii.gz``, from 0.
        label: Its value in the label map.
    """

    file: str | None = None
    segment: int | None = None
    channel: int | None = None
    label: int | None = None


def write_masks(folder: Path, result: Result, kinds: Sequence[MaskFiles], label_map: bool) -> dict[str, MaskPlaces]:
    """Write all masks but those in DICOM into an existing folder; say where each finding's is.

    Raises:
        OutputError: The place is not writable.
    """
    outlined = [found for found in result.findings if found.outcome == "outlined"]
    places = {found.id: MaskPlaces() for found in result.findings}
    if "4d" in kinds and outlined:
        save_masks_nifti(folder / STACK, [found.mask for found in outlined], result.image)
    for number, found in enumerate(outlined):
        channel = number if "4d" in kinds else None
        file = _write_mask(folder, found, result) if "separate" in kinds else STACK if channel is not None else None
        places[found.id] = MaskPlaces(file, None, channel, number + 1 if label_map else None)
    if label_map and outlined:
        save_values_nifti(folder / LABEL_MAP, flattened([found.mask for found in outlined]), result.image)
    return places


def noting_lost_labels(result: Result) -> Result:
    """The same result with a warning that counts what a label map of it loses."""
    outlined = [found for found in result.findings if found.outcome == "outlined"]
    if not outlined:
        return result
    labels = flattened([found.mask for found in outlined])
    lost = {found.id: int((found.mask & (labels != place)).sum()) for place, found in enumerate(outlined, 1)}
    crowded = int((np.sum([found.mask for found in outlined], axis=0, dtype=np.uint16) > 1).sum())
    what = "voxels" if result.image.is_volume else "pixels"
    named = ", ".join(f"{count} of {name}" for name, count in lost.items() if count)
    warning = (
        f"{LABEL_MAP} holds one finding a pixel: {crowded} {what} lie in several findings, and labels are lost there "
        f"({named}). The masks themselves keep them."
        if crowded
        else f"{LABEL_MAP} holds one finding a pixel; 0 {what} lie in several findings, so no label is lost."
    )
    return result if warning in result.warnings else replace(result, warnings=(*result.warnings, warning))


def _write_mask(folder: Path, found: FindingResult, result: Result) -> str:
    """Name of a mask's own file."""
    if result.image.is_volume or result.image.geometry.affine is not None:
        name = f"{found.id}.nii.gz"
        save_mask_nifti(folder / name, found.mask, result.image)
    else:
        name = f"{found.id}.png"
        save_mask_png(folder / name, found.mask)
    return name
