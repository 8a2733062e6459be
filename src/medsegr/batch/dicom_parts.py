"""Which studies a DICOM folder, archive or DICOMDIR holds: one for each stack that makes one image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medsegr.data.dicom.files import DICOM_SUFFIXES, HEAD_BYTES, begins_dicom
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from medsegr.data.dicom.files import DicomFile
    from medsegr.data.dicom.stacks import Stack

STACK = "#"
"""What stands before the number of a stack, where a whole folder has to be read for it."""

_LOOKED_AT = 3
"""Files without a suffix whose first bytes are looked at."""


@dataclass(frozen=True)
class Part:
    """What a work list is made of.

    Attributes:
        path: A picture, a folder of a study, an archive, or a table of studies.
        member: Its name in the archive, or ``#`` and the number of a DICOM image; "" else.
        report: Text, or None; of a table, for its rows without one.
        study_uid: Of DICOM; "" where it is none, or was not looked at.
        own_report: Whether the report lay among the images of its study.
    """

    path: Path
    member: str = ""
    report: str | None = None
    study_uid: str = ""
    own_report: bool = False


def holds_dicom(files: Sequence[Path]) -> bool:
    """Whether a folder's files, none of which is a picture, seem to be DICOM."""
    if any(path.name.lower().endswith(DICOM_SUFFIXES) or path.name.upper() == "DICOMDIR" for path in files):
        return True
    bare = [path for path in files if not path.suffix.strip(".0123456789") and path.is_file()]
    return any(_is_dicom(path) for path in bare[:_LOOKED_AT])


def dicom_parts(path: Path) -> list[Part]:
    """Every image of a DICOM folder, archive or DICOMDIR; localizers are left out where there is anything else.

    Args:
        path: Read by its headers alone.

    Returns:
        The path of its file (or archive and member) where one file holds one image, so that it alone is read and
        hashed; else the path, and ``#`` with the number of the stack. What cannot be read is a study of its own, and
        will say why.

    Raises:
        MissingExtraError: pydicom is not installed.
    """
    from medsegr.data.dicom.reader import stacks_and_damage

    try:
        found, damaged = stacks_and_damage(path)
    except ImageError:
        return [Part(path)]
    stacks = [stack for stack in found if not stack.is_localizer] or found
    if len(found) == 1 and not damaged:
        return [Part(path, study_uid=found[0].study_uid)]
    users = Counter(file for stack in found for file in {plane.file for plane in stack.planes})
    faulty = {stack.series_uid for stack in found if stack.fault}
    lost = {each.series_uid or each.file: each.file for each in damaged if each.series_uid not in faulty}
    return [*(_part(stack, path, users) for stack in stacks), *(Part(f.path, f.member or "") for f in lost.values())]


def _part(stack: "Stack", path: Path, users: "Counter[DicomFile]") -> Part:
    files = {plane.file for plane in stack.planes}
    if len(files) == 1 and users[next(iter(files))] == 1:
        file = files.pop()
        return Part(file.path, file.member or "", study_uid=stack.study_uid)
    return Part(path, f"{STACK}{stack.name}", study_uid=stack.study_uid)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return begins_dicom(file.read(HEAD_BYTES))
