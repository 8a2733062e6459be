"""Workers as actors of a Ray cluster: the model is loaded once in each, and a dead one is replaced."""

import os
from typing import Any

from medsegr._optional import require
from medsegr.batch.crew import WAIT_S, Chunk, Done, check_deaths
from medsegr.batch.job import Job
from medsegr.errors import ConfigError, InputError, MedsegrError

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, started for the run."""

PATIENCE_MS = 300_000
"""How long a node of a cluster that is started here waits for its helpers; Ray's own 30 seconds are few."""

STORE_BYTES = 80_000_000
"""Of a local cluster, about the least that Ray takes: only names and outcomes go through it, no pictures."""

AT_ONCE = 2
"""Chunks of one actor at a time: one is answered while the next is read."""


class RayCrew:
    """Actors on a cluster, one for each worker.

    Args:
        job: What to do; its folders are reached by the same paths from every machine.
        workers: How many actors; None for one for each CPU of the cluster, or each GPU where the job uses them.
        address: Of the cluster (``auto``, ``ray://head:10001``), or ``local``.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: No cluster answers there.
        MedsegrError: The model cannot be loaded.
    """

    def __init__(self, job: Job, workers: int | None, address: str = LOCAL) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing about a hospital's runs leaves it
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        # Where its helpers are late, on a busy machine, Ray's node ends itself, and its caller waits for 15 minutes.
        os.environ.setdefault("RAY_agent_register_timeout_ms", str(PATIENCE_MS))
        self._ray: Any = require("ray", "--ray", "'medsegr[ray]'")
        self._job = job
        self._started = not self._ray.is_initialized()
        self._connect(address, workers)
        kind = "GPU" if job.device != "cpu" else "CPU"
        there = self._ray.cluster_resources().get(kind, 0)
        count = workers or max(1, int(there))
        # Without a share of one, Ray hides all GPUs from an actor.
        asks = {"num_cpus": 1, "num_gpus": min(1.0, int(100 * there / count) / 100) if kind == "GPU" else 0}
        self._actor = self._ray.remote(_Actor).options(**asks, max_concurrency=AT_ONCE, max_restarts=0)
        self._actors = [self._actor.remote(job) for _ in range(count)]
        self._under_way: dict[Any, tuple[Chunk, Any]] = {}
        self._deaths = 0
        self.slots = count * AT_ONCE
        try:
            self.about = self._ask_about()
        except BaseException:
            self.close()
            raise

    def submit(self, chunk: Chunk) -> None:
        """Give out a chunk, to whom has least to do."""
        busy = [actor for _, actor in self._under_way.values()]
        actor = min(self._actors, key=busy.count)
        self._under_way[actor.do.remote(chunk)] = (chunk, actor)

    def finished(self) -> list[Done]:
        """Chunks that have ended since; waits for a moment where none has."""
        ended, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=WAIT_S)
        done = []
        for reference in ended:
            chunk, actor = self._under_way.pop(reference)
            try:
                done.append(Done(chunk, self._ray.get(reference)))
                self._deaths = 0
            except self._ray.exceptions.RayError:
                done.append(Done(chunk, None))
                self._replace(actor)
        return done

    def close(self) -> None:
        """End the actors, and the cluster where it was started here."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._started:
            self._ray.shutdown()

    def _connect(self, address: str, workers: int | None) -> None:
        if not self._started:
            return
        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        local = {"num_cpus": max(workers or 0, os.cpu_count() or 1), "include_dashboard": False,
                 "object_store_memory": STORE_BYTES}  # fmt: skip
        try:
            self._ray.init(**quiet, **(local if address == LOCAL else {"address": address}))
        except Exception as error:  # of whatever kind: Ray has many
            raise ConfigError(f"No Ray cluster can be used at the address that was given ({type(error).__name__}). "
                              "Expected local, auto, or ray://HEAD:10001.") from None  # fmt: skip

    def _ask_about(self) -> dict[str, Any]:
        asked = [actor.about.remote() for actor in self._actors]  # all load at once
        try:
            about: dict[str, Any] | str = self._ray.get(asked[0])
        except self._ray.exceptions.RayError as error:
            raise InputError(f"A worker died while it loaded the model ({type(error).__name__}). Its machine may lack "
                             "memory, or medsegr.") from None  # fmt: skip
        if isinstance(about, str):
            raise ConfigError(about)
        return about

    def _replace(self, actor: Any) -> None:
        """Another actor in place of one that died; chunks that it still has come back as lost, too."""
        if actor not in self._actors:
            return
        self._deaths += 1
        check_deaths(self._deaths, len(self._actors))
        self._actors[self._actors.index(actor)] = self._actor.remote(self._job)


class _Actor:
    """A worker on some machine of the cluster. It loads its model when it is first asked something."""

    def __init__(self, job: Job) -> None:
        import threading

        self._job, self._lock = job, threading.Lock()
        self._worker: Any = None

    def about(self) -> Any:
        """What ``run.json`` says of the model; a message where it cannot be loaded."""
        try:
            return self._loaded().about()
        except MedsegrError as error:
            return str(error)

    def do(self, chunk: Chunk) -> Any:
        """Bring a chunk to its end."""
        return self._loaded().do(chunk)

    def _loaded(self) -> Any:
        from medsegr.batch.worker import Worker

        with self._lock:
            if self._worker is None:
                self._worker = Worker(self._job)
            return self._worker
