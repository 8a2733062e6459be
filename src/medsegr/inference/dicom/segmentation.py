"""One DICOM-SEG per series: a segment for each finding with a mask; overlap is kept.

BINARY, for FRACTIONAL and LABELMAP lose or refuse overlap (docs/outputs.md).
"""

from typing import TYPE_CHECKING

from medsegr._version import __version__
from medsegr.data.dicom.study_report import MAKER
from medsegr.inference.dicom.case import DicomCase, concept, settle
from medsegr.inference.dicom.codes import SIDES
from medsegr.inference.dicom.stand_in import put_right, stand_ins
from medsegr.inference.result import FindingResult
from medsegr.inference.shown_as import finding_colour, plain_name

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription

ROLE, SERIES_OFFSET = "segmentation", 1


def segmentation(case: DicomCase) -> "Segmentation":
    """All masks of a case as one DICOM-SEG.

    Args:
        case: With at least one outlined finding.
    """
    from highdicom.seg import Segmentation

    outlined, source, geometry = case.outlined, case.source, case.result.image.geometry
    made = Segmentation(
        source_images=stand_ins(source, geometry),
        pixel_array=source.stacked([found.mask for found in outlined], geometry),
        segmentation_type="BINARY",
        segment_descriptions=[_described(case, number, found) for number, found in enumerate(outlined, 1)],
        series_instance_uid=case.uid(ROLE, "series"),
        sop_instance_uid=case.uid(ROLE),
        content_label="FINDINGS",
        content_description="Findings of the report, outlined",
        specific_character_set=source.first.SpecificCharacterSet,
        **case.described("findings of the report", SERIES_OFFSET),
        tile_pixel_array=source.is_slide,
    )
    put_right(made, source, geometry)
    settle(made, source)
    organisation = case.uid(ROLE, "dimensions")
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organisation
    return made


def _described(case: DicomCase, number: int, found: FindingResult) -> "SegmentDescription":
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes

    place = case.result.findings.index(found)
    rgb = [int(finding_colour(place)[at : at + 2], 16) for at in (1, 3, 5)]
    made = SegmentDescription(
        segment_number=number,
        segment_label=plain_name(found.finding)[:64],
        segmented_property_category=concept(case.category_of(found)),
        segmented_property_type=concept(case.type_of(found)),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=f"{MAKER} {case.model}", family=codes.cid7162.ArtificialIntelligence, version=__version__
        ),
        tracking_id=found.id,
        tracking_uid=case.uid("finding", found.id),
        anatomic_regions=[concept(place) for place in case.places_of(found)] or None,
        display_color=CIELabColor.from_rgb(*rgb),
    )
    side = SIDES.get(found.finding.location.laterality or "")
    if side is not None:
        made.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [concept(side)]
    return made
