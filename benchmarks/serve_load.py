"""A service under load: requests by many clients, workers killed in between; none may be lost or mixed up.

Each request asks for one of a few phantoms; its masks must be, pixel for pixel, what the library gives for that
phantom here. Memory is that of the service and its workers together, from one request on and at the end.

``python -m benchmarks.serve_load --requests 1000 --clients 32 --kills 2``
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.record import write_record
from medsegr.client import Client
from medsegr.data.phantoms import PhantomStudy, generate_study
from medsegr.errors import ServiceError
from medsegr.inference.predictor import load

FROM_REQUEST = 0.1
"""Share of the requests after which memory must stay flat."""

COMMAND = "import sys; from medsegr.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Tally:
    """What the clients saw."""

    done: int = 0
    wrong: int = 0
    failed: list[str] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Run:
    """One run: the phantoms with what is expected of each, and the numbers asked for."""

    studies: list[PhantomStudy]
    expected: list[dict[str, np.ndarray]]
    address: str
    requests: int
    tally: Tally = field(default_factory=Tally)
    next: int = 0

    def take(self) -> int | None:
        """Number of the next request."""
        with self.tally.lock:
            self.next += 1
            return self.next - 1 if self.next <= self.requests else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and write ``results/serve_load.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--phantoms", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--model", default="tiny")
    asked = parser.parse_args(arguments)
    studies = [generate_study(5, index) for index in range(asked.phantoms)]
    predictor = load(asked.model)
    expected = [
        {f.id: f.mask for f in predictor.segment(s.image, s.report, modality=s.modality).findings} for s in studies
    ]
    with tempfile.TemporaryDirectory() as folder:
        command = ["serve", "--port", "0", "--state", f"{folder}/state", "--model", asked.model]
        command += ["--workers", str(asked.workers), "--per-token", str(2 * asked.clients)]
        with subprocess.Popen([sys.executable, "-c", COMMAND, *command], stderr=subprocess.PIPE, text=True) as server:
            address = _address(server)
            run = Run(studies, expected, address, asked.requests)
            started = time.perf_counter()
            _load(run, server.pid, asked.clients, asked.kills)
            seconds = time.perf_counter() - started
            server.send_signal(signal.SIGTERM)
    write_record("serve_load", 5, {**vars(asked), **_figures(run.tally, seconds)})


def _address(server: subprocess.Popen) -> str:
    """Where the service listens, by what it says; its further lines are read and dropped."""
    assert server.stderr is not None
    for line in server.stderr:
        if "http://" in line:
            threading.Thread(target=server.stderr.read, daemon=True).start()
            return "http://" + line.split("http://")[1].split()[0]
    raise SystemExit("the service did not start")


def _load(run: Run, pid: int, clients: int, kills: int) -> None:
    threads = [threading.Thread(target=_ask, args=(run, pid)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for kill in range(kills):
        while run.tally.done < run.requests * (kill + 1) / (kills + 1):
            time.sleep(0.05)
        for child in _workers(pid)[:1]:
            os.kill(child, signal.SIGKILL)
    for thread in threads:
        thread.join()


def _ask(run: Run, pid: int) -> None:
    tally = run.tally
    with Client(run.address, patience_s=600.0) as client:
        while (number := run.take()) is not None:
            k, started = number % len(run.studies), time.perf_counter()
            try:
                right, dice = _one(client, run.studies[k], run.expected[k])
            except ServiceError as error:
                with tally.lock:
                    tally.failed.append(str(error))
                continue
            with tally.lock:
                tally.done += 1
                tally.wrong += not right
                tally.dice += dice
                tally.seconds.append(time.perf_counter() - started)
                tally.memory.append(_memory(pid))


def _one(client: Client, study: PhantomStudy, expected: dict[str, np.ndarray]) -> tuple[bool, list[float]]:
    """Whether all masks are the expected ones, and their Dice with the phantom's truth."""
    stream = io.BytesIO()
    Image.fromarray(study.image).save(stream, "PNG")
    job = client.segment(stream.getvalue(), study.report, modality=study.modality)
    masks = {entry["id"]: entry["mask"] for entry in job.result["findings"]}
    right, dice = masks.keys() == expected.keys(), []
    truth = np.any([lesion.mask for lesion in study.role("described") if lesion.mask is not None], axis=0)
    union = np.zeros_like(truth)
    for id, name in masks.items():
        seen = np.asarray(Image.open(io.BytesIO(client.file(job, name)))) > 0 if name else np.zeros_like(truth)
        right &= bool((seen == expected.get(id)).all())
        union |= seen
    client.delete(job)
    dice.append(float(2 * (union & truth).sum() / max(union.sum() + truth.sum(), 1)))
    return right, dice


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
    first = tally.memory[int(len(tally.memory) * FROM_REQUEST) :]
    times = np.sort(tally.seconds)
    return {
        "done": tally.done,
        "mixed_up": tally.wrong,
        "failed_by_name": tally.failed,
        "dice_with_truth": round(float(np.mean(tally.dice)), 4),
        "seconds": round(seconds, 1),
        "requests_per_second": round(tally.done / seconds, 2),
        "seconds_median": round(float(np.median(times)), 3),
        "seconds_95": round(float(times[int(0.95 * (len(times) - 1))]), 3),
        "memory_mb_from_tenth": round(first[0] / 1e6, 1),
        "memory_mb_end": round(float(np.median(tally.memory[-20:])) / 1e6, 1),
        "memory_mb_most": round(max(tally.memory) / 1e6, 1),
    }


if __name__ == "__main__":
    main()
