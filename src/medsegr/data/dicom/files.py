"""Which files are DICOM: one file, all of a folder, of a zip archive, or those that a DICOMDIR lists.

Archives are read where they lie, member by member; nothing is unpacked by the name that a member claims, and what
a member unpacks to is bounded before it is.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from medsegr.data.damage import damage_told
from medsegr.data.dicom.header import text, value
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.data.zip_archive import opened_zip
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
"""What a DICOM file's name may end in; many have none."""

MAX_FILES = 200_000
"""Most files of a folder or archive that are looked at."""

MAX_BYTES = 4_000_000_000
"""Most bytes of one file, as unpacked, that are read."""

DEFERRED = 8_000_000
"""Bytes of one element of a header beyond which it is passed over."""

MAX_READS = 1_000_000
"""Most pieces of one file that pydicom asks for: one to three an element. Files of empty elements ask for more."""

DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR."""

DEFLATED = "1.2.840.10008.1.2.1.99"

PLAIN_SYNTAXES = {(True, True): "1.2.840.10008.1.2", (False, True): "1.2.840.10008.1.2.1",
                  (False, False): "1.2.840.10008.1.2.2"}  # fmt: skip
"""(implicit, little endian) -> transfer syntax, for files that state none."""

EXPORT_AGAIN = ". Copy or export it again."

END = b"\xfc\xff\xfc\xff\0\0\0\0"
"""An empty element of padding; behind a file that was cut off within an element it becomes part of that one."""

END_TAGS = (0xFFFCFFFC, 0xFCFFFCFF)
"""As it is read, with the little end first or last."""

HEAD_BYTES = 132
"""First bytes of a file that tell whether it is DICOM."""


class _CountedReads:
    """A stream that ends in an error once it was asked too often, so that a small file cannot take for ever."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.seek, self.tell, self._read, self._left = stream.seek, stream.tell, stream.read, MAX_READS

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ImageError(f"A file holds more than {MAX_READS:,} elements and is not read.")
        return self._read(size)


@dataclass(frozen=True, order=True)
class DicomFile:
    """A file, or a member of a zip archive.

    Attributes:
        member: Name inside the archive; None for a plain file.
    """

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """For messages: the last part of its name."""
        return self.path.name if self.member is None else f"{self.path.name}:{Path(self.member).name}"

    @property
    def length(self) -> int:
        """Of its content in bytes, unpacked.

        Raises:
            ImageError: It is gone.
        """
        with self._readable():
            if self.member is None:
                return self.path.stat().st_size
            with opened_zip(self.path) as archive:
                return archive.getinfo(self.member).file_size

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes, from the beginning.

        Raises:
            ImageError: It cannot be opened, or unpacks to more than ``MAX_BYTES``.
        """
        with self._readable():
            if self.member is None:
                with self.path.open("rb") as file:
                    yield file
                return
            with opened_zip(self.path) as archive:
                size = archive.getinfo(self.member).file_size
                if size > MAX_BYTES:
                    raise ImageError(f"{self.name} unpacks to {size:,} bytes; at most {MAX_BYTES:,} are read.")
                with archive.open(self.member) as file:
                    yield file

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError) as error:
            if isinstance(error, RecursionError):
                raise
            raise ImageError(f"{self.name} cannot be opened ({type(error).__name__}): it is damaged, encrypted or not "
                             "permitted. Copy it again.") from error  # fmt: skip


def dicom_source(given: Path | str) -> tuple[Path, str | None] | None:
    """A path that is to be read as DICOM, and the series that is named behind a ``#``; None for all other paths."""
    path = Path(given)
    if _may_hold_dicom(path):
        return path, None
    base, _, series = str(given).rpartition("#")
    return (Path(base), series) if base and series and _may_hold_dicom(Path(base)) else None


def _may_hold_dicom(path: Path) -> bool:
    """True for a folder, an archive, a DICOMDIR, and a file that says that it is DICOM, by its name or its bytes."""
    try:
        if path.is_dir():
            return True
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError):  # no such file, or too long for a name
        return False
    named = path.suffix.lower() in (*DICOM_SUFFIXES, ".zip")
    return bool(head) and (named or begins_dicom(head))


def dicom_files(path: Path) -> list[DicomFile]:
    """The files that may be DICOM, in order of name; hidden ones and DICOMDIRs themselves left out.

    Raises:
        ImageError: A damaged archive, or too many files.
    """
    if path.is_dir():
        found = [DicomFile(each) for each in _walk(path)]
    elif path.name.upper() == "DICOMDIR":
        found = _listed(path)
    elif zipfile.is_zipfile(path):
        try:
            with opened_zip(path) as archive:
                members = [info.filename for info in archive.infolist() if not info.is_dir()]
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise ImageError(f"{path.name} is a damaged archive ({type(error).__name__}). Copy it again.") from error
        found = [
            DicomFile(path, member) for member in members if not _hidden(tuple(member.replace("\\", "/").split("/")))
        ]
    elif path.suffix.lower() == ".zip":
        raise ImageError(f"{path.name} is no zip archive, or a damaged one. Copy it again.")
    else:
        return [DicomFile(path)]
    if len(found) > MAX_FILES:
        raise ImageError(f"{path.name} holds more than {MAX_FILES:,} files. Name a folder further down.")
    return sorted(file for file in found if Path(file.member or file.path).name.upper() != "DICOMDIR")


