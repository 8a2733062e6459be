"""Case: an image, its report, and what is known to be in it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from medsegr.data.medical_image import MedicalImage


@dataclass(frozen=True)
class FindingRecord:
    """One object or statement of a case, a record of ``findings.jsonl``. Names are canonical.

    Attributes:
        id: Unique within the image.
        role: ``described`` by the report; ``distractor``, in the image but not in the report;
            ``false``, a description that nothing in the image fits and that the report does not hold.
        target: For example ``lung_nodule``.
        presence: ``present``, ``absent`` or ``uncertain``.
        laterality: ``left``, ``right``, ``bilateral``, ``midline`` or None.
        zones, texture, shape: Canonical zones, and attributes of texture and shape.
        size_mm: Sizes in mm.
        count: How many; None when not stated.
        mask_path: The mask's file; None where nothing is to be found.
    """

    id: str
    role: str
    target: str
    presence: str = "present"
    laterality: str | None = None
    zones: tuple[str, ...] = ()
    texture: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    size_mm: tuple[float, ...] = ()
    count: int | None = None
    mask_path: Path | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One study.

    Attributes:
        report: Its report; None when there is none. Never logged.
        structures: Target -> bool mask of ``image.mask_shape``. An empty mask says that the target is
            known to be absent; a target that is not in here is not annotated in this image.
        masks: Finding id -> bool mask, for every record with a mask.
        name: The image's file name within its data set.
        suite, look: Of a generated case: its test suite and its look.
        report_origin: ``real``, or ``derived`` from masks and image, as those of generated cases are too;
            None without a report.
    """

    image: MedicalImage
    report: str | None = None
    structures: dict[str, np.ndarray] = field(default_factory=dict)
    findings: tuple[FindingRecord, ...] = ()
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    name: str = ""
    suite: str | None = None
    look: str | None = None
    report_origin: Literal["real", "derived"] | None = None


def one_plane(case: Case, neighbours: bool = False) -> Case:
    """The plane of a volume that shows most, with its neighbours as channels where asked; a picture stays as it is."""
    if not case.image.is_volume:
        return case
    masks = [*case.masks.values(), *case.structures.values()]
    pixels = sum(mask.sum((1, 2)) for mask in masks) if masks else np.zeros(case.image.planes)
    best = int(np.argmax(pixels)) if np.any(pixels) else case.image.planes // 2
    return replace(
        case,
        image=case.image.only(best, neighbours),
        structures={target: mask[best] for target, mask in case.structures.items()},
        masks={name: mask[best] for name, mask in case.masks.items()},
    )
