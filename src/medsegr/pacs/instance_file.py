"""A folder of DICOM instances as they come from a PACS: one file each, under names that say nothing."""

import hashlib
from pathlib import Path
from typing import Any

from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.data.outputs import atomic_write
from medsegr.errors import PacsError


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


def read_instance(path: Path, *, header: bool = False) -> Any:
    """A DICOM file that is to be stored, or its header alone, without pixels.

    Raises:
        PacsError: It is no DICOM file, is damaged, or does not say of what kind it is.
        MissingExtraError: pydicom is missing.
    """
    library = pydicom()
    try:
        made = library.dcmread(path, stop_before_pixels=header)
        told = made.file_meta.MediaStorageSOPClassUID, made.file_meta.TransferSyntaxUID
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # pydicom raises nearly anything about damaged files
        raise PacsError(f"{path.name} is no DICOM file, or a damaged one ({type(error).__name__}). A PACS stores DICOM "
                        "alone, such as segmentation.dcm and report.dcm.") from error  # fmt: skip
    if not all(told):
        raise PacsError(f"{path.name} does not say what kind of DICOM object it is. Export it again.")
    return made