def read_header(file: DicomFile) -> "Dataset | None":
    """A file's header, without pixel data; None where the file is not DICOM, or a list of files.

    Raises:
        ImageError: It is DICOM, and damaged before its pixels; or it is called so, and empty.
    """
    with damage_told(f"{file.name} is damaged or truncated DICOM", EXPORT_AGAIN), file.opened() as stream:
        head = stream.read(HEAD_BYTES)
        if not head and file.name.lower().endswith(DICOM_SUFFIXES):
            raise ImageError(f"{file.name} is empty (0 bytes){EXPORT_AGAIN}")
        if not begins_dicom(head):
            return None
        header = _read(stream, head, stop_before_pixels=True)
    if text(header, "SOPClassUID") or value(header, "Rows"):
        return header
    if text(getattr(header, "file_meta", None), "MediaStorageSOPClassUID") == DIRECTORY:
        return None
    if head[128:132] != b"DICM":  # bare, and nothing in it: some other file that begins so
        return None
    raise ImageError(f"{file.name} is DICOM and ends before it says of which study it is{EXPORT_AGAIN}")


def read_whole(file: DicomFile) -> "Dataset":
    """A file with its pixel data.

    Raises:
        ImageError: It is damaged.
    """
    with damage_told(f"{file.name} is damaged or truncated DICOM", EXPORT_AGAIN), file.opened() as stream:
        return _read(stream, stream.read(HEAD_BYTES), stop_before_pixels=False)


def read_to_its_end(file: DicomFile) -> "Dataset":
    """As :func:`read_whole`, of a file that must not end within an element: pydicom leaves out what is missing there.

    Raises:
        ImageError: It is damaged, or was cut off.
    """
    with damage_told(f"{file.name} is damaged or truncated DICOM", EXPORT_AGAIN), file.opened() as stream:
        content = stream.read()
        dataset = _read(io.BytesIO(content + END), content[:HEAD_BYTES], stop_before_pixels=False)
    if text(dataset.file_meta, "TransferSyntaxUID") != DEFLATED and not any(tag in dataset for tag in END_TAGS):
        raise ImageError(f"{file.name} was cut off within an element{EXPORT_AGAIN}")
    return dataset


def _read(stream: IO[bytes], head: bytes, stop_before_pixels: bool) -> "Dataset":
    dcmread = pydicom().dcmread
    stream.seek(0)
    if head[128:] == b"DICM":
        stream = _inflated_within_bounds(stream)
    defer = DEFERRED if stop_before_pixels else None
    header = dcmread(_CountedReads(stream), stop_before_pixels=stop_before_pixels, force=True, defer_size=defer)
    meta = getattr(header, "file_meta", None)
    if meta is not None and "TransferSyntaxUID" not in meta:
        meta.TransferSyntaxUID = PLAIN_SYNTAXES[header.original_encoding]
    return header


def _inflated_within_bounds(stream: IO[bytes]) -> IO[bytes]:
    """The same bytes from their beginning; if they are deflated, they do not unpack to more than ``MAX_BYTES``."""
    stream.seek(HEAD_BYTES)
    meta = pydicom("pydicom.filereader")._read_file_meta_info(stream)
    end_of_meta = stream.tell()
    stream.seek(0)
    if text(meta, "TransferSyntaxUID") != DEFLATED:
        return stream
    content = stream.read()
    unpacker, packed, size = zlib.decompressobj(-zlib.MAX_WBITS), content[end_of_meta:], 0
    while packed and not unpacker.eof:
        size += len(unpacker.decompress(packed, 1 << 24))
        packed = unpacker.unconsumed_tail
        if size > MAX_BYTES // 4:
            raise ImageError(f"A deflated file unpacks to more than {MAX_BYTES // 4:,} bytes and is not read.")
    return io.BytesIO(content)


def begins_dicom(head: bytes) -> bool:
    """Whether a file's first 132 bytes or more are DICOM's: with the letters DICM, or bare."""
    return head[128:132] == b"DICM" or _bare(head)


def _bare(head: bytes) -> bool:
    """Whether a file without the letters DICM begins as DICOM all the same: with an early element, little endian."""
    group, element = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
    return len(head) >= 16 and ((group == 8 and element <= 0x60) or (group == 2 and element <= 0x10))


def _hidden(parts: tuple[str, ...]) -> bool:
    return any((part.startswith(".") and part.strip(".")) or part == "__MACOSX" for part in parts)


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _hidden((name,)))
        yield from (Path(place) / name for name in sorted(names) if not _hidden((name,)))


def _listed(path: Path) -> list[DicomFile]:
    """The files that a DICOMDIR names and that lie in its own folder or below."""
    with damage_told(f"{path.name} is no DICOMDIR, or a damaged one", ". Give the folder around it."):
        with path.open("rb") as stream:
            listing = _read(stream, stream.read(HEAD_BYTES), stop_before_pixels=True)
        parts = [text(record, "ReferencedFileID").split("\\") for record in listing.DirectoryRecordSequence]
    root = path.parent.resolve()
    files = [(root / Path(*names)).resolve() for names in parts if names != [""]]
    return [DicomFile(file) for file in files if file.is_relative_to(root) and file.is_file()]
