"""Several worker processes, which may die: each is a program of its own that is spoken to through a pipe."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from medsegr.batch.crew import AT_ONCE, WAIT_S, Chunk, Done, check_deaths
from medsegr.batch.job import Job
from medsegr.errors import InputError


class ProcessCrew:
    """Several processes with a model and some threads of torch each; one that dies is replaced, its work given back.

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
        check_deaths(self._deaths, len(self._members))
        self._members[self._members.index(member)] = _Member(self._job, self._threads)


class _Member:
    """One process and what it has to do."""

    def __init__(self, job: Job, threads: int) -> None:
        ours, theirs = socket.socketpair()
        told = [sys.executable, "-m", "medsegr.batch.process", str(theirs.fileno()), str(threads)]
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        # A session of its own: Ctrl-C is for the one that gives out work.
        self.process = subprocess.Popen(
            told, pass_fds=[theirs.fileno()], env={**os.environ, **paths}, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self.end = Connection(ours.detach())
        with suppress(OSError):
            self.end.send(job)
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
        self.process.wait()
        self.end.close()
