"""Incoming: studies that others are sending, one private folder each, and which of them are complete."""

import hashlib
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsegr.errors import ConfigError, OutputError
from medsegr.pacs.instance_file import write_encoded
from medsegr.pacs.receiver import SUCCESS

OUT_OF_RESOURCES, NOT_UNDERSTOOD = 0xA700, 0xC000
"""Status of a C-STORE that is refused (PS3.4, B.2.3)."""


@dataclass(frozen=True)
class Bounds:
    """How much may come.

    Attributes:
        study_bytes: Of one study.
        studies: That are coming or wait.
        quiet_s: Seconds without a new instance, and without a connection that sent one, after which a study counts as
            complete: DICOM has no sign for it.

    Raises:
        ConfigError: One of them is not above 0.
    """

    study_bytes: int = 4_000_000_000
    studies: int = 64
    quiet_s: float = 10.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigError(f"The listener's '{name}' is {value}; expected a number above 0.")


@dataclass
class _Coming:
    """A study on its way."""

    size: int = 0
    last: float = 0.0
    senders: set[threading.Thread] = field(default_factory=set)


class Incoming:
    """The private folder of what comes; what an earlier run left there counts as complete.

    Calls from several threads are safe.
    """

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self._coming, self._work, self._bounds = folder / "incoming", folder / "working", bounds
        for made in (self._coming, self._work):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._left = sorted(self._work.iterdir())
        self._turn = threading.Condition()
        self._studies = {path.name: _Coming(_size(path), time.monotonic()) for path in self._coming.iterdir()}

    def take(self, event: Any) -> int:
        """Keep an instance of a C-STORE; answers its status. Nothing that it holds is told."""
        try:
            study, instance = str(event.dataset.StudyInstanceUID), str(event.request.AffectedSOPInstanceUID)
            content: bytes = event.encoded_dataset()
        except Exception:  # whatever a sender put there
            return NOT_UNDERSTOOD
        name = hashlib.sha256(study.encode()).hexdigest()[:16]
        with self._turn:
            known = self._studies.get(name)
            full = known is None and len(self._studies) >= self._bounds.studies
            if full or (known.size if known else 0) + len(content) > self._bounds.study_bytes:
                return OUT_OF_RESOURCES
            coming = self._studies.setdefault(name, _Coming())
            try:
                write_encoded(self._coming / name, instance, content)
            except OutputError:
                return OUT_OF_RESOURCES
            coming.size, coming.last = coming.size + len(content), time.monotonic()
            coming.senders.add(event.assoc)
        return SUCCESS

    def complete(self, timeout_s: float) -> Path | None:
        """The folder of a study that is complete, no longer among those that come; None where none is, in this time."""
        with self._turn:
            if self._left:
                return self._left.pop(0)
            name = self._quiet()
            if name is None:
                self._turn.wait(timeout_s)
                name = self._quiet()
            if name is None:
                return None
            del self._studies[name]
            place = self._work / name
            shutil.rmtree(place, ignore_errors=True)
            return (self._coming / name).rename(place)

    def _quiet(self) -> str | None:
        before = time.monotonic() - self._bounds.quiet_s
        for name, one in self._studies.items():
            # not by the close of its connection: pynetdicom tells that while the last instance is still being taken
            one.senders = {sender for sender in one.senders if sender.is_alive()}
            if not one.senders and one.last <= before:
                return name
        return None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
