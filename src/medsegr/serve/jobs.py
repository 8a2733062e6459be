"""Jobs in a table on disk: what waits, what runs, how it ended. A restart goes on with them.

The table holds no report and no name of a file: these lie in the job's private folder until the job has ended.
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from medsegr.errors import ConfigError

State = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
ACTIVE: tuple[State, ...] = ("receiving", "queued", "running")
TRIES = 2
"""A job whose worker dies is tried once more."""

_TABLE = f"""
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, owner TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN {get_args(State)}),
    stage TEXT NOT NULL DEFAULT '', share REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, ended REAL, code TEXT, error TEXT
);
CREATE INDEX IF NOT EXISTS by_state ON jobs (state, number);
CREATE INDEX IF NOT EXISTS by_owner ON jobs (owner, state, number);
"""
_OUTDATED = """
SELECT id FROM jobs WHERE ended < ? OR ended IS NOT NULL AND owner = ? AND number <= (
    SELECT number FROM jobs WHERE ended IS NOT NULL AND owner = ? ORDER BY number DESC LIMIT 1 OFFSET ?
) ORDER BY number
"""
_COLUMNS = "id, owner, state, stage, share, tries, created, ended, code, error"


@dataclass(frozen=True)
class Job:
    """One job as the table has it.

    Attributes:
        id: 32 hexadecimal letters that nobody can guess.
        owner: Whose it is.
        state: ``receiving``, ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        stage: What a running job does now.
        share: 0..1 of its work that is done.
        tries: How often it was started.
        created, ended: Seconds since 1970.
        code: Why it failed, for programs.
        error: Why it failed, for people; without report text, names of files or patient fields.
    """

    id: str
    owner: str
    state: State
    stage: str
    share: float
    tries: int
    created: float
    ended: float | None
    code: str | None
    error: str | None


class JobStore:
    """The table. Calls from several threads are safe; only one service may have it open.

    Args:
        path: Of the file; made where it is missing.
        changed: Called with a job's id whenever it changes, in whatever thread.

    Raises:
        ConfigError: Another service uses it, or it is no such table.
    """

    def __init__(self, path: Path, changed: Callable[[str], None] = lambda _: None) -> None:
        self.changed = changed
        self._turn = threading.Condition()
        try:
            self._base = sqlite3.connect(path, timeout=0.5, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(f"BEGIN EXCLUSIVE; {_TABLE} COMMIT;")
        except sqlite3.Error as error:
            told = "another service uses it" if "locked" in str(error) else "its table of jobs cannot be read"
            raise ConfigError(f"The service's folder is of no use: {told}. Name another one with --state.") from error

    def close(self) -> None:
        """Let another service have it."""
        with self._turn:
            self._base.close()

    def recover(self) -> set[str]:
        """After a start: what ran waits again or has failed, what was being received is gone; ids of all others."""
        with self._turn:
            self._run("DELETE FROM jobs WHERE state = 'receiving'")
            for job in self._all("state = 'running'"):
                self._again(job, "interrupted", "The service stopped while the job ran, twice.")
            return {job.id for job in self._all("1")}

    def count(self, *states: State) -> int:
        """How many jobs are in one of these states."""
        with self._turn:
            return self._count(states, None)

    def admit(self, owner: str, most: int, most_of_owner: int) -> Job | Literal["all", "owner"]:
        """A place for a job whose request is about to be received; where there is no room, whose limit is reached."""
        with self._turn:
            if self._count(ACTIVE, owner) >= most_of_owner:
                return "owner"
            if self._count(ACTIVE, None) >= most:
                return "all"
            id = secrets.token_hex(16)
            self._run(
                "INSERT INTO jobs (id, owner, state, created) VALUES (?, ?, 'receiving', ?)", id, owner, time.time()
            )
            return self._all("id = ?", id)[0]

    def enqueue(self, id: str) -> None:
        """What was being received is complete and may be taken."""
        self._change(id, "state = 'queued'", only_if="state = 'receiving'")

    def claim(self, timeout_s: float) -> Job | None:
        """The longest waiting job, now running; None where none comes in time."""
        with self._turn:
            waiting = "SELECT id FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1"
            if self._base.execute(waiting).fetchone() is None:
                self._turn.wait(timeout_s)
            row = self._base.execute(waiting).fetchone()
            return None if row is None else self._change(row[0], "state = 'running', stage = '', tries = tries + 1")

    def get(self, id: str, owner: str | None = None) -> Job | None:
        """A job by its id; None where there is none, or it is another's."""
        with self._turn:
            found = self._all("id = ?", id)
            return found[0] if found and owner in (None, found[0].owner) else None

    def progress(self, id: str, stage: str, share: float) -> None:
        """What a running job does now."""
        self._change(id, "stage = ?, share = ?", stage, share, only_if="state = 'running'")

    def finish(self, id: str) -> None:
        """A running job has its results."""
        self._end(id, "done", None, None)

    def fail(self, id: str, code: str, error: str) -> None:
        """A job has none, and why."""
        self._end(id, "failed", code, error)

    def cancel(self, id: str) -> None:
        """Its owner does not want it any more; nothing happens where it has ended."""
        self._end(id, "cancelled", None, None)

    def put_back(self, id: str, *, counted: bool = True, code: str = "", error: str = "") -> None:
        """A running job waits again: once after its worker died, and as often as the service is stopped in peace."""
        with self._turn:
            job = self.get(id)
            if job is None or job.state != "running":
                return
            if counted:
                self._again(job, code, error)
            else:
                self._change(id, "state = 'queued', stage = '', share = 0, tries = tries - 1")

    def forget(self, id: str) -> None:
        """Take a job out of the table."""
        with self._turn:
            self._run("DELETE FROM jobs WHERE id = ?", id)
        self.changed(id)

    def outdated(self, before: float, owner: str | None = None, kept: int = 0) -> list[str]:
        """Ids of jobs that ended before a time; of an owner, also those beyond the newest ``kept``."""
        with self._turn:
            rows = self._base.execute(_OUTDATED, (before, owner, owner, kept))
            return [row[0] for row in rows]

    def _again(self, job: Job, code: str, error: str) -> None:
        if job.tries < TRIES:
            self._change(job.id, "state = 'queued', stage = '', share = 0")
        else:
            self._end(job.id, "failed", code, error)

    def _end(self, id: str, state: State, code: str | None, error: str | None) -> None:
        change = "state = ?, stage = '', share = 1, code = ?, error = ?, ended = ?"
        self._change(id, change, state, code, error, time.time(), only_if="ended IS NULL")

    def _change(self, id: str, change: str, *values: Any, only_if: str = "1") -> Job | None:
        with self._turn:
            self._run(f"UPDATE jobs SET {change} WHERE id = ? AND {only_if}", *values, id)
            self._turn.notify_all()
            job = self.get(id)
        self.changed(id)
        return job

    def _count(self, states: Sequence[State], owner: str | None) -> int:
        told, values = f"state IN ({', '.join('?' * len(states))})", [str(state) for state in states]
        if owner is not None:
            told, values = told + " AND owner = ?", [*values, owner]
        return int(self._base.execute(f"SELECT COUNT(*) FROM jobs WHERE {told}", values).fetchone()[0])

    def _all(self, told: str, *values: Any) -> list[Job]:
        with closing(self._base.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {told} ORDER BY number", values)) as rows:
            return [Job(*row) for row in rows]

    def _run(self, statement: str, *values: Any) -> None:
        self._base.execute(statement, values)
