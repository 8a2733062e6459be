"""Who does the work of a run: one worker in this process, or several processes that may die."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol

from medsegr.batch.job import Job
from medsegr.batch.study import Study
from medsegr.batch.worker import Outcome, Worker
from medsegr.errors import ConfigError, InputError, MedsegrError

AT_ONCE = 3
"""Chunks of one worker at a time: one is read, one is answered, one is written."""

WAIT_S = 0.5
"""How long one look for finished chunks lasts."""

Chunk = tuple[Study, ...]


@dataclass(frozen=True)
class Done:
    """A chunk that has come to an end.

    Attributes:
        chunk: Its studies.
        outcomes: One for each; None where its worker died.
    """

    chunk: Chunk
    outcomes: Sequence[Outcome] | None


class Crew(Protocol):
    """Workers for one run."""

    slots: int
    """Chunks that may be under way at once."""

    @property
    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the model."""

    def submit(self, chunk: Chunk) -> None:
        """Give out a chunk."""

    def finished(self) -> list[Done]:
        """Chunks that have ended since; waits for a moment where none has."""

    def close(self) -> None:
        """End the workers."""


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


class ProcessCrew:
    """Several processes with a model each; one that dies is replaced, and what it had is given back.

    Args:
        job: What to do.
        workers: How many.
        threads: Of torch, for each.

    Raises:
        MedsegrError: The model cannot be loaded.
    """

    def __init__(self, job: Job, workers: int, threads: int = 1) -> None:
        self._job, self._threads = job, threads
        self.slots = workers * AT_ONCE
        self._members = [_Member(job, threads) for _ in range(workers)]
        self._deaths = 0
        try:
            self.about = self._members[0].about()
        except BaseException:
            self.close()
            raise

    def submit(self, chunk: Chunk) -> None:
        """Give out a chunk, to whom has least to do."""
        min(self._members, key=lambda one: len(one.has)).give(chunk)

    def finished(self) -> list[Done]:
        """Chunks that have ended since; waits for a moment where none has."""
        by_end = {one.end: one for one in self._members}
        done: list[Done] = []
        for end in wait_for(list(by_end), WAIT_S):
            member = by_end[end]  # type: ignore[index]
            try:
                done += member.take()
                self._deaths = 0 if done else self._deaths
            except (EOFError, OSError):
                done += [Done(chunk, None) for chunk in member.has.values()]
                self._replace(member)
        return done

    def close(self) -> None:
        """End the processes; what they have under way is lost."""
        for member in self._members:
            member.close()

    def _replace(self, member: "_Member") -> None:
        member.close()
        self._deaths += 1
        if self._deaths > 3 * len(self._members):
            raise InputError(f"{self._deaths} workers died one after another, without a case done. Take fewer with "
                             "--workers, for they may need more memory than there is.")  # fmt: skip
        self._members[self._members.index(member)] = _Member(self._job, self._threads)


class _Member:
    """One process and what it has to do."""

    def __init__(self, job: Job, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.end, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, job, threads), daemon=True)
        with _interrupts_ignored():
            self.process.start()
        theirs.close()
        self.has: dict[int, Chunk] = {}
        self._number = 0
        self._about: dict[str, Any] | None = None

    def about(self) -> dict[str, Any]:
        """What the worker says of its model; waits until it is loaded."""
        try:
            while self._about is None:
                self.take()
        except (EOFError, OSError):
            raise InputError("A worker died while it loaded the model. There may be too little memory.") from None
        return self._about

    def give(self, chunk: Chunk) -> None:
        """Send a chunk; where the process is dead, taking will tell."""
        self._number += 1
        self.has[self._number] = chunk
        with suppress(OSError):
            self.end.send((self._number, chunk))

    def take(self) -> list[Done]:
        """What has come."""
        kind, value = self.end.recv()
        if kind == "error":
            raise value
        if kind == "about":
            self._about = value
            return []
        return [Done(self.has.pop(kind), value)]

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.end.close()


def _work(end: Connection, job: Job, threads: int) -> None:
    """What a process does: until nobody sends any more."""
    import torch

    torch.set_num_threads(threads)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the whole group is told; whoever gives out work decides
    try:
        worker = Worker(job)
    except MedsegrError as error:
        end.send(("error", ConfigError(str(error))))
        return
    end.send(("about", worker.about()))
    answers: queue.SimpleQueue[tuple[int, list[Outcome]]] = queue.SimpleQueue()
    threading.Thread(target=_send, args=(end, answers), daemon=True).start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            try:
                number, chunk = end.recv()
            except (EOFError, OSError):
                os._exit(0)
            pool.submit(_do, worker, number, chunk, answers)


def _do(worker: Worker, number: int, chunk: Chunk, answers: "queue.SimpleQueue[tuple[int, list[Outcome]]]") -> None:
    answers.put((number, worker.do(chunk)))


def _send(end: Connection, answers: "queue.SimpleQueue[tuple[int, list[Outcome]]]") -> None:
    while True:
        answer = answers.get()
        try:
            end.send(answer)
        except OSError:
            os._exit(0)


@contextmanager
def _interrupts_ignored() -> Any:
    """Processes that start meanwhile ignore Ctrl-C: it is for the one that gives out work."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
