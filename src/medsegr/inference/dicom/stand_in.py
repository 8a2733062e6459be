"""Stand-ins: headers that highdicom can follow, in place of those of odd but good files; and the way back.

highdicom takes places from the source's own fields, and refuses what lacks them or has them elsewhere: multi-frame
ultrasound, RT doses, mosaics, enhanced objects whose spacing stands frame by frame, CT without a frame of reference.
We know where every slice lies, so it is told so in one layout, and the references are put right in what it makes.
"""

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from medsegr.data.geometry import Geometry
from medsegr.inference.dicom.content_uid import content_uid
from medsegr.inference.dicom.source import SourceImages

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from pydicom import Dataset

ONE_FRAME, MANY_FRAMES = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.3"
"""Secondary capture, which promises nothing that could be missing."""

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

THICKNESS = 1.0
"""Of a slice in mm, where nobody stated it: readers of DICOM-SEG want one, also of a radiograph."""

PLACES = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices",
          "FrameOfReferenceUID", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
          "NumberOfFrames")  # fmt: skip


def stand_ins(source: SourceImages, geometry: Geometry) -> "list[Dataset]":
    """Headers for highdicom: one per slice, or a single one whose frames are the slices in stored order.

    A slide's own header stays, for its tiles are laid out by it.
    """
    if source.is_slide:
        return [source.first]
    affine, slices = _affine(source, geometry), (*geometry.stored_shape, 1)[2]
    if affine is None:
        return [_bare(source.first, ONE_FRAME)]
    if len(source.headers) == slices and not source.frames:
        return [_placed(header, source, affine, k) for k, header in enumerate(source.headers)]
    made = _bare(source.first, MANY_FRAMES)
    made.FrameOfReferenceUID = _frame_of_reference(source)
    made.Rows, made.Columns, made.NumberOfFrames = geometry.stored_shape[1], geometry.stored_shape[0], slices
    made.SharedFunctionalGroupsSequence = [
        _item(
            PixelMeasuresSequence=[_measures(affine)],
            PlaneOrientationSequence=[_item(ImageOrientationPatient=_orientation(affine))],
        )
    ]
    made.PerFrameFunctionalGroupsSequence = [
        _item(PlanePositionSequence=[_item(ImagePositionPatient=_position(affine, k))]) for k in range(slices)
    ]
    return [made]


def put_right(made: "Segmentation", source: SourceImages, geometry: Geometry) -> None:
    """Make what was made of stand-ins refer to the images that they stood for, and claim no place that is none."""
    if source.is_slide:
        return
    kinds = {str(header.SOPInstanceUID): str(header.SOPClassUID) for header in source.headers}
    for item in _references(made):
        item.ReferencedSOPClassUID = kinds[str(item.ReferencedSOPInstanceUID)]
        if source.is_mosaic:
            item.SpatialLocationsPreserved = "NO"
        if "ReferencedFrameNumber" in item and source.is_mosaic:
            del item.ReferencedFrameNumber
        elif "ReferencedFrameNumber" in item:
            item.ReferencedFrameNumber = source.frames[int(item.ReferencedFrameNumber) - 1]
    if geometry.affine is None:
        _forget_places(made, source, geometry)


def _affine(source: SourceImages, geometry: Geometry) -> np.ndarray | None:
    """Stored (i, j, k) -> LPS; of slices without a place one that keeps them apart; None for a picture without one."""
    if geometry.affine is not None:
        return RAS_TO_LPS @ geometry.affine
    if (*geometry.stored_shape, 1)[2] == 1:
        return None
    spacing = shown_spacing(source, geometry) or (1.0, 1.0)
    return np.diag([spacing[1], spacing[0], THICKNESS, 1.0])


def shown_spacing(source: SourceImages, geometry: Geometry) -> tuple[float, float] | None:
    """Steps down a column and along a row, mm: in the body, else on the detector; None where nobody stated them."""
    if geometry.spacing_known:
        return geometry.spacing_mm[1], geometry.spacing_mm[2]
    for field in ("PixelSpacing", "ImagerPixelSpacing"):
        stated = source.first.get(field)
        if stated is not None and len(stated) == 2 and all(float(side or 0) > 0 for side in stated):
            return float(stated[0]), float(stated[1])
    return None


