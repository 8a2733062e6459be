"""A folder of DICOM instances as they come from a PACS: one file each, under names that say nothing."""

import hashlib
from pathlib import Path
from typing import Any

from medsegr.data.outputs import atomic_write


def instance_path(folder: Path, sop_instance_uid: str) -> Path:
    """Where an instance lies; sent once more, it takes its own place. UIDs of others may hold anything."""
    return folder / f"{hashlib.sha256(sop_instance_uid.encode()).hexdigest()[:24]}.dcm"


def write_encoded(folder: Path, sop_instance_uid: str, content: bytes) -> Path:
    """Write an instance that came with its preamble, byte by byte as it came.

    Raises:
        OutputError: The folder is not writable.
    """
    path = instance_path(folder, sop_instance_uid)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    return path


def write_dataset(folder: Path, made: Any) -> Path:
    """Write an instance that a library has read.

    Raises:
        OutputError: The folder is not writable.
    """
    path = instance_path(folder, str(made.get("SOPInstanceUID", "")))
    with atomic_write(path) as temporary:
        made.save_as(temporary)
    return path
