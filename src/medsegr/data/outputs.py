"""Write results whole or not at all: to a temporary name first, then renamed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medsegr.errors import OutputError


@contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """Yield a temporary file beside ``path``; it takes the name when the block ends well.

    A failure leaves what was there before, and no temporary file.

    Raises:
        OutputError: The place is not writable, or is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; a file name was expected. Choose another name.")
    _make_parents(path.parent)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _not_writable(path.parent, error) from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise _not_writable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def staged_folder(out: Path | str, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``out``; it takes the name when the block ends well.

    With ``overwrite`` the old folder is moved aside only when the new one is
    complete, and is put back should the last rename fail.

    Args:
        out: The folder to make; may exist when empty.
        overwrite: Replace a folder that holds something.

    Raises:
        OutputError: Not writable, a file of that name, or not empty without ``overwrite``.
    """
    out = Path(out).absolute()
    check_output_folder(out, overwrite)
    missing = _first_missing(out.parent)
    _make_parents(out.parent)
    temporary = _temporary_folder(out)
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _replace_folder(temporary, out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty_parents(out.parent, missing)
        raise


def check_output_folder(out: Path | str, overwrite: bool = False) -> None:
    """Refuse early an output folder that cannot be made, before anything is computed.

    Raises:
        OutputError: Not writable, a file of that name, or not empty without ``overwrite``.
    """
    out = Path(out).absolute()
    try:
        if out.is_symlink() and not out.exists():
            raise OutputError(f"{out} is a link to nothing. Choose another output folder.")
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file; a folder was expected. Choose another output folder.")
        if out.is_dir() and not overwrite and any(out.iterdir()):
            raise OutputError(f"{out} is not empty. Choose another output folder, or overwrite it with --overwrite.")
        existing = next(folder for folder in (out, *out.parents) if folder.exists())
        if not existing.is_dir():
            raise OutputError(f"{existing} is a file, so {out} cannot be made in it. Choose another output folder.")
        with tempfile.TemporaryFile(dir=existing):  # really try: permission bits mean nothing to root
            pass
    except OSError as error:
        raise _not_writable(out, error) from error


def _replace_folder(new: Path, out: Path) -> None:
    """Put ``new`` where ``out`` is; the old one is deleted last."""
    target = out.resolve()
    try:
        if not target.exists():
            os.replace(new, target)
            return
        old = _temporary_folder(target)
        os.replace(target, old)
    except OSError as error:
        raise _not_writable(out, error) from error
    try:
        os.replace(new, target)
    except OSError as error:
        os.replace(old, target)
        raise _not_writable(out, error) from error
    shutil.rmtree(old, ignore_errors=True)


def _temporary_folder(out: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise _not_writable(out.parent, error) from error


def _make_parents(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _first_missing(folder: Path) -> Path | None:
    """The topmost folder on the way to ``folder`` that does not exist yet."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    return missing[-1] if missing else None


def _remove_empty_parents(folder: Path, topmost: Path | None) -> None:
    """Take back the parents that were made for nothing."""
    if topmost is None:
        return
    for parent in (folder, *folder.parents):
        try:
            parent.rmdir()
        except OSError:
            return
        if parent == topmost:
            return


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _not_writable(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(f"Cannot write to {path} ({reason}). Choose a place that you may write to.")
