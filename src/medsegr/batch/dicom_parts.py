"""Which studies a DICOM folder, archive or DICOMDIR holds: one for each stack that makes one image."""

from collections import Counter
from collections.abc import Sequence
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


def holds_dicom(files: Sequence[Path]) -> bool:
    """Whether a folder's files, none of which is a picture, seem to be DICOM."""
    if any(path.name.lower().endswith(DICOM_SUFFIXES) or path.name.upper() == "DICOMDIR" for path in files):
        return True
    bare = [path for path in files if not path.suffix.strip(".0123456789") and path.is_file()]
    return any(_is_dicom(path) for path in bare[:_LOOKED_AT])


def dicom_parts(path: Path) -> list[tuple[Path, str]]:
    """Every image of a DICOM folder, archive or DICOMDIR; localizers are left out where there is anything else.

    Args:
        path: Read by its headers alone.

    Returns:
        The path of its file (or archive and member) where one file holds one image, so that it alone is read and
        hashed; else the path, and ``#`` with the number of the stack. What cannot be read stays one study, and
        will say why.

    Raises:
        MissingExtraError: pydicom is not installed.
    """
    from medsegr.data.dicom.reader import list_stacks

    try:
        found = list_stacks(path)
    except ImageError:
        return [(path, "")]
    stacks = [stack for stack in found if not stack.is_localizer] or found
    if len(found) == 1:
        return [(path, "")]
    users = Counter(file for stack in found for file in {plane.file for plane in stack.planes})
    return [_part(stack, path, users) for stack in stacks]


def _part(stack: "Stack", path: Path, users: "Counter[DicomFile]") -> tuple[Path, str]:
    files = {plane.file for plane in stack.planes}
    if len(files) == 1 and users[next(iter(files))] == 1:
        file = files.pop()
        return file.path, file.member or ""
    return path, f"{STACK}{stack.name}"


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return begins_dicom(file.read(HEAD_BYTES))
