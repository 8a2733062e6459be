"""Pictures that a worker has read and may be asked for again: by their content, the longest unused go first."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.errors import ImageError

if TYPE_CHECKING:
    from medsegr.data.dicom.stacks import Stack
    from medsegr.data.image import MedicalImage

BLOCK = 1 << 20

LARGEST = "largest"
"""In place of a series' name: the one with the most voxels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A file's picture.

    Attributes:
        image: As it was read.
        series: All that DICOM holds, in words, by their numbers from 1; empty of other files.
        chosen: Number of the one that was read.
    """

    image: "MedicalImage"
    series: tuple[str, ...] = ()
    chosen: str | None = None


class ReadPictures:
    """Files -> the images that they hold; of bounded size.

    Args:
        limit_bytes: Of all voxels together; a larger image is read each time.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[str, Picture] = OrderedDict()

    def read(self, path: Path, modality: str | None, series: str | None = None) -> Picture:
        """The picture of a file; of DICOM with several series the named one: a number, a UID, or ``largest``.

        Raises:
            ImageError: It is none, or holds several series, which are then listed.
        """
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        key = f"{digest.hexdigest()} {path.name} {modality} {series}"
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        picture = _read(path, modality, series)
        self._kept[key] = picture
        sizes = [kept.image.voxels.nbytes for kept in self._kept.values()]
        while self._kept and sum(sizes) > self.limit_bytes:
            self._kept.popitem(last=False)
            sizes.pop(0)
        return picture


def _read(path: Path, modality: str | None, series: str | None) -> Picture:
    from medsegr.data.dicom.files import dicom_source
    from medsegr.data.dicom.reader import chosen_stack, list_stacks
    from medsegr.data.image import load_image

    if dicom_source(path) is None:
        if series is not None:
            raise ImageError("'series' names one of several in DICOM, and this picture is not DICOM. Leave it out.")
        return Picture(load_image(path, modality))
    stacks = list_stacks(path)
    chosen = _largest(stacks) if series == LARGEST else chosen_stack(stacks, path, series)
    return Picture(load_image(chosen, modality), tuple(map(_in_words, stacks)), chosen.name)


def _largest(stacks: "Sequence[Stack]") -> "Stack":
    """The one with the most voxels of those that can be read; of localizers only where there is nothing else."""

    def rank(stack: "Stack") -> tuple[bool, bool, int]:
        rows, columns = stack.first.size
        return stack.fault is None, not stack.is_localizer, len(stack.planes) * rows * columns

    return max(stacks, key=rank)


def _in_words(stack: "Stack") -> str:
    from medsegr.data.dicom.header import text

    described = text(stack.first.header, "SeriesDescription")[:64]
    return f"{stack}, {described}" if described else str(stack)
