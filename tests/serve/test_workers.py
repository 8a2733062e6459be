"""Workers that die, hang or fail; services that stop and start again; and what is written of all that."""

import logging
import os
import signal
import subprocess
import sys
import threading

import pytest

from medsegr.client import Client, Question
from medsegr.errors import ConfigError, ServiceError
from medsegr.serve import dispatcher
from medsegr.serve.config import Limits, ServeConfig
from medsegr.serve.service import Service

from .running import png, running, stand_in, until

NAMES = ("PLANTED", "JANE", "DOE^JANE", "Q1234567")
REPORT = "PLANTED JANE DOE^JANE Q1234567. Nodule in the left lung."


@pytest.fixture
def config(tmp_path):
    return ServeConfig(tmp_path / "state", port=0, limits=Limits(job_seconds=20.0))


def test_a_job_whose_worker_ends_is_tried_once_more(config):
    with running(config) as served, Client(served.address) as client:
        assert client.segment(png(), targets=["spleen"]).state == "done"
        with pytest.raises(ServiceError, match="worker_died.*twice"):
            client.segment(png(), targets=["liver"])
        assert client.segment(png(), "Nodule.").state == "done"
        assert b"medsegr_worker_deaths_total 3.0" in served.service.count()


def test_a_worker_that_is_killed_loses_no_job(config):
    with running(config) as served, Client(served.address) as client:
        jobs = [client.submit(png(k), Question(targets=["aorta"])) for k in range(2)]
        until(lambda: client.job(jobs[0].id).stage == "segmenting")
        os.kill(served.service.dispatchers[0].worker.pid, signal.SIGKILL)
        assert [client.wait(job).state for job in jobs] == ["done", "done"]


def test_a_job_that_takes_too_long_is_ended(tmp_path):
    config = ServeConfig(tmp_path / "state", port=0, limits=Limits(job_seconds=1.0))
    with running(config) as served, Client(served.address) as client:
        with pytest.raises(ServiceError, match="time.*longer than the 1 s"):
            client.segment(png(), targets=["kidney"])
        assert client.segment(png(), "Nodule.").state == "done"


def test_a_running_job_that_is_cancelled_lets_the_next_one_in(config, monkeypatch):
    monkeypatch.setattr(dispatcher, "GRACE_S", 0.1)
    with running(config) as served, Client(served.address) as client:
        job = client.submit(png(), Question(targets=["kidney"]))
        until(lambda: client.job(job.id).state == "running")
        client.delete(job)
        assert client.segment(png(), "Nodule.").state == "done"
        assert len(served.job_folders()) == 1


def test_a_restart_goes_on_with_the_jobs(config):
    with running(config) as served, Client(served.address) as client:
        done = client.segment(png(), "Nodule.")
        jobs = [client.submit(png(k), Question(targets=["aorta"])) for k in range(3)]
        until(lambda: client.job(jobs[0].id).state == "running")
    stray = served.service.folder.path / "jobs" / ("f" * 32)
    stray.mkdir()
    with running(config) as served, Client(served.address) as client:
        assert not stray.exists()
        assert [client.wait(job).state for job in jobs] == ["done"] * 3
        assert client.file(client.job(done.id), "nodule.png")
        assert served.service.store.get(jobs[0].id).tries == 1


def test_a_service_that_is_killed_goes_on_too(config):
    code = (
        "import sys; from pathlib import Path; from tests.serve.running import *\n"
        "with running(ServeConfig(Path(sys.argv[1]), port=0)) as served:\n"
        "    print(served.port, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(config.state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        with Client(f"http://127.0.0.1:{process.stdout.readline().strip()}") as client:
            jobs = [client.submit(png(k), Question(targets=["aorta"])) for k in range(3)]
        process.kill()
    with running(config) as served, Client(served.address) as client:
        assert [client.wait(job).state for job in jobs] == ["done"] * 3


def test_what_was_sent_is_gone_after_a_kill_right_before_it_would_have_been(config):
    with running(config) as served, Client(served.address) as client:
        job = client.segment(png(), "Nodule.")
        until(lambda: served.names(job) == {"result"})
        left = served.service.folder.job(job.id) / "request.json"
    left.write_text(REPORT)
    with running(config) as served, Client(served.address) as client:
        assert served.names(job) == {"result"} and client.job(job.id).state == "done"


def test_a_model_that_cannot_be_loaded_ends_the_start(tmp_path):
    service = Service(ServeConfig(tmp_path / "state", model="none"), stand_in)
    with pytest.raises(ConfigError, match="No model 'none'"):
        service.start()


def test_nothing_that_was_sent_is_written(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    config = ServeConfig(tmp_path / "state", port=0, limits=Limits(job_seconds=20.0))
    with running(config) as served, Client(served.address) as client:
        path = tmp_path / "DOE^JANE Q1234567.png"
        path.write_bytes(png())
        job = client.segment(path, REPORT, targets=["nodule"])
        for question in (Question(REPORT, targets=["bladder"]), Question(REPORT, modality="PLANTED JANE"),
                         Question(REPORT, targets=["PLANTED JANE DOE^JANE Q1234567 again"]),
                         Question(REPORT, options={"PLANTED JANE": 1})):  # fmt: skip
            with pytest.raises(ServiceError) as failed:
                client.wait(client.submit(path, question))
            assert not any(name in str(failed.value) for name in NAMES)
        with pytest.raises(ServiceError):
            client.file(job, "DOE^JANE")
        until(lambda: len(served.job_folders()) == 1 and served.names(job) == {"result"})
        kept = [entry for entry in config.state.rglob("*") if entry.is_file()]
        written = [entry.read_bytes() for entry in kept] + [str(entry).encode() for entry in kept]
        printed = (caplog.text + "".join(capfd.readouterr())).encode()
    assert b"failed: RuntimeError" in printed
    for name in NAMES:
        assert not any(name.encode() in content for content in [*written, printed])


def test_answers_are_not_mixed_up_under_load(config):
    wrong: list[int] = []

    def ask(first: int) -> None:
        from .test_service import bright, mask_of

        with Client(served.address) as client:
            for seed in range(first, first + 5):
                job = client.segment(png(seed), "Nodule.")
                if (mask_of(client.file(job, "nodule.png")) != bright(png(seed))).any():
                    wrong.append(seed)
            done.append(first)

    done: list[int] = []
    with running(config) as served:
        threads = [threading.Thread(target=ask, args=(5 * k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert len(done) == 8 and not wrong
