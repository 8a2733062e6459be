"""StoredPlane: one frame of a file, and what its header says of its size, place and values.

Enhanced objects say it frame by frame, in functional groups, or once for all, in the shared ones; older objects at
the top; RT doses by offsets from the first frame. Whoever reads a plane need not know which.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medsegr.data.dicom.files import PLAIN_SYNTAXES, DicomFile
from medsegr.data.dicom.header import first, items, number, numbers, text, value, whole, words
from medsegr.data.stored_picture import check_size
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_FRAMES = 20_000
"""Most frames of one file that are read."""

PROJECTIONS = ("CR", "DX", "MG", "RF", "XA", "PX", "IO", "RG")
"""Modalities whose pictures are shadows: no plane of the body, and each file a picture of its own."""

RECONSTRUCTED = tuple(f"1.2.840.10008.5.1.4.1.1.13.1.{end}" for end in (1, 2, 3))
"""SOP classes of planes of the body under such a modality: of angiography, of the face, of tomosynthesis."""

TOLD_APART_BY = {
    "TemporalPositionIndex": "FrameContentSequence", "TemporalPositionIdentifier": "",
    "TemporalPositionTimeOffset": "TemporalPositionSequence", "EchoNumbers": "", "EchoTime": "",
    "EffectiveEchoTime": "MREchoSequence", "DiffusionBValue": "MRDiffusionSequence",
    "DiffusionGradientOrientation": "MRDiffusionSequence",
    "NominalCardiacTriggerDelayTime": "CardiacSynchronizationSequence", "TriggerTime": "", "FrameType": "",
    "InversionTime": "", "FlipAngle": "MRTimingAndRelatedParametersSequence", "KVP": "CTXRayDetailsSequence",
    "ConvolutionKernel": "CTReconstructionSequence",
    "ImageType": "", "AcquisitionNumber": "", "FrameReferenceTime": "",
    "FrameReferenceDateTime": "FrameContentSequence", "FrameAcquisitionDateTime": "FrameContentSequence",
    "AcquisitionTime": "", "ContentTime": "",
}  # fmt: skip
"""What may tell planes at one place apart, in the order in which it is asked -> its functional group, "" for none.

Without such a group it stands at the top."""


class Place(NamedTuple):
    """Where a plane lies, LPS.

    Attributes:
        directions: (2, 3), of rows and of columns, of length 1.
        position: (3,), mm, of the first voxel's centre.
        spacing: Steps down a column and along a row, mm.
    """

    directions: np.ndarray
    position: np.ndarray
    spacing: tuple[float, float]

    def apart(self, other: "Place") -> float:
        """Distance of the two first voxels, mm."""
        return float(np.linalg.norm(self.position - other.position))


@dataclass(frozen=True)
class SharedFacts:
    """What a header says of all frames of its file, read once.

    Attributes:
        size: (rows, columns) in px.
        groups: Functional groups of each frame; empty where they are not stated frame by frame.
        study_uid, series_uid, instance_uid: "" where there is none.
        look: What must be equal for planes to make one image: values a pixel, and what they mean.
    """

    size: tuple[int, int]
    frames: int
    groups: "tuple[Dataset, ...]"
    study_uid: str
    series_uid: str
    instance_uid: str
    look: tuple[str, str]
    is_projection: bool


@dataclass(frozen=True, eq=False)
class StoredPlane:
    """One frame of a file.

    Attributes:
        header: Of the file, without pixel data.
        shared: What the header says of all its frames.
        number: Of the frame, from 1.
    """

    file: DicomFile
    header: "Dataset"
    shared: "SharedFacts"
    number: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) in px."""
        return self.shared.size

    def item(self, group: str) -> "Dataset":
        """A functional group of this frame, else the shared one, else the top of the header."""
        own = self.shared.groups
        mine = first(own[self.number - 1], group) if len(own) >= self.number else None
        shared = first(first(self.header, "SharedFunctionalGroupsSequence"), group)
        return mine or shared or self.header

    @cached_property
    def directions(self) -> np.ndarray | None:
        """(2, 3) float64, LPS: where a row and where a column runs to, of length 1; None where it is not stated.

        Raises:
            ImageError: They are no two directions at right angles.
        """
        found = numbers(self.item("PlaneOrientationSequence"), "ImageOrientationPatient", 6)
        if found is None or not found.any():
            return None
        pair = found.reshape(2, 3)
        lengths = np.linalg.norm(pair, axis=1, keepdims=True)
        if (np.abs(lengths - 1) > 0.05).any() or abs(float(pair[0] @ pair[1])) > 0.02:
            raise ImageError(f"{self.file.name}: its rows and columns are not at right angles "
                             "(ImageOrientationPatient), so its place is unknown. Export it again.")  # fmt: skip
        return pair / lengths

    @cached_property
    def position(self) -> np.ndarray | None:
        """(3,) float64, LPS mm, of the first voxel's centre; None where it is not stated."""
        offsets = numbers(self.header, "GridFrameOffsetVector")
        place = numbers(self.item("PlanePositionSequence"), "ImagePositionPatient", 3)
        if place is None or offsets is None or self.shared.frames == 1 or self.directions is None:
            return place if self.shared.frames == 1 or self.item("PlanePositionSequence") is not self.header else None
        if len(offsets) != self.shared.frames:
            return None
        return place + np.cross(*self.directions) * (offsets[self.number - 1] - offsets[0])

    @cached_property
    def spacing(self) -> tuple[float, float] | None:
        """Steps down a column and along a row, mm; None where nothing usable is stated.

        What a radiograph's header says of the detector (ImagerPixelSpacing) is no length in the body, and not read.
        """
        stated = numbers(self.item("PixelMeasuresSequence"), "PixelSpacing", 2)
        if stated is None or (stated <= 0).any():
            return None
        return float(stated[0]), float(stated[1])

    @cached_property
    def thickness(self) -> float | None:
        """SliceThickness in mm."""
        found = number(self.item("PixelMeasuresSequence"), "SliceThickness")
        return found if found and found > 0 else None

    @property
    def is_placed(self) -> bool:
        """True where direction, position and spacing are known."""
        return not (self.directions is None or self.position is None or self.spacing is None)

    @property
    def place(self) -> "Place":
        """Direction, position and spacing of a placed plane; see :attr:`is_placed`."""
        if self.directions is None or self.position is None or self.spacing is None:
            raise ImageError(f"{self} states no place in the patient.")
        return Place(self.directions, self.position, self.spacing)

    @cached_property
    def is_localizer(self) -> bool:
        """True for the scout that a scan is planned on."""
        kinds = (*words(self.header, "ImageType"), *self.frame_type)
        return any(kind in ("LOCALIZER", "SCOUT", "SCANOGRAM") for kind in kinds)

    @cached_property
    def frame_type(self) -> tuple[str, ...]:
        """FrameType of an enhanced object."""
        groups = (f"{kind}FrameTypeSequence" for kind in ("MRImage", "CTImage", "PET", "XRay3D"))
        return next((found for group in groups if (found := words(self.item(group), "FrameType"))), ())

    def told_apart_by(self, tag: str) -> str:
        """What tells this plane from another at the same place, by one of :data:`TOLD_APART_BY`."""
        if tag == "FrameType":
            return str(self.frame_type)
        item = self.item(TOLD_APART_BY[tag])
        within = first(item, "DiffusionGradientDirectionSequence") if tag == "DiffusionGradientOrientation" else None
        return text(within or item, tag)

    def __str__(self) -> str:
        return self.file.name if self.shared.frames == 1 else f"{self.file.name}, frame {self.number}"


