"""A segmented series -> an image and masks in our layout, each segment a structure of its own, so that they overlap.

Images are written as they are shown, by the window of the series: pictures as PNG of 16 bits or in colour, volumes as
NIfTI of 8 bits, in their own place. Nothing of a header is copied.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.data.dicom.segment_masks import masks_on
from medsegr.data.dicom.segmentation_reader import labels_of
from medsegr.data.file_names import image_stem
from medsegr.data.image import MedicalImage, load_image
from medsegr.data.nifti_masks import save_mask_nifti, save_values_nifti
from medsegr.data.raster import save_mask_png
from medsegr.data.segmented_series import SegmentedCase


def write_series(case: SegmentedCase, names: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write a case into ``images/`` and ``masks/`` of a folder.

    Args:
        names: Label of a segment -> target; segments without one are left out.

    Returns:
        Folder in ``masks/`` -> target, of what was written. Segments of one label get folders of their own.

    Raises:
        ImageError: The series or a segmentation cannot be read, or they do not fit.
    """
    assert case.stack is not None
    image = load_image(case.stack)
    _write_image(image, folder / "images" / case.name)
    structures: dict[str, str] = {}
    times: Counter[str] = Counter()
    for segmentation in case.segmentations:
        masks = masks_on(segmentation, image)
        for segment, label in zip(segmentation.segments, labels_of(segmentation.segments), strict=True):
            mask = masks.pop(segment.number)
            if label not in names:
                continue
            times[label] += 1
            name = folder_of(label, times[label])
            structures[name] = names[label]
            if mask.any():
                place = folder / "masks" / name / case.name
                place.parent.mkdir(exist_ok=True)
                _write_mask(image, mask, place)
    return structures


def folder_of(label: str, time: int = 1) -> str:
    """Name of the folder of a label's masks; of its second segment in one image another one."""
    name = re.sub(r"\W+", "_", label.lower()).strip("_") or "segment"
    return name if time == 1 else f"{name}_{time}"


def _write_mask(image: MedicalImage, mask: np.ndarray, place: Path) -> None:
    if place.suffix == ".png":
        save_mask_png(place, mask)
    else:
        save_mask_nifti(place.with_name(f"{image_stem(place.name)}.nii.gz"), mask, image)


def _write_image(image: MedicalImage, place: Path) -> None:
    if place.suffix != ".png":
        shown = np.stack([_of_depth(image.plane(k), np.uint8) for k in range(image.planes)])
        save_values_nifti(place, shown.reshape(image.mask_shape), image)
        return
    plane = image.plane()
    Image.fromarray(_of_depth(plane, np.uint8 if image.is_colour else np.uint16)).save(place, format="PNG")


def _of_depth(plane: np.ndarray, kind: type[np.unsignedinteger]) -> np.ndarray:
    """Grey values 0..1 as whole ones."""
    return np.rint(plane * np.iinfo(kind).max).astype(kind)
