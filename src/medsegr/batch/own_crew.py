"""One worker in this process."""

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from medsegr.batch.crew import AT_ONCE, WAIT_S, Chunk, Done
from medsegr.batch.job import Job
from medsegr.batch.outcome import Outcome
from medsegr.batch.worker import Worker


class OwnCrew:
    """One worker in this process, with a few threads.

    Raises:
        MedsegrError: The model cannot be loaded.
    """

    slots = AT_ONCE

    def __init__(self, job: Job) -> None:
        self._worker = Worker(job)
        self._threads = ThreadPoolExecutor(AT_ONCE)
        self._under_way: dict[Future[list[Outcome]], Chunk] = {}

    @property
    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the model."""
        return self._worker.about()

    def submit(self, chunk: Chunk) -> None:
        """Give out a chunk."""
        self._under_way[self._threads.submit(self._worker.do, chunk)] = chunk

    def finished(self) -> list[Done]:
        """Chunks that have ended since; waits for a moment where none has."""
        ended, _ = wait(self._under_way, WAIT_S, FIRST_COMPLETED)
        return [Done(self._under_way.pop(future), future.result()) for future in ended]

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown(cancel_futures=True)
        self._worker.close()
