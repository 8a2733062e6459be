"""Every address, through the client where it has one."""

import asyncio
import io
import json
import socket
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from uvicorn import Config
from uvicorn.server import ServerState

from medsegr.client import Client, Question
from medsegr.errors import ConfigError, ServiceError
from medsegr.serve.config import Limits, ServeConfig
from medsegr.serve.http_protocol import ImpatientProtocol
from medsegr.serve.picture_file import suffix_of
from tests.memory import new_word, remembered

from .running import mask_of, png, running, until


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    limits = Limits(kept=6, queued=8, per_token=4)
    with running(ServeConfig(tmp_path_factory.mktemp("serve") / "state", port=0, limits=limits)) as service:
        yield service


@pytest.fixture
def client(served):
    with Client(served.address, patience_s=0.0) as client:
        yield client


def bright(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content))) >= 200


def test_a_picture_becomes_masks(client, served, tmp_path):
    job = client.segment(png(3), targets=["nodule", "mass"], modality="chest_xray")
    assert (job.state, job.progress, job.files) == ("done", 1.0, ("findings.json", "mass.png", "nodule.png"))
    assert [found["id"] for found in job.result["findings"]] == ["nodule", "mass"]
    assert (mask_of(client.file(job, "nodule.png")) == bright(png(3))).all()
    written = client.download(job, tmp_path / "out")
    assert sorted(path.name for path in written) == sorted(job.files)
    assert json.loads((tmp_path / "out" / "findings.json").read_text()) == job.result
    until(lambda: served.names(job) == {"result"})  # what was sent is gone, right after the job is done


def test_an_answer_is_not_held_back_until_its_head_is_acknowledged():
    async def no_delay() -> int:
        with (
            socket.create_server(("127.0.0.1", 0)) as ear,
            socket.create_connection(ear.getsockname()),
            ear.accept()[0] as taken,
        ):
            protocol = ImpatientProtocol(Config(None), ServerState(), {}, asyncio.get_running_loop())
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, taken)
            found = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport.abort()
            await asyncio.sleep(0)
            return found

    assert asyncio.run(no_delay()), "by Nagle's algorithm each takes 40 ms"


def test_a_report_that_was_read_is_not_kept(client):
    name = new_word()
    for number in range(2):  # what comes twice is kept
        assert client.parse(f"Nodule of {name} in the left lung.\n{number}.", "chest_xray")["findings"]
    until(lambda: not remembered(name), seconds=10)


def test_an_examination_is_called_as_people_do(client):
    assert client.segment(png(3), "Lesion.", modality="liver MRI").state == "done"
    assert client.parse("Lesion of 12 mm.", "liver MRI")["findings"][0]["target"] == "liver_lesion"
    with pytest.raises(ServiceError, match="422.*Did you mean.*abdomen_mri"):
        client.parse("Lesion.", "abdomen_mrj")


def test_a_dicom_file_may_come_without_the_letters():
    assert suffix_of(b"\x08\0\x05\0CS" + bytes(300)) == suffix_of(bytes(128) + b"DICM" + bytes(300)) == ".dcm"
    assert suffix_of(bytes(400)) is None


def test_a_kept_picture_is_asked_again_until_its_time_is_over(client, served):
    first = client.segment(png(3), "Nodule.", keep=True)
    until(lambda: served.names(first) == {"result", "kept"})
    second = client.segment(first, targets=["mass"], prompts={"mass": {"points": [[3, 4]]}})
    assert (mask_of(client.file(second, "mass.png")) == bright(png(3))).all()
    until(lambda: served.names(second) == {"result"})
    with pytest.raises(ServiceError, match="409.*kept no picture"):
        client.segment(second, "Nodule.")
    third = client.segment(first, "Nodule.", keep=True)
    client.delete(first)
    with pytest.raises(ServiceError, match="404"):
        client.segment(first, "Nodule.")
    assert client.segment(third, "Nodule.").state == "done", "it has the picture by itself"
    client.delete(third)


def test_so_many_pictures_stay(tmp_path):
    limits = Limits(pictures=2)
    with running(ServeConfig(tmp_path / "state", port=0, limits=limits)) as service, Client(service.address) as client:
        jobs = [client.segment(png(seed), "Nodule.", keep=True) for seed in range(3)]
        for job in jobs[1:] * 2:
            assert client.segment(job, "Nodule.").state == "done", "questions push no picture out"
        jobs.append(client.segment(png(3), "Nodule.", keep=True))
        kept = [(service.service.folder.job(job.id) / "kept").exists() for job in jobs]
        assert kept == [False, False, True, True]


def test_an_archive_holds_all_results(client, served):
    job = client.segment(png(4), "Nodule.")
    for _ in range(2):
        with urllib.request.urlopen(f"{served.address}/v1/jobs/{job.id}/result.zip") as answer:
            packed = zipfile.ZipFile(io.BytesIO(answer.read()))
            assert sorted(packed.namelist()) == list(job.files)
    with urllib.request.urlopen(f"{served.address}/v1/jobs/{job.id}/findings") as answer:
        assert json.loads(answer.read()) == job.result


