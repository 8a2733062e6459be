"""One structured report per series (TID 1500): every finding, outlined or not, and why not."""

from typing import TYPE_CHECKING, Any

from medsegr._version import __version__
from medsegr.data.dicom.study_report import MAKER
from medsegr.inference.dicom import codes as names
from medsegr.inference.dicom.case import DicomCase, concept, settle
from medsegr.inference.result import FindingResult

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import ComprehensiveSR, Measurement, MeasurementReport
    from pydicom import Dataset

ROLE, SERIES_OFFSET = "report", 2
MM3_PER_ML = 1000.0


def structured_report(case: DicomCase, segments: "Segmentation | None") -> "ComprehensiveSR":
    """What is known of every finding, referring to the segments of those with a mask.

    Args:
        case: Findings without a mask included.
        segments: Their segmentation; None where no finding has a mask.
    """
    from highdicom.sr import ComprehensiveSR

    made = ComprehensiveSR(
        evidence=[*case.source.headers, *([] if segments is None else [segments])],
        content=_content(case, segments)[0],
        series_instance_uid=case.uid(ROLE, "series"),
        sop_instance_uid=case.uid(ROLE),
        is_complete=True,
        specific_character_set=case.source.first.SpecificCharacterSet,
        **case.described("findings of the report, measured", SERIES_OFFSET),
    )
    settle(made, case.source)
    return made


def _content(case: DicomCase, segments: "Segmentation | None") -> "MeasurementReport":
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
    )
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=_device_uid(case), name=MAKER, manufacturer_name=MAKER, model_name=case.model, serial_number=__version__
    )
    observer = ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    numbers = {found.id: number for number, found in enumerate(case.outlined, 1)}
    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.ImagingProcedure,
        title=codes.DCM.ImagingMeasurementReport,
        imaging_measurements=[_group(case, found, segments, numbers.get(found.id)) for found in case.result.findings],
    )


def _device_uid(case: DicomCase) -> str:
    """UID of the program with this model."""
    from medsegr.inference.dicom.content_uid import content_uid

    return content_uid("device", MAKER, __version__, case.model)


def _group(case: DicomCase, found: FindingResult, segments: "Segmentation | None", number: int | None) -> Any:
    """One finding: tracked, coded, placed, measured and judged; its segment where it has one."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    said: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=case.uid("finding", found.id), identifier=found.id),
        "finding_type": concept(case.type_of(found)),
        "finding_category": concept(case.category_of(found)),
        "finding_sites": _sites(case, found),
        "algorithm_id": sr.AlgorithmIdentification(
            name=f"{MAKER} {case.model}", version=__version__, family=codes.cid7162.ArtificialIntelligence
        ),
        "measurements": _measurements(found),
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(concept(names.PRESENCE_NAME), concept(names.PRESENCE[found.finding.presence])),
            sr.QualitativeEvaluation(concept(names.OUTCOME_NAME), concept(names.OUTCOMES[found.outcome])),
        ],
    }
    group: Any
    if segments is None or number is None:
        group = sr.MeasurementsAndQualitativeEvaluations(**said)
    elif case.source.is_slide or case.result.image.is_volume:
        series = sr.SourceSeriesForSegmentation(str(case.source.first.SeriesInstanceUID))
        segment = sr.ReferencedSegment(*_names(segments), number, source_series=series)
        group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **said)
    else:  # a picture has one frame for each segment, in their order
        source = sr.SourceImageForSegmentation(*_names(case.source.first))
        frame = sr.ReferencedSegmentationFrame(*_names(segments), number, number, source)
        group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_segment=frame, **said)
    if found.reason:
        comment = sr.TextContentItem(
            codes.DCM.Comment, found.reason, relationship_type=sr.RelationshipTypeValues.CONTAINS
        )
        group[0].ContentSequence.append(comment)
    return group


def _names(made: "Dataset") -> tuple[str, str]:
    """Kind and UID of an object, by which others refer to it."""
    return str(made.SOPClassUID), str(made.SOPInstanceUID)


def _sites(case: DicomCase, found: FindingResult) -> list[Any] | None:
    from highdicom.sr import FindingSite

    side = names.SIDES.get(found.finding.location.laterality or "")
    places = case.places_of(found) or ((names.SOMEWHERE,) if side else ())
    return [FindingSite(concept(place), laterality=concept(side) if side else None) for place in places] or None


def _measurements(found: FindingResult) -> "list[Measurement] | None":
    """Length in mm and volume in ml where they are known, pixels where there is a mask, and the support."""
    from highdicom.sr import Measurement
    from pydicom.sr.codedict import codes

    told: list[Measurement] = []
    if found.size_mm is not None:
        told.append(Measurement(codes.SCT.LongAxis, round(float(found.size_mm), 2), codes.UCUM.Millimeter))
    if found.volume_mm3 is not None and found.outcome == "outlined":
        millilitres = concept(("UCUM", "ml", "milliliter"))
        told.append(Measurement(codes.SCT.Volume, round(float(found.volume_mm3) / MM3_PER_ML, 5), millilitres))
    if found.outcome == "outlined":
        pixels = concept(("UCUM", "{pixels}", "pixels"))
        told.append(Measurement(concept((names.PRIVATE, "mask-size", "Size of the mask")), found.area_px, pixels))
    if found.support is not None:
        told.append(Measurement(concept(names.SUPPORT_NAME), round(float(found.support), 4), codes.UCUM.NoUnits))
    return told or None
