"""A service under load: requests by many clients, workers killed in between; none may be lost or mixed up.

Each request asks for one of a few phantoms; its masks must be, pixel for pixel, what the library gives for that
phantom here, and nearer to its own truth than to another phantom's. Every fourth picture is kept and asked again.
What a worker remembers has room for few of the phantoms, so that it is filled and emptied all the time. Memory is that
of the service and its worker together.

``python -m benchmarks.serve_load`` (1,000 requests by 32 clients, two kills, at most eight minutes)
"""

import argparse
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.record import write_record
from medsegr.client import Client, ServedJob
from medsegr.data.phantoms import PhantomStudy, generate_study
from medsegr.errors import ServiceError
from medsegr.inference.predictor import load

SEED, FROM_REQUEST, ASKED_AGAIN = 5, 0.1, 4
"""Of the phantoms; share of the requests after which memory must stay flat; one picture in so many is asked again."""

CLEAR = 0.6
"""Dice with the own truth at least, and with all others below it."""

COMMAND = "import sys; from medsegr.cli.main import main; sys.exit(main(sys.argv[1:]))"
Masks = dict[str, np.ndarray]


@dataclass
class Tally:
    """What the clients saw; of each request the seconds, and the bytes of memory when it had ended."""

    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """Requests that have their answer, whatever it is."""
        return len(self.seconds) + len(self.failed)


