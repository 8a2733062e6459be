"""The service without its addresses: jobs, their folder, the workers, and what becomes of them in time."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from medsegr.cognition.lexicon import load_lexicon
from medsegr.serve.config import ServeConfig
from medsegr.serve.dispatcher import Desk, Dispatcher
from medsegr.serve.held_pictures import HeldPictures
from medsegr.serve.jobs import ACTIVE, Job, JobStore
from medsegr.serve.metrics import Metrics
from medsegr.serve.state_folder import RESULT, StateFolder
from medsegr.serve.worker import Setup
from medsegr.serve.worker_process import WorkerProcess


class Service:
    """Everything behind the addresses.

    Raises:
        ConfigError: Its folder is used by another service, or is of no use.
        OutputError: Its folder cannot be made.
    """

    def __init__(self, config: ServeConfig, start_worker: Callable[[Setup], WorkerProcess] = WorkerProcess) -> None:
        self.config, self.limits, self.lexicon = config, config.limits, load_lexicon(config.lexicons)
        self.metrics = Metrics()
        self.folder = StateFolder(config.state)
        self.pictures = HeldPictures(self.folder.path / ".pictures")
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.store = JobStore(self.folder.database, self._changed)
        self.folder.sweep(self.store.recover())
        for ended in self.store.outdated(float("inf")):  # one may have been killed before it let go of what was sent
            self.folder.drop_input(ended)
        setup = Setup(config.model, config.device, config.trunk_bytes, _threads(config.workers), config.limits.pixels,
                      config.limits.findings, config.backend, config.precision,
                      tuple(map(str, config.lexicons)))  # fmt: skip
        desk = Desk(self.store, self.folder, lambda: start_worker(setup), config.limits.job_seconds, self.metrics)
        self.dispatchers = [Dispatcher(desk) for _ in range(config.workers)]

    def start(self) -> None:
        """Load the models and go to work.

        Raises:
            ConfigError: The model cannot be loaded; nothing runs then.
        """
        try:
            for dispatcher in self.dispatchers:
                dispatcher.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the workers; jobs at hand wait for the next start."""
        for dispatcher in self.dispatchers:
            dispatcher.stop()
        self.store.close()

    @property
    def ready(self) -> bool:
        """Whether a worker has a model."""
        return any(dispatcher.ready for dispatcher in self.dispatchers)

    @property
    def models(self) -> list[dict[str, Any]]:
        """What answers here."""
        return next((dispatcher.models for dispatcher in self.dispatchers if dispatcher.models), [])

    def count(self) -> bytes:
        """The metrics as they are now."""
        self.metrics.waiting.set(self.store.count("receiving", "queued"))
        self.metrics.running.set(self.store.count("running"))
        self.metrics.ready.set(sum(dispatcher.ready for dispatcher in self.dispatchers))
        return self.metrics.text()

    def drop(self, id: str) -> None:
        """Forget a job and all that it has."""
        self.store.forget(id)
        self.folder.drop(id)

    def cancel(self, job: Job) -> None:
        """Its owner does not want it any more. A running one's folder goes when its worker has let go of it."""
        self.store.cancel(job.id)
        if job.state in ("receiving", "queued"):
            self.folder.drop(job.id)

    def expire(self, owner: str | None = None) -> None:
        """Forget jobs whose time is over, and an owner's oldest beyond those that are kept."""
        before = time.time() - self.limits.keep_seconds
        for id in self.store.outdated(before, owner, self.limits.kept):
            self.drop(id)
        self.pictures.expire(self.limits.keep_seconds)

    def keep_picture(self, id: str, owner: str) -> None:
        """Let a job's picture stay for further questions; an owner's oldest beyond those that may stay go."""
        kept = [old for old in self.store.outdated(0.0, owner, 0) if self.folder.has_kept(old)]
        for old in kept[: max(0, len(kept) + 1 - self.limits.pictures)]:
            self.folder.drop_kept(old)
        self.folder.keep(id)

    def files(self, job: Job) -> list[Path]:
        """The results of a job that is done."""
        folder = self.folder.job(job.id) / RESULT
        return sorted(filter(Path.is_file, folder.iterdir())) if job.state == "done" and folder.is_dir() else []

    def findings(self, job: Job) -> dict[str, Any]:
        """Its ``findings.json``."""
        record: dict[str, Any] = json.loads((self.folder.job(job.id) / RESULT / "findings.json").read_bytes())
        return record

    async def settled(self, id: str, seconds: float) -> None:
        """Wait until a job has ended or is gone, at most so long."""
        self._loop, event = asyncio.get_running_loop(), asyncio.Event()
        self._watchers.setdefault(id, set()).add(event)
        deadline = time.monotonic() + seconds
        try:
            while (job := self.store.get(id)) is not None and job.state in ACTIVE:
                await asyncio.wait_for(event.wait(), max(deadline - time.monotonic(), 0.0))
                event.clear()
        except asyncio.TimeoutError:
            pass
        finally:
            self._watchers[id].discard(event)
            if not self._watchers[id]:
                del self._watchers[id]

    def _changed(self, id: str) -> None:
        watched = list(self._watchers.get(id, ()))
        if self._loop is not None and not self._loop.is_closed():
            for event in watched:
                self._loop.call_soon_threadsafe(event.set)


def _threads(workers: int) -> int:
    """Threads of torch for each worker; 0, its own choice, where it was told by the environment."""
    return 0 if "OMP_NUM_THREADS" in os.environ else max(1, (os.cpu_count() or 1) // workers)
