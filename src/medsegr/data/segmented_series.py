"""Folders, archives and DICOMDIRs of DICOM series with DICOM-SEG made from them, as a data set to convert.

The report that a study was read with, where it lies beside the series, is the report of each of its images.

Images get names of their own (``p001-1.nii.gz``): those of DICOM files say nothing, or whose they are.
"""

import csv
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsegr.data.dicom.colour import is_palette
from medsegr.data.dicom.header import text
from medsegr.data.dicom.mosaic import tile_count
from medsegr.data.dicom.reader import list_stacks
from medsegr.data.dicom.segmentation_reader import DicomSegmentation, labels_of, list_segmentations, source_of
from medsegr.data.dicom.stacks import Stack
from medsegr.data.dicom.study_report import study_reports
from medsegr.data.dicom.tiles import is_tiled
from medsegr.data.foreign_dataset import ForeignCase, ForeignDataset, counted
from medsegr.errors import DatasetError, MissingExtraError


@dataclass(frozen=True)
class SegmentedCase(ForeignCase):
    """One series and the segmentations made from it.

    Attributes:
        stack: The image; ``image`` is its first file.
        segmentations: At least one; ``mask`` is the first one's file.
    """

    stack: Stack | None = None
    segmentations: tuple[DicomSegmentation, ...] = ()


def read_segmented_series(folder: Path | str) -> ForeignDataset:
    """Find the series that have segmentations, and what their segments are called.

    Args:
        folder: Holds images and DICOM-SEG, in whatever folders; or an archive of them.

    Returns:
        All cases as ``train``; labels are those of the segments, ``meanings`` what their coded types say. Series that
        make no image, segmentations of none, and reports without text, are left out and noted.

    Raises:
        DatasetError: It does not exist, has no segmentation, or none of a series that is there and makes an image.
        ImageError: A file is damaged.
        MissingExtraError: pydicom or highdicom is missing, or pypdf for a report that is a PDF.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DatasetError(f"{folder} does not exist. Give a folder, or an archive, of DICOM series and DICOM-SEG.")
    stacks, segmentations = list_stacks(folder), list_segmentations(folder)
    drawn: dict[str, list[DicomSegmentation]] = {}
    homeless: list[str] = []
    faulty: dict[str, str] = {}
    for segmentation in segmentations:
        home = _home_of(segmentation, stacks)
        if home is None:
            homeless.append(segmentation.file.name)
        elif home.fault is not None or _is_film_in_colour(home):
            faulty[segmentation.file.name] = home.fault or "It is of several planes in colour, which no data set holds."
        else:
            drawn.setdefault(home.name, []).append(segmentation)
    if not drawn:
        raise DatasetError(_nothing(folder, len(segmentations), list(dict.fromkeys(faulty.values()))))
    told = [each for found in drawn.values() for each in found]
    meanings = {label: segment.type[2] for each in told
                for label, segment in zip(labels_of(each.segments), each.segments, strict=True)}  # fmt: skip
    segmented = [stack for stack in stacks if stack.name in drawn]
    reports, unread = _reports(folder, {stack.study_uid for stack in segmented})
    notes = (
        *counted(homeless, "segmentations are of no series that is there"),
        *counted(list(faulty), "segmentations are of series that make no image of one grid"),
        *counted([name for name, found in drawn.items() if len(found) > 1],
                 "images have several segmentations, whose segments are put together"),
        *([f"{unread} reports cannot be used and were left out"] if unread else ()),
    )  # fmt: skip
    cases = tuple(_cases(segmented, drawn, reports))
    return ForeignDataset(folder.resolve().name, dict.fromkeys(meanings, ()), cases, None, notes, meanings)


def _nothing(folder: Path, segmentations: int, faults: Sequence[str]) -> str:
    """Why no segmentation has an image."""
    if faults:
        more = f" So it is with other series ({len(faults) - 1} further reasons)." if len(faults) > 1 else ""
        return f"{folder}: no series that was drawn on makes one image. {faults[0]}{more}"
    return (f"{folder} holds {segmentations or 'no'} DICOM segmentations and no image that one of them was drawn on. "
            "Give the folder that holds both.")  # fmt: skip


def _home_of(segmentation: DicomSegmentation, stacks: Sequence[Stack]) -> Stack | None:
    """The one image that a segmentation was drawn on: of its series, and of those of a series the one it refers to."""
    of_series = [stack for stack in stacks if stack.series_uid == segmentation.series_uid]
    if not segmentation.series_uid:
        of_series = [stack for stack in stacks if stack.study_uid == segmentation.study_uid]
    uids = {source_of(plane)[0] for plane in segmentation.planes} - {""}
    named = [stack for stack in of_series if uids & {plane.shared.instance_uid for plane in stack.planes}]
    fitting = named or ([] if uids and not segmentation.series_uid else of_series)
    return fitting[0] if len(fitting) == 1 else None


def _reports(folder: Path, studies: Container[str]) -> tuple[dict[str, str], int]:
    """StudyInstanceUID -> report of these studies that a table can hold, and how many others there are."""
    reports, unread = study_reports(folder, studies)
    for error in unread:
        if isinstance(error, MissingExtraError):
            raise error
    fitting = {study: report for study, report in reports.items() if len(report) <= csv.field_size_limit()}
    return fitting, len(unread) + len(reports) - len(fitting)


def _cases(
    stacks: Iterable[Stack], drawn: Mapping[str, Sequence[DicomSegmentation]], reports: Mapping[str, str]
) -> Iterable[SegmentedCase]:
    patients: dict[str, str] = {}
    images: Counter[str] = Counter()
    for stack in stacks:
        own = text(stack.first.header, "PatientID") or stack.study_uid
        patient = patients.setdefault(own, f"p{len(patients) + 1:03d}")
        images[patient] += 1
        name = f"{patient}-{images[patient]}{'.png' if is_picture(stack) else '.nii.gz'}"
        found, report = tuple(drawn[stack.name]), reports.get(stack.study_uid)
        yield SegmentedCase(name, stack.first.file.path, found[0].file.path, "train", report, patient, stack, found)


def is_picture(stack: Stack) -> bool:
    """Whether a stack makes one picture without a place in the patient, which goes into a PNG."""
    header = stack.first.header
    return stack.affine is None and tile_count(header) is None and (len(stack.planes) == 1 or is_tiled(header))


def _is_film_in_colour(stack: Stack) -> bool:
    """Whether it has several planes in colour, which no file of a data set holds."""
    return not is_picture(stack) and (stack.first.shared.look[0] == "3" or is_palette(stack.first.header))
