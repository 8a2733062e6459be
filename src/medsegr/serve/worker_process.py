"""A worker as the service sees it: started, told what to do, listened to, and ended if need be."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from medsegr.serve.config import TOKEN_VARIABLE
from medsegr.serve.worker import Setup

COMMAND = (sys.executable, "-m", "medsegr.serve.worker")

Event = Mapping[str, Any]
HELD = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""A worker holds up to 128 MB of what it let go of (glibc). Else it gives them back after each large question, and a
click spends a fifth of its time on fetching them again, page by page. The first is glibc's own, once it has adapted."""

GONE: Event = {"event": "gone"}
"""What is heard last of a worker that has ended, in whatever way."""


class WorkerProcess:
    """A running worker. It ends by itself when the service does."""

    def __init__(self, setup: Setup, command: Sequence[str] = COMMAND) -> None:
        environment = {name: value for name, value in (HELD | os.environ).items() if name != TOKEN_VARIABLE}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="worker-events", daemon=True).start()
        self.tell(asdict(setup))

    @property
    def pid(self) -> int:
        """Number of its process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tell(self, record: Mapping[str, Any]) -> None:
        """Send a line; nothing happens where it has ended, which the next event says."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(record) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass

    def event(self, timeout_s: float) -> Event | None:
        """The next event; None where none comes in time."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def end(self) -> None:
        """End it now, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._events.put(json.loads(line))
        except (OSError, ValueError):  # cut off in the middle of a line
            pass
        self._events.put(GONE)
