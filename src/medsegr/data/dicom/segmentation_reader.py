"""DICOM-SEG: segments with their labels and codes, and their masks in the grid of the series that they were drawn on.

highdicom decodes the frames. Which frame belongs where is decided here, by its place in the patient, else by the image
that it refers to: never by its number, for frames come in any order, and empty ones are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from medsegr.data.damage import damage_told
from medsegr.data.dicom.files import DicomFile, dicom_files, read_header, read_whole
from medsegr.data.dicom.header import first, items, text, whole
from medsegr.data.dicom.planes import StoredPlane, first_of, planes_of
from medsegr.data.dicom.quiet_libraries import highdicom, pydicom
from medsegr.data.dicom.reader import SEGMENTATIONS
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

Kind = Literal["BINARY", "FRACTIONAL", "LABELMAP"]
Code = tuple[str, str, str]
"""Scheme, value and meaning."""

READING = "Reading DICOM segmentations"
UNDECODABLE = ": it is damaged, or lacks what DICOM demands. Export it again."

BACKGROUND = 0
"""Number of what is no segment, in label maps."""


@dataclass(frozen=True)
class DicomSegment:
    """What a file says of one segment.

    Attributes:
        number: By which frames refer to it; from 1.
        label: As its maker calls it; it may be anything.
        category, type: Coded; SNOMED CT, or what the file has; empty strings where it has none.
        algorithm: ``MANUAL``, ``SEMIAUTOMATIC``, ``AUTOMATIC``, or "".
    """

    number: int
    label: str
    category: Code
    type: Code
    algorithm: str


@dataclass(frozen=True, eq=False)
class DicomSegmentation:
    """A file of segments; its frames are decoded one at a time.

    Attributes:
        kind: What its values mean.
        overlap: ``YES``, ``NO``, ``UNDEFINED``, or "" where the file does not say. It may be wrong.
        segments: In order of number, without the background.
        study_uid, series_uid: Of the images that it was drawn on; "" where it does not say.
        frame_of_reference_uid: The space that its places are in.
    """

    file: DicomFile
    kind: Kind
    overlap: str
    segments: tuple[DicomSegment, ...]
    planes: tuple[StoredPlane, ...]
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str

    def frames(self, at_least: float = 0.5) -> Iterator[tuple[StoredPlane, int, np.ndarray]]:
        """Every frame of every segment: its place, the segment's number, and (rows, columns) bool.

        Args:
            at_least: Of FRACTIONAL ones: the least share of a pixel, or probability, that counts as inside; above 0.

        Raises:
            ImageError: It cannot be decoded.
        """
        if not 0 < at_least <= 1:
            raise ValueError(f"at_least is {at_least}; above 0 and at most 1 was expected.")
        whole_file = read_whole(self.file)
        with damage_told(f"{self.file.name} cannot be decoded as a segmentation", UNDECODABLE):
            decoder = highdicom(READING).seg.Segmentation.from_dataset(whole_file, copy=False)
        full = float(whole(whole_file, "MaximumFractionalValue") or 255) if self.kind == "FRACTIONAL" else 1.0
        for plane in self.planes:
            with damage_told(f"{self.file.name} cannot be decoded as a segmentation", UNDECODABLE):
                values = np.asarray(decoder.get_stored_frame(plane.number))
            if self.kind == "LABELMAP":
                there = set(np.unique(values).tolist()) - {BACKGROUND}
                yield from ((plane, number, values == number) for number in sorted(there))
            else:
                yield plane, _segment_of(plane), values >= at_least * full


@archives_kept_open()
def list_segmentations(path: Path) -> list[DicomSegmentation]:
    """All segmentations of a file, folder, archive or DICOMDIR, by their headers alone.

    Raises:
        ImageError: One is damaged.
        MissingExtraError: highdicom is missing.
    """
    found = ((file, read_header(file)) for file in dicom_files(path))
    return [_segmentation(file, header) for file, header in found
            if header is not None and text(header, "SOPClassUID") in SEGMENTATIONS]  # fmt: skip


def read_segmentation(path: Path | str) -> DicomSegmentation:
    """The one segmentation of a file, folder or archive.

    Raises:
        ImageError: It holds none, several, or a damaged one.
        MissingExtraError: highdicom is missing.
    """
    found = list_segmentations(Path(path))
    if len(found) != 1:
        raise ImageError(f"{Path(path).name} holds {len(found) or 'no'} DICOM segmentations; one was expected. "
                         "Name the file of one.")  # fmt: skip
    return found[0]


def _segmentation(file: DicomFile, header: "Dataset") -> DicomSegmentation:
    highdicom(READING)
    kind = text(header, "SegmentationType").upper()
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise ImageError(f"{file.name} is a segmentation that is neither BINARY, FRACTIONAL nor LABELMAP. "
                         "Export it again.")  # fmt: skip
    numbers: dict[int, DicomSegment] = {}
    for item in items(header, "SegmentSequence"):
        segment = _segment(item)
        if segment.number != BACKGROUND:
            numbers[segment.number] = segment
    planes = planes_of(file, header)
    unknown = [n for n in (map(_segment_of, planes) if kind != "LABELMAP" else ()) if n not in numbers]
    if not numbers or unknown:
        raise ImageError(f"{file.name}: its frames and its list of segments contradict each other. Export it again.")
    return DicomSegmentation(
        file,
        cast(Kind, kind),
        text(header, "SegmentsOverlap").upper(),
        tuple(numbers[number] for number in sorted(numbers)),
        tuple(planes),
        planes[0].shared.study_uid,
        text(first(header, "ReferencedSeriesSequence"), "SeriesInstanceUID"),
        text(header, "FrameOfReferenceUID"),
    )


def _segment(item: "Dataset") -> DicomSegment:
    return DicomSegment(
        whole(item, "SegmentNumber") or BACKGROUND,
        text(item, "SegmentLabel"),
        _code(first(item, "SegmentedPropertyCategoryCodeSequence")),
        _code(first(item, "SegmentedPropertyTypeCodeSequence")),
        text(item, "SegmentAlgorithmType").upper(),
    )


def _code(item: "Dataset | None") -> Code:
    """A code; those of SNOMED's old scheme (SRT) by their new numbers, where DICOM lists these."""
    scheme, value = text(item, "CodingSchemeDesignator"), text(item, "CodeValue")
    if scheme in ("SRT", "SNM3", "99SDM"):
        renewed = pydicom("pydicom.sr._snomed_dict").mapping["SRT"].get(value)
        scheme, value = ("SCT", renewed) if renewed else (scheme, value)
    return scheme, value, text(item, "CodeMeaning")


def _segment_of(plane: StoredPlane) -> int:
    return whole(first_of(plane, "SegmentIdentificationSequence"), "ReferencedSegmentNumber") or BACKGROUND


def source_of(plane: StoredPlane) -> tuple[str, int | None]:
    """(SOPInstanceUID, number of the frame or None) of the image that a frame was drawn on; "" where it is not said."""
    source = first(first_of(plane, "DerivationImageSequence"), "SourceImageSequence")
    return text(source, "ReferencedSOPInstanceUID"), whole(source, "ReferencedFrameNumber")


def labels_of(segments: Sequence[DicomSegment]) -> list[str]:
    """What the segments are called: by their label, else by their coded type."""
    return [segment.label or segment.type[2] or f"segment {segment.number}" for segment in segments]
