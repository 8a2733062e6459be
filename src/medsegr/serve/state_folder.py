"""The private folder of a service: one folder for each job, for nobody else's eyes, emptied of what no job owns."""

import os
import re
import shutil
import stat
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from medsegr.errors import ConfigError, OutputError

JOBS, DATABASE = "jobs", "jobs.sqlite"
REQUEST, PICTURE, RESULT, KEPT = "request.json", "picture", "result", "kept"
"""Names in a job's folder. Two stay when it has ended: what it made, and its picture, where more is to be asked."""

JOB_ID = re.compile(r"[0-9a-f]{32}")


class StateFolder:
    """Where a service keeps what was sent and what it made.

    Args:
        path: Made with the mode 0700 where it is missing.

    Raises:
        ConfigError: It is a link, another user's, or holds something else.
        OutputError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            told = path.lstat()
            foreign = hasattr(os, "getuid") and told.st_uid != os.getuid()
            if not stat.S_ISDIR(told.st_mode) or foreign:
                raise ConfigError(
                    "The service's folder is a link, a file or another user's. Name another with --state."
                )
            strangers = [entry for entry in path.iterdir() if not entry.name.startswith((JOBS, "."))]
            if strangers:
                raise ConfigError(
                    f"The service's folder holds {len(strangers)} entries that are not the service's, and it would "
                    "delete what no job owns. Name a new or empty folder with --state."
                )
            path.chmod(0o700)
            (path / JOBS).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The service's folder cannot be made ({error.strerror}). Name one with --state."
            ) from error

    @property
    def database(self) -> Path:
        """File of the jobs' table."""
        return self.path / DATABASE

    def job(self, id: str) -> Path:
        """Folder of a job; it need not exist."""
        assert JOB_ID.fullmatch(id)
        return self.path / JOBS / id

    def make(self, id: str) -> Path:
        """A new folder for a job."""
        folder = self.job(id)
        folder.mkdir(mode=0o700)
        return folder

    def drop(self, id: str) -> None:
        """Delete all that a job has."""
        shutil.rmtree(self.job(id), ignore_errors=True)

    def drop_input(self, id: str) -> None:
        """Delete what was sent for a job, and what an unfinished try left; its results stay, and a kept picture."""
        with suppress(FileNotFoundError):  # its owner has deleted the job meanwhile
            for entry in list(self.job(id).iterdir()):
                if entry.name not in (RESULT, KEPT):
                    shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)

    def keep(self, id: str) -> None:
        """Let the picture of a job stay as long as its results, for further questions."""
        folder = self.job(id)
        (folder / KEPT).mkdir(mode=0o700)
        for picture in folder.glob(f"{PICTURE}.*"):
            _link(picture, folder / KEPT / picture.name)

    def has_kept(self, id: str) -> bool:
        """Whether the picture of a job stays."""
        return (self.job(id) / KEPT).is_dir()

    def drop_kept(self, id: str) -> None:
        """Delete a picture that was kept."""
        shutil.rmtree(self.job(id) / KEPT, ignore_errors=True)

    def lend(self, id: str, borrower: str) -> bool:
        """Give another job the picture that one has kept; False where there is none any more."""
        for picture in (self.job(id) / KEPT).glob(f"{PICTURE}.*"):
            try:
                _link(picture, self.job(borrower) / picture.name)
            except FileNotFoundError:  # its time was over a moment ago
                return False
            return True
        return False

    def sweep(self, owned: Container[str]) -> None:
        """Delete everything that no job owns."""
        for entry in (self.path / JOBS).iterdir():
            if entry.name not in owned:
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


def _link(picture: Path, name: Path) -> None:
    """The same picture under another name; a copy where the disk knows no links."""
    try:
        name.hardlink_to(picture)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(picture, name)
