"""What a worker process runs: ``python -m medsegr.batch.process DESCRIPTOR THREADS``; see ``process_crew.py``."""

import os
import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import torch

from medsegr.batch.crew import AT_ONCE, Chunk
from medsegr.batch.outcome import Outcome
from medsegr.batch.worker import Worker
from medsegr.errors import ConfigError, MedsegrError

Answers = queue.SimpleQueue[tuple[int, list[Outcome]]]


def work(end: Connection, threads: int) -> None:
    """Take a job, then its chunks, and send their outcomes, until nobody is at the other end."""
    torch.set_num_threads(threads)
    try:
        worker = Worker(end.recv())
    except MedsegrError as error:
        end.send(("error", ConfigError(str(error))))
        return
    end.send(("about", worker.about()))
    answers: Answers = queue.SimpleQueue()
    threading.Thread(target=_send, args=(end, answers), daemon=True).start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            try:
                number, chunk = end.recv()
            except (EOFError, OSError):
                os._exit(0)  # whoever gave out the work is gone, and may have a successor
            pool.submit(_do, worker, number, chunk, answers)


def _do(worker: Worker, number: int, chunk: Chunk, answers: Answers) -> None:
    answers.put((number, worker.do(chunk)))


def _send(end: Connection, answers: Answers) -> None:
    while True:
        answer = answers.get()
        try:
            end.send(answer)
        except OSError:
            os._exit(0)


if __name__ == "__main__":
    try:
        work(Connection(int(sys.argv[1])), int(sys.argv[2]))
    except (EOFError, OSError):
        os._exit(0)