def first_of(plane: StoredPlane, group: str) -> "Dataset | None":
    """A functional group of a frame, and no other part of the header."""
    found = plane.item(group)
    return None if found is plane.header else found


def planes_of(file: DicomFile, header: "Dataset") -> list[StoredPlane]:
    """All frames of a file.

    Raises:
        ImageError: A number of frames or a size that no file has, or fewer bytes than its pixels need.
    """
    stated = value(header, "NumberOfFrames")
    frames = 1 if stated is None else whole(header, "NumberOfFrames")
    if frames is None or not 1 <= frames <= MAX_FRAMES:
        raise ImageError(f"{file.name} states a number of frames that is not between 1 and {MAX_FRAMES:,}. "
                         "It is damaged; export it again.")  # fmt: skip
    size = whole(header, "Rows") or 0, whole(header, "Columns") or 0
    check_size(*size, file.name)
    samples = whole(header, "SamplesPerPixel") or 1
    _check_length(file, header, frames * size[0] * size[1] * samples)
    study, series, instance = (text(header, f"{kind}InstanceUID") for kind in ("Study", "Series", "SOP"))
    look, kind = (str(samples), text(header, "PhotometricInterpretation")), text(header, "SOPClassUID")
    is_projection = text(header, "Modality").upper() in PROJECTIONS and kind not in RECONSTRUCTED
    groups = items(header, "PerFrameFunctionalGroupsSequence")
    shared = SharedFacts(size, frames, groups, study, series, instance, look, is_projection)
    return [StoredPlane(file, header, shared, number) for number in range(1, frames + 1)]


def _check_length(file: DicomFile, header: "Dataset", values: int) -> None:
    """Refuse a file that is shorter than the pixels that it states, before anybody makes room for them."""
    syntax = getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None or syntax not in PLAIN_SYNTAXES.values():
        return
    needed = values * (whole(header, "BitsAllocated") or 8) // 8
    if text(header, "PhotometricInterpretation") == "YBR_FULL_422":
        needed = needed * 2 // 3
    if needed > file.length:
        raise ImageError(f"{file.name} is truncated: it states {needed:,} bytes of pixels and is {file.length:,} bytes "
                         "long. Copy it again.")  # fmt: skip
