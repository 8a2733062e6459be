"""One study of a work list: a picture, what its report says, and the name of its folder among the results."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from medsegr.batch.dicom_parts import STACK
from medsegr.data.file_names import image_stem
from medsegr.data.raster import RASTER_SUFFIXES

RESERVED = ("run.json",)
"""Names among the results that no case may take."""


@dataclass(frozen=True)
class Study:
    """One image to segment.

    Attributes:
        case: Name of its folder among the results.
        image: Path of the file or folder, or of the archive that holds it.
        report: Text, or None.
        member: Its name in the archive, or ``#`` and the number of a stack in a DICOM folder or archive; "" else.
        address: Where it lies in an object store (``s3://bucket/scan.png``), or "".
        targets: Names to look for, beside those of the whole run.
        modality: Its own, or None.
        number: Its place in the work list, from 0.
        problem: Why it cannot be read, where the work list knows already; "" else.
        own_report: Whether the report lay among its images.
    """

    case: str
    image: Path
    report: str | None = None
    member: str = ""
    address: str = ""
    targets: tuple[str, ...] = ()
    modality: str | None = None
    number: int = 0
    problem: str = ""
    own_report: bool = False

    @property
    def name(self) -> str:
        """Name of its file, without folders; of a stack that of its folder or archive, with its number."""
        if self.is_stack:
            return f"{self.image.name}{self.member}"
        return (self.member or self.address or str(self.image)).rstrip("/").rsplit("/", 1)[-1]

    @property
    def shown(self) -> str:
        """As it was given, for ``run.json``; of archives with the member, after a slash."""
        if self.is_stack:
            return f"{self.image}{self.member}"
        return self.address or (f"{self.image}/{self.member}" if self.member else str(self.image))

    @property
    def is_stack(self) -> bool:
        """Whether it is one of several images of a DICOM folder or archive."""
        return self.member.startswith(STACK)

    @property
    def may_be_volume(self) -> bool:
        """Whether it may be much larger than a picture."""
        return not self.name.lower().endswith(RASTER_SUFFIXES)


class CaseNames:
    """Gives folder names, no two alike in any file system: ``scan``, ``scan-2``."""

    def __init__(self) -> None:
        self._taken = set(RESERVED)
        self._tries: Counter[str] = Counter()

    def next(self, name: str) -> str:
        """A folder for the next case, from the name of its file or the one that a table wishes."""
        stem = free = re.sub(r"[^\w.-]+", "_", image_stem(name)).strip(".") or "case"
        while free.lower() in self._taken:
            self._tries[stem.lower()] += 1
            free = f"{stem}-{self._tries[stem.lower()] + 1}"
        self._taken.add(free.lower())
        return free
