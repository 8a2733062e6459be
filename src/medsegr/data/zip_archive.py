"""Zip archives, opened once for many members: the list of a long one takes longer to read than most members."""

import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_KEPT = 4
"""Archives that are open at once for nothing but the next member."""

_lock = threading.Lock()
_kept: OrderedDict[Path, zipfile.ZipFile] = OrderedDict()
_users = 0


@contextmanager
def archives_kept_open() -> Iterator[None]:
    """Keep archives open that are read within the block, by whatever thread; they must not change meanwhile."""
    global _users  # noqa: PLW0603
    with _lock:
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _kept.clear()  # an archive closes once nobody reads in it any more


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive that can be read by several threads within the block.

    Raises:
        OSError, zipfile.BadZipFile, NotImplementedError, ValueError: It is missing or damaged.
    """
    with _lock:
        keeps, archive = _users > 0, _kept.get(path)
        if keeps and archive is None:
            archive = _kept[path] = zipfile.ZipFile(path)
            if len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    if keeps and archive is not None:
        yield archive
    else:
        with zipfile.ZipFile(path) as own:
            yield own
