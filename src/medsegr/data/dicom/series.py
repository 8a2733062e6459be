"""DicomSeries: the DICOM headers behind an image, for whoever writes results beside it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True, eq=False)
class DicomSeries:
    """Where a stored array comes from: which file, or which frame of a file, each of its slices was.

    The stored array is (columns, rows, slices): i runs along a row, j down a column, k along row direction x
    column direction.

    Attributes:
        headers: Without pixel data, one per stored slice k; of a multi-frame file that file's one.
        frames: Number (from 1) of the frame that each stored slice is; empty where every file holds one slice. The
            slices of a mosaic all lie in frame 1.
        study_uid: StudyInstanceUID; "" where the file has none.
    """

    headers: "tuple[Dataset, ...]"
    frames: tuple[int, ...] = ()
    study_uid: str = ""
    series_uid: str = ""
    frame_of_reference_uid: str = ""
