"""Tensors in a folder, a file for each key: of bounded size, and safe for several processes."""

import hashlib
import os
import time
import uuid
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from medsegr.errors import OutputError

SUFFIX, PARTIAL = ".safetensors", ".partial"
RECOUNT_AFTER = 32
"""Files written until what other processes wrote is counted again."""
STALE_SECONDS = 3600.0
"""Age of a partial file from which its writer counts as dead."""


class TrunkStore:
    """Key -> tensors. Files are memory-mapped when read, and appear whole or not at all.

    Once the folder is full, or nothing can be written, it stays as it is, unless it replaces. Where several processes
    write, the limit may be passed by some dozens of files.

    Args:
        folder: Made where it is missing.
        most_bytes: Limit of all files together.
        replaces: Whether the longest unread files go where there is no room for a new one.

    Raises:
        OutputError: The folder cannot be made.
    """

    def __init__(self, folder: Path, most_bytes: float, *, replaces: bool = False) -> None:
        self.folder, self.replaces = folder, replaces
        self.most_bytes = most_bytes
        self.full = False
        self._written = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"'{folder}' cannot be made ({error.strerror}). Choose another one (in training: 'trunk_cache.folder')."
            ) from error
        for path in folder.glob(f".*{PARTIAL}"):
            if time.time() - _size_and_time(path)[1] > STALE_SECONDS:
                path.unlink(missing_ok=True)
        self.bytes = self._count()

    def read(self, key: str) -> tuple[Tensor, ...] | None:
        """The tensors of a key; None where there are none, or not as they were written."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                tensors = tuple(file.get_tensor(name) for name in sorted(file.keys()))
                intact = (file.metadata() or {}).get("crc32") == _checksum(tensors)
            if self.replaces:
                os.utime(path)
        except (OSError, SafetensorError):
            return None
        return tensors if intact else None

    def write(self, key: str, tensors: Sequence[Tensor]) -> None:
        """Keep contiguous tensors, at most ten, while there is room; a file that is there already is replaced."""
        size = sum(tensor.nbytes for tensor in tensors)
        if self.full:
            return
        if self.bytes + size > self.most_bytes or self._written % RECOUNT_AFTER == RECOUNT_AFTER - 1:
            self.bytes = self._count()
        if self.replaces and size <= self.most_bytes:
            self._make_room(size)
        if self.bytes + size > self.most_bytes:
            self.full = not self.replaces
            return
        partial = self.folder / f".{key}.{uuid.uuid4().hex}{PARTIAL}"
        try:
            save_file({str(n): t for n, t in enumerate(tensors)}, partial, metadata={"crc32": _checksum(tensors)})
            self.bytes += partial.stat().st_size
            partial.replace(self._path(key))
        except (OSError, SafetensorError) as error:
            if self._path(key).exists():  # another process was first, and on Windows its readers hold the file
                return
            self.full = True
            warnings.warn(
                f"Nothing more can be kept in '{self.folder}' ({error}); what is missing is computed each time. "
                "Make room there, or allow fewer bytes (in training: 'trunk_cache.gigabytes').",
                stacklevel=2,
            )
        finally:
            partial.unlink(missing_ok=True)
        self._written += 1

    def _make_room(self, size: int) -> None:
        """Delete what was not read for longest; what another process deletes meanwhile is gone too."""
        if self.bytes + size <= self.most_bytes:
            return
        kept = sorted((_size_and_time(path)[::-1], path) for path in self._files() if path.suffix == SUFFIX)
        for (_, freed), path in kept:
            if self.bytes + size <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            self.bytes -= freed

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _count(self) -> int:
        return sum(size for size, _ in map(_size_and_time, self._files()))

    def _files(self) -> Iterator[Path]:
        with os.scandir(self.folder) as entries:
            yield from (Path(entry.path) for entry in entries if entry.name.endswith((SUFFIX, PARTIAL)))


def weights_digest(host: nn.Module) -> str:
    """SHA-256 of all names and values: more than a fingerprint, which is of a sample and alike for rounded copies."""
    digest = hashlib.sha256()
    for name, tensor in sorted(host.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _size_and_time(path: Path) -> tuple[int, float]:
    """Bytes and time of change of a file; 0 and now where it has gone meanwhile."""
    try:
        stat = path.stat()
    except OSError:
        return 0, time.time()
    return stat.st_size, stat.st_mtime


def _checksum(tensors: Sequence[Tensor]) -> str:
    value = 0
    for tensor in tensors:
        value = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, value)
    return str(value)
