"""SourceImages: the DICOM images that masks belong to, as other DICOM objects refer to them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from copy import copy as shallow
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medsegr.data.geometry import Geometry
from medsegr.inference.dicom.content_uid import content_uid

if TYPE_CHECKING:
    from pydicom import Dataset

    from medsegr.data.dicom.series import DicomSeries

UTF_8 = "ISO_IR 192"
NO_DATE, NO_TIME = "19000101", "000000"
"""Where a date must stand and none may or can be told."""

STUDY_FIELDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""Fields of patient and study that must be there, if only empty (type 2)."""

DATES, TIMES, SEXES = ("PatientBirthDate", "StudyDate"), ("StudyTime",), ("M", "F", "O", "")

KEPT = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "Modality",
    "Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "ImagerPixelSpacing", "SliceThickness", "SpacingBetweenSlices", "SeriesNumber", "ImageType",
    "TotalPixelMatrixRows", "TotalPixelMatrixColumns", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide",
    "DimensionOrganizationType", "TotalPixelMatrixFocalPlanes", "NumberOfOpticalPaths",
)  # fmt: skip
"""Fields of a header that outlive :func:`source_images` without the patient: geometry, kind and UIDs."""

KEPT_GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlanePositionSlideSequence": (
        "ColumnPositionInTotalImagePixelMatrix",
        "RowPositionInTotalImagePixelMatrix",
        "XOffsetInSlideCoordinateSystem",
        "YOffsetInSlideCoordinateSystem",
        "ZOffsetInSlideCoordinateSystem",
    ),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
}
"""The same of functional groups."""

UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True, eq=False)
class SourceImages:
    """Images that masks belong to.

    Attributes:
        headers: One per slice, or one of a multi-frame file; with all that must stand in objects made from them.
        frames: Frame (from 1) behind each stored slice of a multi-frame file; else empty.
        anonymous: Whether they say nothing of the patient.
    """

    headers: "tuple[Dataset, ...]"
    frames: tuple[int, ...] = ()
    anonymous: bool = False

    @property
    def first(self) -> "Dataset":
        """The header that stands for all."""
        return self.headers[0]

    @property
    def is_mosaic(self) -> bool:
        """True for a mosaic: several slices lie in one frame."""
        return len(set(self.frames)) < len(self.frames)

    @property
    def moment(self) -> tuple[str, str]:
        """Date and time of the study, DICOM's way: a second run on it says the same."""
        for kind in ("Content", "Acquisition", "Series", "Study"):
            date, time = (str(self.first.get(f"{kind}{what}") or "") for what in ("Date", "Time"))
            if len(date) == 8 and date.isdigit():
                return date, time if time[:6].isdigit() and len(time) >= 6 else NO_TIME
        return NO_DATE, NO_TIME

    @property
    def is_slide(self) -> bool:
        """True where the image is put together from tiles, which are the frames."""
        return "TotalPixelMatrixColumns" in self.first

    def series_number(self, offset: int) -> int:
        """A number for a new series, beside the one of the images."""
        stated = 0
        with suppress(TypeError, ValueError):
            stated = int(self.first.get("SeriesNumber") or 0)
        return min(max(stated, 0), 10_000_000) * 100 + offset

    def stacked(self, masks: Sequence[np.ndarray], geometry: Geometry) -> np.ndarray:
        """Masks as displayed -> (slices, rows, columns, masks) uint8, slices in the order of the stored array."""
        three = (*geometry.stored_shape, 1)[:3]
        stack = np.zeros((three[2], three[1], three[0], len(masks)), np.uint8)
        for number, mask in enumerate(masks):
            stack[..., number] = geometry.to_stored(mask).reshape(three).transpose(2, 1, 0)
        return stack


def source_images(series: "DicomSeries", anonymous: bool = False) -> SourceImages:
    """The headers of a series, complete and in UTF-8.

    Args:
        series: As read.
        anonymous: Leave out all but geometry and kind, and give new UIDs, made from the old ones by a hash.
    """
    clean = _anonymous if anonymous else _complete
    return SourceImages(tuple(clean(header) for header in series.headers), series.frames, anonymous)


def _complete(header: "Dataset") -> "Dataset":
    """A copy with every field that objects made from it must have, and none that they must not."""
    from pydicom import Dataset

    copy = Dataset()
    copy.update({element.tag: shallow(element) for element in header if not element.tag.is_private})
    with suppress(Exception):  # an unknown character set; what cannot be decoded stays as it is
        copy.decode()
    for field in STUDY_FIELDS:
        _put(copy, field, str(header.get(field) or ""))
    copy.SpecificCharacterSet = UTF_8
    if not copy.get("StudyInstanceUID"):
        copy.StudyInstanceUID = content_uid("study", str(header.get("SeriesInstanceUID", "")))
    return copy


def _put(header: "Dataset", field: str, value: str) -> None:
    """Set a field of text; what is no date, time or sex is left empty, for readers refuse the file otherwise."""
    if (
        (field in DATES and not (len(value) == 8 and value.isdigit()))
        or (field in TIMES and not value.replace(".", "").isdigit())
        or (field == "PatientSex" and value not in SEXES)
    ):
        value = ""
    setattr(header, field, value)


def _anonymous(header: "Dataset") -> "Dataset":
    copy = _kept(header, KEPT)
    for field in UIDS:
        if header.get(field):
            setattr(copy, field, content_uid("anonymous", str(header.get(field))))
    if not copy.get("StudyInstanceUID"):
        copy.StudyInstanceUID = content_uid("anonymous study", str(copy.get("SeriesInstanceUID", "")))
    for field in STUDY_FIELDS:
        setattr(copy, field, "")
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        if header.get(groups):
            setattr(copy, groups, [_kept_groups(item) for item in header.get(groups)])
    copy.SpecificCharacterSet = UTF_8
    return copy


def _kept(header: "Dataset", fields: Iterable[str]) -> "Dataset":
    from pydicom import Dataset

    copy = Dataset()
    for field in fields:
        if field in header:
            copy.add(shallow(header[field]))
    return copy


def _kept_groups(item: "Dataset") -> "Dataset":
    from pydicom import Dataset

    copy = Dataset()
    for group, fields in KEPT_GROUPS.items():
        found: Any = item.get(group)
        if found:
            setattr(copy, group, [_kept(found[0], fields)])
    return copy
