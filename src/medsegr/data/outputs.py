"""Write results whole or not at all: to a temporary name first, then renamed."""

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from medsegr.errors import OutputError

PLACE_IS_AT_FAULT = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


@contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """Yield a temporary file beside ``path``; it takes the name when the block ends well.

    A failure leaves what was there before, and no temporary file. Missing parent folders are made. A link stays
    and what it points to is replaced; a pipe or a device stays too and receives the content when the block ends well.

    Raises:
        OutputError: The place is not writable, or is a folder.
        BrokenPipeError: Whoever read a pipe has closed it.
    """
    path, streamed = Path(path), is_stream(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; a file name was expected. Choose another name.")
    target = Path(os.path.realpath(path)) if path.is_symlink() and not streamed else path
    beside: dict[str, Any] = {} if streamed else {"prefix": f".{target.name}.", "suffix": ".part", "dir": target.parent}
    with parents_of(target), naming(path), tempfile.TemporaryDirectory(**beside) as folder:
        temporary = Path(folder) / "content"
        temporary.touch()
        yield temporary
        if not streamed:
            temporary.replace(target)
            return
        with temporary.open("rb") as content, _opened(target) as stream:
            shutil.copyfileobj(content, stream)


def is_stream(path: Path | str) -> bool:
    """Whether a path is a pipe, a device or what is open already (``/dev/stdout``): to write into, not to replace."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _descriptor(path: Path | str) -> int | None:
    """The number of an open file that a path stands for."""
    numbered = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,9})", str(path))
    return int(numbered[1]) if numbered else _STREAMS.get(str(path))


def _opened(path: Path) -> BinaryIO:
    descriptor = _descriptor(path)
    if descriptor is None:
        return path.open("wb")
    sys.stdout.flush()  # what was printed before comes first
    return os.fdopen(os.dup(descriptor), "wb")  # opening it by name would cut off what a file holds


@contextmanager
def staged_folder(out: Path | str, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder; its content becomes ``out`` when the block ends well.

    It lies beside ``out``, or inside where the parent is not writable (a mounted
    folder). With ``overwrite`` the old content is moved aside only when the new
    one is complete, deleted last, and put back should a rename fail. A failure
    in the block leaves everything as it was.

    Raises:
        OutputError: Not writable, a file of that name, or not empty without ``overwrite``.
    """
    out = Path(out).resolve()
    check_output_folder(out, overwrite)
    with parents_of(out), naming(out, PLACE_IS_AT_FAULT):
        temporary = _temporary_folder(out)
        try:
            yield temporary
            with naming(out):
                _put_in_place(temporary, out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def check_output_folder(out: Path | str, overwrite: bool = False, inputs: Iterable[Path] = ()) -> None:
    """Refuse early an output folder that cannot be made, before anything is computed.

    Inputs are the files and folders that the command reads; names of nothing that exists do not count.

    Raises:
        OutputError: Not writable, a file of that name, not empty without ``overwrite``,
            or with it, a folder that nobody means to replace or that holds an input.
    """
    out = Path(out).resolve()
    with naming(out):
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file; a folder was expected. Choose another output folder.")
        if out.is_dir() and any(out.iterdir()):
            if not overwrite:
                raise OutputError(f"{out} is not empty. Choose another output folder, or pass --overwrite.")
            if any(keep.is_relative_to(out) for keep in (Path.cwd(), Path.home())):
                raise OutputError(f"{out} holds your working or home folder and is not overwritten. "
                                  "Choose another output folder.")  # fmt: skip
            if (read := next((path for path in inputs if _lies_in(path, out)), None)) is not None:
                raise OutputError(f"{out} holds {read}, which this command reads, and is not overwritten. "
                                  "Choose another output folder.")  # fmt: skip
        existing = next(folder for folder in (out, *out.parents) if folder.exists())
        if not existing.is_dir():
            raise OutputError(f"{existing} is a file, so {out} cannot be made. Choose another output folder.")
        with tempfile.TemporaryFile(dir=existing):  # really try: permission bits mean nothing to root
            pass


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether an existing file, folder or link is this folder or stands in it, by whatever name it is reached."""
    try:
        places = [path.resolve(strict=True), *([path.parent.resolve() / path.name] if path.is_symlink() else [])]
    except OSError:
        return False
    return any(parent.samefile(folder) for place in places for parent in (place, *place.parents))


def _put_in_place(new: Path, out: Path) -> None:
    """Rename ``new`` to ``out``; the old content is deleted last."""
    if new.parent == out:
        _swap_content(new, out)
        return
    if not out.exists():
        new.replace(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".old", dir=out.parent))
    old.rmdir()
    try:
        out.replace(old)
    except OSError:  # a mount point cannot be renamed, its content can
        _swap_content(new, out)
        return
    try:
        new.replace(out)
    except OSError:
        old.replace(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _swap_content(new: Path, out: Path) -> None:
    """Move the entries of ``new`` into ``out``, and what was there aside, then away."""
    old = Path(tempfile.mkdtemp(prefix=".", suffix=".old", dir=out))
    moved: list[tuple[Path, Path]] = []
    try:
        for source, target in ((out, old), (new, out)):
            for entry in sorted(source.iterdir()):
                if entry not in (new, old):
                    shutil.move(entry, target / entry.name)
                    moved.append((entry, target / entry.name))
    except OSError:
        for before, after in reversed(moved):
            shutil.move(after, before)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def _temporary_folder(out: Path) -> Path:
    with naming(out.parent):
        try:
            folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
        except OSError:
            if not out.is_dir():
                raise
            folder = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=out))
        folder.rmdir()
        folder.mkdir()  # once more, with the rights of any other folder
    return folder


@contextmanager
def parents_of(path: Path) -> Iterator[None]:
    """Make missing parents; take back those that were made for nothing."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        with naming(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with suppress(OSError):  # the first that holds something ends it
            for folder in missing:
                folder.rmdir()


@contextmanager
def naming(path: Path, faults: Container[int | None] | None = None) -> Iterator[None]:
    """Turn the file system's errors, or these numbers of them alone, into an OutputError that names the place."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if faults is not None and error.errno not in faults:
            raise
        reason = error.strerror or type(error).__name__
        raise OutputError(f"Cannot write to {path} ({reason}). Choose a place that you may write to.") from error
