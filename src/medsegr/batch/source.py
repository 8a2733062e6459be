"""The bytes of a study: where they lie on this machine, and their hash."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medsegr._optional import require
from medsegr.batch.archive import unpack
from medsegr.batch.study import Study
from medsegr.errors import ImageError

BLOCK = 1 << 20

HEADERS = (".hdr", ".img", ".mhd", ".nhdr")
"""Suffixes of files whose voxels may lie in another one of that name."""


@contextmanager
def at_hand(study: Study) -> Iterator[Path]:
    """The study as a file or folder that can be read as long as the block lasts.

    Raises:
        ImageError: An archive or an object store does not give it.
    """
    if study.is_stack or not (study.member or study.address):
        yield study.image
        return
    with tempfile.TemporaryDirectory(prefix="medsegr-", ignore_cleanup_errors=True) as folder:
        yield unpack(study.image, study.member, Path(folder)) if study.member else _fetched(study, Path(folder))


def content_sha256(path: Path) -> str:
    """Of a file's bytes; of a folder's files, and of headers with their data beside them, with names, in order."""
    digest = hashlib.sha256()
    files = _files_of(path)
    for file in files:
        if len(files) > 1:
            name = os.path.relpath(file, path.parent)
            digest.update(f"\0{name}\0{file.stat().st_size}\0".encode(errors="replace"))
        with file.open("rb") as content:
            while block := content.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.suffix.lower() not in HEADERS:
        return [path]
    return sorted(file for file in path.parent.iterdir() if file.stem == path.stem and file.is_file())


def _fetched(study: Study, folder: Path) -> Path:
    """A copy of what an object store holds."""
    fsspec: Any = require("fsspec", "reading from an object store")
    place = folder / study.name
    try:
        with fsspec.open(study.address, "rb") as content, place.open("wb") as file:
            shutil.copyfileobj(content, file, BLOCK)
    except Exception as error:  # every store has errors of its own
        raise ImageError(f"{study.name} cannot be fetched from its store ({type(error).__name__}). Check its address, "
                         "your rights and the store's package (s3fs, gcsfs, adlfs).") from None  # fmt: skip
    return place
