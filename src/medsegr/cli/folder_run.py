"""A run over a work list at the command line: who works, progress, the end."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from medsegr.batch.job import Job
from medsegr.cli.case_table import MOST_SHOWN, show_cases
from medsegr.cli.console import messages, results
from medsegr.cli.progress import Progress
from medsegr.cli.run_record import RunRecord
from medsegr.errors import ConfigError, InputError

if TYPE_CHECKING:
    from medsegr.batch.crew import Crew
    from medsegr.batch.out_folder import Mode
    from medsegr.batch.outcome import Outcome
    from medsegr.batch.work_list import WorkList

MANY = 16
"""Studies from which on more than one process is worth its start."""

MOST_WORKERS = 8
"""Processes that are taken unless somebody asks for more: each holds a model of its own."""

BATCH_ON_GPU = 8
"""Pictures in one call of the model; on a CPU one, for there a batch is no faster than its pictures."""


@dataclass(frozen=True)
class Labour:
    """Who works.

    Attributes:
        workers: Processes, or actors of a cluster; None for as many as seem right.
        batch_size: Studies that share a call of the model; None for as many as seem right.
        ray: Address of a Ray cluster, ``local``, or None.
    """

    workers: int | None = None
    batch_size: int | None = None
    ray: str | None = None

    def crew(self, job: Job, count: int) -> "Crew":
        """The workers, with their models loaded."""
        if self.ray is not None:
            from medsegr.batch.ray_crew import RayCrew

            return RayCrew(job, self.workers, self.ray)
        cores = available_cores()
        alone = count < MANY or os.name != "posix" or not _on_cpu(job.device)
        workers = self.workers or (1 if alone else min(cores, MOST_WORKERS))
        if workers > 1:
            if os.name != "posix":
                raise ConfigError("Several --workers need Linux or macOS. Use --ray local, or one.")
            from medsegr.batch.process_crew import ProcessCrew

            return ProcessCrew(job, workers, max(1, cores // workers))
        from medsegr.batch.own_crew import OwnCrew

        return OwnCrew(job)

    def chunk(self, device: str) -> int:
        """Studies in one chunk."""
        return self.batch_size or (1 if _on_cpu(device) else BATCH_ON_GPU)


@dataclass
class Tally:
    """What has come to its end so far.

    Attributes:
        done, failed: Outcomes by their place in the work list.
        kept: How many of those done were there before.
    """

    done: dict[int, "Outcome"] = field(default_factory=dict)
    failed: dict[int, "Outcome"] = field(default_factory=dict)
    kept: int = 0

    def take(self, outcome: "Outcome") -> None:
        """Count one."""
        (self.failed if outcome.record is None else self.done)[outcome.study.number] = outcome
        self.kept += outcome.kept


def run_folder(work: "WorkList", job: Job, mode: "Mode", labour: Labour, record: RunRecord) -> None:
    """Segment every study of a work list, each final as soon as it is done; write ``run.json`` and show the end.

    Raises:
        InputError: No study could be segmented.
        typer.Exit: With 1 where some failed, with 130 or 143 where Ctrl-C or SIGTERM stopped the run.
    """
    from medsegr.batch.out_folder import results_folder
    from medsegr.batch.run import run_all

    tally = Tally()
    with results_folder(job.out, mode, record.read_from) as folder, stop_signals() as told:
        crew = labour.crew(job, len(work))
        try:
            with Progress(len(work)) as progress:

                def took(outcome: "Outcome") -> None:
                    if outcome.record is not None:
                        folder.first_is_done()
                    tally.take(outcome)
                    progress.tell(outcome)

                finished = run_all(work, crew, labour.chunk(job.device), took, lambda: bool(told))
        finally:
            crew.close()
        if finished:
            _refuse_nothing(tally, len(work))
            record.write(folder.out, _about(crew.about, tally), _ordered(tally.done), _ordered(tally.failed))
    if not finished:
        _stopped(tally, len(work), told[0])
    _show(tally, job.out)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Numbers of the signals that asked to stop; a second one interrupts at once."""
    told: list[int] = []

    def ask(number: int, _: Any) -> None:
        if told:
            raise KeyboardInterrupt
        told.append(number)
        messages().print("Stopping after the cases at hand; once more stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_cpu(device: str) -> bool:
    if device == "cpu":
        return True
    from medsegr.inference.device import device_named

    return device_named(device).type == "cpu"


def available_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _refuse_nothing(tally: Tally, count: int) -> None:
    """Raise an error where not one study is done."""
    if tally.done:
        return
    first = tally.failed[min(tally.failed)].error
    if count == 1:
        raise InputError(first)
    raise InputError(f"None of the {count} images could be segmented. The first: {first}")


def _about(about: dict[str, Any], tally: Tally) -> dict[str, Any]:
    """The model of the run; of ``auto`` with the weights that the cases name."""
    if "taken" not in about:
        return about
    records = [outcome.record for outcome in tally.done.values() if outcome.record is not None]
    return {**about, "taken": dict(sorted({record.model: record.weights_sha256 for record in records}.items()))}


def _ordered(outcomes: dict[int, "Outcome"]) -> list["Outcome"]:
    return [outcomes[number] for number in sorted(outcomes)]


def _stopped(tally: Tally, count: int, number: int) -> None:
    messages().print(f"Stopped: {len(tally.done):,} of {count:,} cases are complete. Go on with the same command and "
                     "--resume, without --overwrite.")  # fmt: skip
    raise typer.Exit(128 + number)


def _show(tally: Tally, out: Path) -> None:
    done, failed = _ordered(tally.done), _ordered(tally.failed)
    show_cases(out, [outcome.record for outcome in done if outcome.record is not None])
    kept = f" ({tally.kept:,} were there before)" if tally.kept else ""
    if len(done) > MOST_SHOWN or tally.kept:
        results().print(f"{len(done):,} cases are complete{kept}, {len(failed):,} failed.")
    results().print(f"Masks, pictures and findings.json are in {out}", soft_wrap=True)
    for outcome in failed[:MOST_SHOWN]:
        messages().print(f"Failed: {outcome.study.case}: {outcome.error}")
    if len(failed) > MOST_SHOWN:
        messages().print(f"{len(failed) - MOST_SHOWN:,} more have failed; run.json lists them all.")
    if failed:
        raise typer.Exit(1)
