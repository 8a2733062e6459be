"""Results with overlapping findings, drawn on any image, and series to draw them on."""

from pathlib import Path

import numpy as np
import pytest

from medsegr.cognition.priors import Finding, Location
from medsegr.data.extents import extents_mm, volume_mm3
from medsegr.data.image import MedicalImage, load_image
from medsegr.inference.result import FindingResult, Result
from tests.data.dicom.series_maker import (
    AXIAL,
    CR,
    ENHANCED_CT,
    PLANTED,
    SAGITTAL,
    US_MULTI,
    Dataset,
    dataset,
    lopsided,
    write,
    write_series,
)

pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')

LABEL = {"case": "scan", "image": "scan.dcm", "model": "folder/of/tiny"}
OBLIQUE = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)
SHAPE = (4, 18, 29)
"""Slices, rows, columns: a frame is no whole number of bytes."""

KINDS = ("axial", "sagittal", "oblique", "tilted", "no frame of reference", "one slice", "radiograph", "cine",
         "enhanced")  # fmt: skip


def overlapping(image: MedicalImage) -> Result:
    """A nodule and an effusion that share pixels, a pneumothorax that the report denies, a mass below the threshold."""
    depth, height, width = shape = (1, *image.mask_shape)[-3:]
    z, y, x = np.mgrid[:depth, :height, :width]
    nodule = (z < max(1, depth - 1)) & (y > height // 5) & (y < height // 2) & (x > 2) & (x < width // 2)
    effusion = (z >= depth // 3) & (y > height // 3) & (y < height - 3) & (x > width // 4) & (x + y < width + 4)
    assert (nodule & effusion).any()
    masks = [mask.reshape(image.mask_shape) for mask in (nodule, effusion)]
    affine = image.geometry.displayed_affine() if image.geometry.spacing_known else None
    found = [
        FindingResult(
            id,
            finding,
            mask,
            support=support,
            size_mm=extents_mm(mask.reshape(shape), affine)[0],
            volume_mm3=None if affine is None else volume_mm3(int(mask.sum()), affine),
        )
        for id, finding, mask, support in (
            ("nodule-left", Finding("nodule", "present", Location("left", ("upper_lobe",))), masks[0], 0.9),
            ("pleural_effusion", Finding("pleural_effusion", "uncertain"), masks[1], 0.6),
        )
    ]
    empty = np.zeros(image.mask_shape, bool)
    absent = FindingResult(
        "pneumothorax", Finding("pneumothorax", "absent"), empty, "absent", None, "denied by the report"
    )
    none = FindingResult("mass", Finding("mass"), empty, "empty", 0.1, "no pixel passed the threshold")
    assert shape[-1] == image.size[1]
    return Result((found[0], absent, found[1], none), image, modality="chest_ct")


def series(folder: Path, kind: str) -> MedicalImage:
    """One of the kinds of series that have a way of their own into DICOM-SEG, with a planted patient."""
    volume = lopsided(SHAPE).astype(np.int16)
    if kind == "radiograph":
        made = dataset(lopsided((23, 41)).astype(np.uint16), CR, ImagerPixelSpacing=[0.2, 0.3])
        del made.FrameOfReferenceUID
        return load_image(write(folder / "one.dcm", made))
    if kind == "cine":
        made = dataset(lopsided((5, 23, 41)).astype(np.uint8), US_MULTI)
        del made.FrameOfReferenceUID
        return load_image(write(folder / "one.dcm", made))
    if kind == "enhanced":
        return load_image(write(folder / "one.dcm", _enhanced(volume)))
    directions = {"sagittal": SAGITTAL, "oblique": OBLIQUE}.get(kind, AXIAL)
    step = (0.0, 0.9, 2.4) if kind == "tilted" else None
    for path in write_series(folder, volume[:1] if kind == "one slice" else volume, directions, step=step):
        if kind == "no frame of reference":
            _without_frame_of_reference(path)
    return load_image(folder)


def _without_frame_of_reference(path: Path) -> None:
    from pydicom import dcmread

    made = dcmread(path)
    del made.FrameOfReferenceUID
    made.save_as(path)


def _enhanced(volume: np.ndarray) -> Dataset:
    """Frames against their order in space, spacing frame by frame."""
    made = dataset(volume, ENHANCED_CT)
    made.SharedFunctionalGroupsSequence = [_item(PlaneOrientationSequence=[_item(ImageOrientationPatient=[*AXIAL])])]
    made.PerFrameFunctionalGroupsSequence = [
        _item(
            PlanePositionSequence=[_item(ImagePositionPatient=[3.0, -4.0, 20.0 - 2.5 * k])],
            PixelMeasuresSequence=[_item(PixelSpacing=[0.8, 0.6], SliceThickness=2.5)],
        )
        for k in range(len(volume))
    ]
    return made


def _item(**fields: object) -> Dataset:
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


__all__ = ["KINDS", "LABEL", "PLANTED", "overlapping", "series"]