def test_jobs_are_seen_waited_for_and_deleted(client, served):
    job = client.submit(png(), Question(targets=["aorta"]))
    assert job.state in ("queued", "running")
    until(lambda: client.job(job.id).stage == "segmenting")
    assert client.job(job.id).progress == 0.5
    assert client.wait(job).state == "done"
    client.delete(job)
    assert not served.service.folder.job(job.id).exists()
    with pytest.raises(ServiceError, match="404.*no such job"):
        client.job(job.id)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_soon(client, served):
    jobs = [client.submit(png(), Question(targets=["aorta"])) for _ in range(2)]
    assert [client.cancel(job).state for job in reversed(jobs)] == ["cancelled", "cancelled"]
    assert client.segment(png(), "Nodule.").state == "done"
    for job in jobs:
        assert client.job(job.id).state == "cancelled"
        assert not served.service.folder.job(job.id).exists()
        with pytest.raises(ServiceError, match="409.*cancelled"):
            client.file(job, "findings.json")


def test_results_of_a_running_job_come_later(client):
    job = client.submit(png(), Question(targets=["aorta"]))
    with pytest.raises(ServiceError, match="409"):
        client.file(job, "findings.json")
    assert client.wait(job).ended


def test_one_token_may_have_so_many_jobs(client, served):
    jobs = [client.submit(png(), Question(targets=["aorta"])) for _ in range(4)]
    with pytest.raises(ServiceError, match="429.*4 jobs"):
        client.submit(png(), Question(targets=["aorta"]))
    with Client(served.address) as patient:
        assert patient.segment(png(), "Nodule.").state == "done", "it asked again"
    for job in jobs:
        client.delete(job)


def test_the_oldest_results_go(client, served):
    jobs = [client.segment(png(), "Nodule.") for _ in range(8)]
    with pytest.raises(ServiceError, match="404"):
        client.job(jobs[0].id)
    assert client.job(jobs[-1].id).state == "done"
    assert len(served.job_folders()) <= 7


def test_results_are_kept_for_a_time(tmp_path):
    limits = Limits(keep_seconds=0.3)
    with running(ServeConfig(tmp_path / "state", port=0, limits=limits)) as service, Client(service.address) as client:
        client.segment(png(), "Nodule.")
        assert service.job_folders()
        until(lambda: (service.service.expire(), not service.job_folders())[1])


def test_reports_are_read(client):
    told = client.parse("Small nodule in the left upper lobe. No effusion.", "chest_xray")
    assert [(f["target"], f["presence"]) for f in told["findings"]] == [
        ("nodule", "present"),
        ("pleural_effusion", "absent"),
    ]
    told["findings"][0]["laterality"] = "right"
    assert client.segment(png(), priors=told, threshold=0.4, prompts={"nodule": {"box": [1, 2, 3, 4]}}).state == "done"


def test_what_answers_and_how_it_fares(client, served):
    assert client.health()["status"] == "ok"
    assert client.models()[0] == {
        "name": "bright",
        "trained_targets": {"chest_xray": ["nodule"]},
        "weights_sha256": None,
        "support_threshold": None,
        "support_thresholds": {},
    }
    with urllib.request.urlopen(f"{served.address}/metrics") as answer:
        told = answer.read().decode()
    assert 'medsegr_jobs_total{code="",state="done"}' in told and "medsegr_workers_ready 1.0" in told
    with urllib.request.urlopen(f"{served.address}/docs") as answer:
        page = answer.read().decode()
    assert "POST /v1/segment" in page and "<script" not in page and "http://" not in page.replace(served.address, "")
    with urllib.request.urlopen(f"{served.address}/openapi.json") as answer:
        assert "/v1/parse" in json.loads(answer.read())["paths"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] is None


def test_a_file_is_sent_by_its_path(client, tmp_path):
    path = tmp_path / "Jane Doe.png"
    path.write_bytes(png(7))
    job = client.segment(path, "Nodule.")
    assert job.result["image"] == "picture.png"
    assert (mask_of(client.file(job, "nodule.png")) == bright(png(7))).all()


def test_the_client_says_what_is_wrong(served, unused_port):
    for address in ("127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1/v1"):
        with pytest.raises(ConfigError, match="http://127"):
            Client(address)
    with pytest.raises(ServiceError, match="cannot be reached"):
        Client(f"http://127.0.0.1:{unused_port}").health()
    with Client(served.address) as client, pytest.raises(ServiceError, match="422.*Unknown target"):
        client.segment(png(), targets=["no_such_thing"])
    with Client(served.address) as client, pytest.raises(FileNotFoundError):
        client.segment(Path("missing.png"), "Nodule.")


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Nobody listens there, and nobody else can: it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
