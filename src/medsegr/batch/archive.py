"""Pictures inside zip and tar archives: listed without unpacking, unpacked one at a time under names of our own."""

import tarfile
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from medsegr.data.image import IMAGE_SUFFIXES
from medsegr.data.zip_archive import opened_zip
from medsegr.errors import ImageError

ARCHIVE_SUFFIXES = (".zip", ".tar")

MOST_BYTES = 4 * 1024**3
"""Of one unpacked member."""

MOST_RATIO = 1000
"""How many times larger a member may become; real pictures compress far less. Small ones may all the same."""

SMALL = 16 * 1024**2

_DAMAGED = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zipfile.BadZipFile, tarfile.TarError)


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive which can be read at any place."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def members(path: Path) -> list[str]:
    """Names of the pictures and volumes in an archive, sorted; hidden ones left out.

    Raises:
        ImageError: It is no archive, or damaged.
    """
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as packed:
                names = [entry.filename for entry in packed.infolist() if not entry.is_dir()]
        else:
            with tarfile.open(path, "r:") as tape:
                names = [entry.name for entry in tape if entry.isfile()]
    except _DAMAGED as error:
        raise ImageError(f"{path.name} cannot be read as an archive ({type(error).__name__}). Pack it again.") from None
    return sorted(name for name in names if _is_image(name))


def unpack(path: Path, member: str, folder: Path) -> Path:
    """Unpack one member into a folder, under the last part of its name; where the archive would put it is ignored.

    Raises:
        ImageError: It is not there, is damaged or encrypted, or becomes absurdly large.
    """
    place = folder / PurePosixPath(member).name
    try:
        if path.name.lower().endswith(".zip"):
            with opened_zip(path) as packed:
                _check_ratio(packed.getinfo(member))
                with packed.open(member) as content:
                    _copy(content, place)  # type: ignore[arg-type]
        else:
            entry = _entries(path, path.stat().st_mtime_ns)[member]
            with tarfile.open(path, "r:") as tape:
                found = tape.extractfile(entry)
                if found is None:
                    raise KeyError(member)
                _copy(found, place)  # type: ignore[arg-type]
    except KeyError:
        raise ImageError(f"{place.name} is no file in its archive any more. Pack it again.") from None
    except _DAMAGED as error:
        raise ImageError(f"{place.name} cannot be unpacked ({type(error).__name__}); the archive is damaged or "
                         "encrypted. Pack it again.") from None  # fmt: skip
    return place


@lru_cache(maxsize=2)
def _entries(path: Path, changed_ns: int) -> dict[str, tarfile.TarInfo]:
    """Name -> entry of a tar, which has no list of them: walked through once for each state of the file."""
    with tarfile.open(path, "r:") as tape:
        return {entry.name: entry for entry in tape}


def _is_image(name: str) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in PurePosixPath(name).parts)
    return name.lower().endswith(IMAGE_SUFFIXES) and not hidden


def _check_ratio(entry: zipfile.ZipInfo) -> None:
    if entry.file_size > max(SMALL, MOST_RATIO * entry.compress_size):
        raise ImageError(f"{PurePosixPath(entry.filename).name} would become {entry.file_size:,} bytes from "
                         f"{entry.compress_size:,}; no picture does. Pack it again.")  # fmt: skip


def _copy(content: BinaryIO, place: Path) -> None:
    left = MOST_BYTES
    with place.open("wb") as file:
        while block := content.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise ImageError(f"{place.name} is longer than {MOST_BYTES:,} bytes when unpacked. Give it by itself.")
            file.write(block)