@dataclass
class Run:
    """One run: the phantoms with what is expected of each, and the numbers asked for."""

    studies: list[PhantomStudy]
    expected: list[Masks]
    requests: int
    deadline: float = 0.0
    tally: Tally = field(default_factory=Tally)
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int | None:
        """Number of the next request; None where there are enough, or the time is over."""
        with self.lock:
            if self.taken == self.requests or time.monotonic() > self.deadline:
                return None
            self.taken += 1
            return self.taken - 1

    def dice(self, masks: Masks) -> np.ndarray:
        """How far all masks together agree with the truth of each phantom."""
        drawn = np.any([*masks.values()], axis=0)
        return np.array([2 * (drawn & t).sum() / max(drawn.sum() + t.sum(), 1) for t in map(_truth, self.studies)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write ``results/serve_load.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, count in (("requests", 1000), ("clients", 32), ("kills", 2), ("phantoms", 24), ("side", 128),
                        ("workers", 1), ("trunk_megabytes", 48), ("minutes", 8)):  # fmt: skip
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=count)
    parser.add_argument("--model", default="tiny")
    asked = parser.parse_args(arguments)
    run = _prepared(asked.model, asked.phantoms, asked.side, asked.requests)
    with tempfile.TemporaryDirectory() as folder:
        command = ["--port", "0", "--state", f"{folder}/state", "--model", asked.model, "--workers", str(asked.workers)]
        command += ["--per-token", str(2 * asked.clients), "--trunk-megabytes", str(asked.trunk_megabytes)]
        with served(command) as (address, pid):
            started = time.monotonic()
            run.deadline = started + 60.0 * asked.minutes
            _load(run, address, pid, asked.clients, asked.kills)
            seconds = time.monotonic() - started
            left = len(list(Path(folder, "state", "jobs").iterdir()))
    figures = _figures(run.tally, seconds)
    write_record("serve_load", SEED, {**vars(asked), "taken": run.taken, **figures, "folders_left": left})


def _prepared(model: str, phantoms: int, side: int, requests: int) -> Run:
    """The first phantoms of which the model's masks are nearest to their own truth, by far, and these masks."""
    run, predictor, index = Run([], [], requests), load(model), 0
    while len(run.studies) < phantoms:
        study = generate_study(SEED, index, size=side)
        index += 1
        if study.role("described"):
            result = predictor.segment(study.image, study.report, modality=study.modality)
            run.studies.append(study)
            run.expected.append({found.id: found.mask for found in result.findings})
            dice = np.stack([run.dice(masks) for masks in run.expected])
            if ((dice >= CLEAR) != np.eye(len(dice), dtype=bool)).any():
                run.studies.pop()
                run.expected.pop()
    return run


@contextmanager
def served(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A service's address and process; what it says is read, and dropped."""
    with subprocess.Popen([sys.executable, "-c", COMMAND, "serve", *command], stderr=subprocess.PIPE, text=True) as one:
        assert one.stderr is not None
        line = next((line for line in one.stderr if "http://" in line), None)
        if line is None:
            raise SystemExit("the service did not start")
        threading.Thread(target=one.stderr.read, daemon=True).start()
        yield "http://" + line.split("http://")[1].split()[0], one.pid
        one.send_signal(signal.SIGTERM)


def _load(run: Run, address: str, pid: int, clients: int, kills: int) -> None:
    threads = [threading.Thread(target=_ask, args=(run, address, pid)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for kill in range(kills):
        while run.tally.ended < run.requests * (kill + 1) / (kills + 1) and time.monotonic() < run.deadline:
            time.sleep(0.05)
        for child in _workers(pid)[:1]:
            os.kill(child, signal.SIGKILL)
    for thread in threads:
        thread.join()


def _ask(run: Run, address: str, pid: int) -> None:
    tally = run.tally
    with Client(address, patience_s=600.0) as client:
        while (number := run.take()) is not None:
            k, started = number // 2 % len(run.studies), time.perf_counter()
            try:
                answers = _answers(client, run.studies[k], again=number % ASKED_AGAIN == 0)
            except ServiceError as error:
                with run.lock:
                    tally.failed.append(str(error))
                continue
            seconds, memory = time.perf_counter() - started, _memory(pid)
            with run.lock:
                tally.wrong += [f"request {number}" for masks in answers if not _same(masks, run.expected[k])]
                tally.dice += [float(run.dice(masks)[k]) for masks in answers]
                tally.seconds.append(seconds)
                tally.memory.append(memory)


def _answers(client: Client, study: PhantomStudy, *, again: bool) -> list[Masks]:
    """Masks of a phantom, and once more of the picture that the service has kept."""
    stream = io.BytesIO()
    Image.fromarray(study.image).save(stream, "PNG")
    jobs = [client.segment(stream.getvalue(), study.report, modality=study.modality, keep=again)]
    if again:
        jobs.append(client.segment(jobs[0], study.report, modality=study.modality))
    answers = [_masks(client, job, study.image.shape[:2]) for job in jobs]
    for job in jobs:
        client.delete(job)
    return answers


def _masks(client: Client, job: ServedJob, size: tuple[int, ...]) -> Masks:
    files = {found["id"]: found["mask"] for found in job.result["findings"]}
    return {
        id: np.asarray(Image.open(io.BytesIO(client.file(job, name)))) > 0 if name else np.zeros(size, bool)
        for id, name in files.items()
    }


def _same(masks: Masks, expected: Masks) -> bool:
    return masks.keys() == expected.keys() and all((masks[id] == expected[id]).all() for id in masks)


def _truth(study: PhantomStudy) -> np.ndarray:
    """All that the report describes and that is there."""
    return np.any([lesion.mask for lesion in study.role("described") if lesion.mask is not None], axis=0)


def _workers(pid: int) -> list[int]:
    """Workers are started by threads of the service, and are listed as theirs."""
    listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in listed for child in children]


def _memory(pid: int) -> int:
    """Bytes of the service and its workers."""
    total = 0
    for process in (pid, *_workers(pid)):
        try:
            told = Path(f"/proc/{process}/status").read_text()
        except OSError:  # it was killed a moment ago
            continue
        total += sum(1024 * int(line.split()[1]) for line in told.splitlines() if line.startswith("VmRSS"))
    return total


def _figures(tally: Tally, seconds: float) -> dict[str, Any]:
    first = int(FROM_REQUEST * len(tally.memory))
    from_then, later = float(np.median(tally.memory[first : first + 20])), tally.memory[first:]
    return {
        "done": len(tally.seconds),
        "mixed_up": tally.wrong,
        "failed_by_name": dict(Counter(tally.failed)),
        "dice_with_truth": round(float(np.mean(tally.dice)), 4),
        "seconds": round(seconds, 1),
        "requests_per_second": round(len(tally.seconds) / seconds, 2),
        "seconds_median": round(float(np.median(tally.seconds)), 3),
        "seconds_95": round(float(np.quantile(tally.seconds, 0.95)), 3),
        "memory_mb_from_tenth": round(from_then / 1e6, 1),
        "memory_mb_end": round(float(np.median(later[-20:])) / 1e6, 1),
        "memory_mb_most": round(max(later) / 1e6, 1),
        "memory_growth": round(max(later) / from_then - 1, 4),
    }


if __name__ == "__main__":
    main()
