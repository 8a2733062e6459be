"""One thread for each worker: takes the longest waiting job, hands it over, and sees how it ends."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medsegr.errors import ConfigError
from medsegr.serve.jobs import Job, JobStore
from medsegr.serve.metrics import Metrics
from medsegr.serve.state_folder import StateFolder
from medsegr.serve.worker_process import GONE, Event, WorkerProcess

log = logging.getLogger("medsegr.serve")

TICK_S = 0.1
"""How often a running job is looked at."""

GRACE_S = 3.0
"""A cancelled job may end by itself for so long, since a new worker has to load the model again."""

START_S = 600.0
"""A worker may load its model for so long."""

LONGEST_PAUSE_S = 60.0
"""Between two starts of a worker that does not come up."""


@dataclass(frozen=True)
class Desk:
    """What all dispatchers share.

    Attributes:
        store: The jobs.
        folder: Where they lie.
        start: Starts a worker.
        job_seconds: That one job may run.
        metrics: What is counted.
    """

    store: JobStore
    folder: StateFolder
    start: Callable[[], WorkerProcess]
    job_seconds: float
    metrics: Metrics


class Dispatcher:
    """Runs jobs on one worker, which is started again whenever it has ended."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.models: list[dict[str, Any]] = []
        self.worker: WorkerProcess | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether its worker has a model."""
        return self.worker is not None and self.worker.alive

    def start(self) -> None:
        """Load the model, then go to work.

        Raises:
            ConfigError: The model cannot be loaded.
        """
        self._start_worker()
        self._thread.start()

    def stop(self) -> None:
        """End the worker; the job at hand waits for the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.worker is not None:
            self.worker.end()

    def _run(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            try:
                if not self.ready:
                    self._start_worker()
                    pause = 1.0
                job = self.desk.store.claim(0.5)
                if job is not None:
                    self._do(job)
            except Exception as error:
                log.error("a worker is of no use (%s); the next is started in %.0f s", type(error).__name__, pause)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _start_worker(self) -> None:
        worker = self.desk.start()
        self.worker, deadline = worker, time.monotonic() + START_S
        while time.monotonic() < deadline and not self._stopping.is_set():
            event = worker.event(TICK_S)
            if event is None:
                continue
            if event["event"] == "ready":
                self.models = list(event["models"])
                return
            worker.end()
            raise ConfigError(
                event.get("error") or "The worker ended while it loaded its model; is there memory for it?"
            )
        worker.end()
        raise ConfigError("The worker did not load its model in time.")

    def _do(self, job: Job) -> None:
        assert self.worker is not None
        started = time.monotonic()
        self.worker.tell({"folder": str(self.desk.folder.job(job.id))})
        event = self._outcome(job, self.worker, started)
        self._settle(job, event)
        after = self.desk.store.get(job.id)
        if after is not None and after.state == "done":
            self.desk.folder.drop_input(job.id)
        elif after is None or after.ended is not None:
            self.desk.folder.drop(job.id)
        if after is not None and after.ended is not None:
            self.desk.metrics.job_ended(after, time.monotonic() - started, event)

    def _outcome(self, job: Job, worker: WorkerProcess, started: float) -> Event:
        """The last event of a job: ``done``, ``failed``, ``late``, ``cancelled``, ``stopped`` or ``gone``."""
        cancelled: float | None = None
        while True:
            event = worker.event(TICK_S)
            now = time.monotonic()
            if event is not None and event["event"] != "progress":
                return event
            if event is not None:
                self.desk.store.progress(job.id, event["stage"], event["share"])
            kept = self.desk.store.get(job.id)
            if cancelled is None and (kept is None or kept.state != "running"):
                cancelled = now
            for over, why in (
                (self._stopping.is_set(), "stopped"),
                (cancelled is not None and now - cancelled > GRACE_S, "cancelled"),
                (now - started > self.desk.job_seconds, "late"),
            ):
                if over:
                    worker.end()
                    return {"event": why}

    def _settle(self, job: Job, event: Event) -> None:
        store, kind = self.desk.store, event["event"]
        if kind == "done":
            store.finish(job.id)
        elif kind == "failed":
            store.fail(job.id, event["code"], event["error"])
            if "frames" in event:
                log.error("job %s failed: %s", job.id, " < ".join(event["frames"]))
        elif kind == "stopped":
            store.put_back(job.id, counted=False)
        elif kind == "late":
            told = f"The job ran longer than the {self.desk.job_seconds:g} s that it may. Send a smaller picture."
            store.fail(job.id, "time", told)
        elif event is GONE:
            self.desk.metrics.deaths.inc()
            log.error("the worker ended during job %s, try %d", job.id, job.tries)
            store.put_back(job.id, code="worker_died", error="The worker ended during the job, twice in a row.")
        if kind not in ("done", "failed") and self.worker is not None:
            self.worker.end()
