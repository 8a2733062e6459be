"""HeldPictures: pictures that were sent ahead of a question, each for its owner alone, and forgotten in time."""

import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MOST = 8
"""Pictures of one owner; beyond it the one that was longest unused goes."""


@dataclass
class _Held:
    path: Path
    used: float


class HeldPictures:
    """Pictures by owner and name, in a private folder, which is emptied. Calls from several threads are safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self._held: dict[tuple[str, str], _Held] = {}
        self._count, self._turn = 0, threading.Lock()

    def place(self) -> Path:
        """A new folder to receive a picture in."""
        with self._turn:
            self._count += 1
            made = self.folder / str(self._count)
        made.mkdir(mode=0o700)
        return made

    def discard(self, place: Path) -> None:
        """Give up a place that no picture came to."""
        shutil.rmtree(place, ignore_errors=True)

    def put(self, owner: str, name: str, picture: Path) -> None:
        """Hold a picture that lies in a :meth:`place`, instead of one of the same name."""
        with self._turn:
            self._drop((owner, name))
            self._held[owner, name] = _Held(picture, time.monotonic())
            own = sorted((held.used, key) for key, held in self._held.items() if key[0] == owner)
            for _, key in own[:-MOST]:
                self._drop(key)

    def has(self, owner: str, name: str) -> bool:
        """Whether there is one."""
        with self._turn:
            return (owner, name) in self._held

    def lend(self, owner: str, name: str, folder: Path) -> bool:
        """Put a picture also into a job's folder; False where there is none."""
        with self._turn:
            held = self._held.get((owner, name))
            if held is None:
                return False
            held.used = time.monotonic()
            os.link(held.path, folder / held.path.name)
            return True

    def drop(self, owner: str, name: str) -> bool:
        """Forget a picture; False where there is none."""
        with self._turn:
            return self._drop((owner, name))

    def expire(self, seconds: float) -> None:
        """Forget what was not used for so long."""
        before = time.monotonic() - seconds
        with self._turn:
            for key in [key for key, held in self._held.items() if held.used < before]:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> bool:
        held = self._held.pop(key, None)
        if held is not None:
            shutil.rmtree(held.path.parent, ignore_errors=True)
        return held is not None