def _bare(header: "Dataset", kind: str) -> "Dataset":
    """A copy that says nothing of places, as an object of a simple kind."""
    from pydicom import Dataset

    made = Dataset()
    made.update({element.tag: copy(element) for element in header})
    for field in PLACES:
        if field in made:
            delattr(made, field)
    made.SOPClassUID = kind
    return made


def _placed(header: "Dataset", source: SourceImages, affine: np.ndarray, k: int) -> "Dataset":
    made = _bare(header, ONE_FRAME)
    made.FrameOfReferenceUID = _frame_of_reference(source)
    made.ImagePositionPatient, made.ImageOrientationPatient = _position(affine, k), _orientation(affine)
    made.update(_measures(affine))
    return made


def _frame_of_reference(source: SourceImages) -> str:
    """The images' own; one made from the series where they have none, for places need a space to be in."""
    stated = str(source.first.get("FrameOfReferenceUID") or "")
    return stated or content_uid("frame of reference", str(source.first.SeriesInstanceUID))


def _measures(affine: np.ndarray) -> "Dataset":
    along, down, through = (float(step) for step in np.linalg.norm(affine[:3, :3], axis=0))
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    apart = abs(float(affine[:3, 2] @ normal)) / float(np.linalg.norm(normal))  # not along a tilted gantry's table
    return _item(PixelSpacing=[_ds(down), _ds(along)], SliceThickness=_ds(through), SpacingBetweenSlices=_ds(apart))


def _orientation(affine: np.ndarray) -> list[Any]:
    row, column = (affine[:3, axis] / np.linalg.norm(affine[:3, axis]) for axis in (0, 1))
    return [_ds(value) for value in (*row, *column)]


def _position(affine: np.ndarray, k: int) -> list[Any]:
    return [_ds(value) for value in affine[:3, 3] + affine[:3, 2] * k]


def _ds(value: float) -> Any:
    """A decimal string of at most 16 characters."""
    from pydicom.valuerep import DSfloat

    return DSfloat(float(value), auto_format=True)


def _item(**fields: Any) -> "Dataset":
    from pydicom import Dataset

    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _references(made: "Segmentation") -> "list[Dataset]":
    """All items that refer to a source image; each once, for frames of several segments share theirs."""
    found = list(made.get("SourceImageSequence", ()))
    for series in made.get("ReferencedSeriesSequence", ()):
        found += list(series.ReferencedInstanceSequence)
    for frame in made.PerFrameFunctionalGroupsSequence:
        for derivation in frame.get("DerivationImageSequence", ()):
            found += list(derivation.SourceImageSequence)
    return list({id(item): item for item in found}.values())


def _forget_places(made: "Segmentation", source: SourceImages, geometry: Geometry) -> None:
    """Leave no place in a segmentation of pictures that have none: frames are told apart by their number."""
    own = source.first.get("FrameOfReferenceUID")
    if own:
        made.FrameOfReferenceUID = own
    elif "FrameOfReferenceUID" in made:
        del made.FrameOfReferenceUID
    if "PositionReferenceIndicator" in made:
        del made.PositionReferenceIndicator
    shared, spacing = made.SharedFunctionalGroupsSequence[0], shown_spacing(source, geometry)
    for group in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if group in shared:
            delattr(shared, group)
    if spacing is not None:
        sides = [_ds(side) for side in spacing]
        shared.PixelMeasuresSequence = [_item(PixelSpacing=sides, SliceThickness=_ds(THICKNESS))]
    if (*geometry.stored_shape, 1)[2] > 1:
        _count_frames(made)


def _count_frames(made: "Segmentation") -> None:
    """Number of the frame in place of its position, as the dimension that tells frames apart."""
    if "DimensionOrganizationType" in made:
        del made.DimensionOrganizationType
    place = made.DimensionIndexSequence[1]
    place.DimensionIndexPointer, place.FunctionalGroupPointer = 0x00209057, 0x00209111
    place.DimensionDescriptionLabel = "In-Stack Position Number"
    del made.DimensionIndexSequence[2:]
    for frame in made.PerFrameFunctionalGroupsSequence:
        if "PlanePositionSequence" in frame:
            del frame.PlanePositionSequence
        content = frame.FrameContentSequence[0]
        reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
        content.StackID, content.InStackPositionNumber = "1", int(reference.get("ReferencedFrameNumber", 1))
        content.DimensionIndexValues = [int(value) for value in content.DimensionIndexValues][:2]
