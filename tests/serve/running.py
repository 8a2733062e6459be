"""A service in this process, on a free port of this machine, with stand-in workers or real ones."""

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.client import ServedJob
from medsegr.serve.config import ServeConfig
from medsegr.serve.server import listening, server_of
from medsegr.serve.service import Service
from medsegr.serve.worker_process import WorkerProcess

STAND_IN = (sys.executable, "-m", "tests.serve.stand_in_worker")
stand_in = partial(WorkerProcess, command=STAND_IN)


@dataclass
class Running:
    """A service that listens."""

    service: Service
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def job_folders(self) -> list[Path]:
        """What lies in its private folder."""
        return sorted((self.service.folder.path / "jobs").iterdir())

    def names(self, job: ServedJob) -> set[str]:
        """What a job has there."""
        return {entry.name for entry in self.service.folder.job(job.id).iterdir()}


@contextmanager
def running(config: ServeConfig, start_worker: Callable = stand_in) -> Iterator[Running]:
    """A service, until the block ends."""
    with listening(config) as listener:
        port = listener.getsockname()[1]
        service = Service(config, start_worker)
        service.start()
        server = server_of(service, port)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        try:
            yield Running(service, port)
        finally:
            server.should_exit = True
            thread.join(30)


def until(true: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def png(seed: int = 0, side: int = 32) -> bytes:
    """A picture with a bright rectangle of its own."""
    values = np.random.default_rng(seed).integers(0, 100, (side, side + 8), np.uint8)
    values[2 : 4 + seed % 20, 3 : 5 + seed % 23] = 250
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def mask_of(content: bytes) -> np.ndarray:
    """(H, W) bool."""
    return np.asarray(Image.open(io.BytesIO(content))) > 0
