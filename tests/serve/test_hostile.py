"""Hostile requests: a clear 4xx each, no traceback, nothing left behind, and the next good request works."""

import json
import logging
import socket

import pytest

from medsegr.client import Client, Question
from medsegr.serve.config import Limits, ServeConfig

from . import monai_client
from .hostile import TOKEN, Hostile, everything
from .hostile_viewers import viewers
from .running import png, running, until

OTHER = "another-token-of-them"
ALL = [*everything(), *viewers()]
LIMITS = Limits(body_bytes=1_400_000, pixels=1_000_000, findings=5, report_characters=2_000, idle_seconds=0.4,
                upload_seconds=3.0, job_seconds=20.0)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    config = ServeConfig(tmp_path_factory.mktemp("hostile") / "state", port=0, limits=LIMITS, tokens=(TOKEN, OTHER))
    with running(config) as service:
        yield service


@pytest.fixture(scope="module")
def jobs(served):
    """A job of ours, one of somebody else, and a picture that this one has sent ahead."""
    with Client(served.address, TOKEN) as client, Client(served.address, OTHER) as other:
        ours, theirs = client.segment(png(), "Nodule."), other.segment(png(), "Nodule.", keep=True)
        kind, body = monai_client.form({}, {"files": ("a.png", png())})
        held = monai_client.ask(served.port, "PUT", "/session/", kind, body, authorization=f"Bearer {OTHER}").json
        yield {"own": ours.id, "foreign": theirs.id, "held": held["session_id"]}
        assert served.service.pictures.drop(served.service.store.get(theirs.id).owner, held["session_id"])
        assert other.job(theirs.id).state == "done", "nobody else could touch it"


def test_there_are_more_than_a_hundred():
    assert len(ALL) > 100 and len({one.name for one in ALL}) == len(ALL)


@pytest.mark.parametrize("hostile", ALL, ids=lambda one: one.name.encode("ascii", "replace").decode())
def test_a_hostile_request_is_refused_and_leaves_nothing(hostile: Hostile, served, jobs, caplog):
    caplog.set_level(logging.INFO)
    raw = hostile.raw
    for name, value in (("port", str(served.port)), *jobs.items()):
        raw = raw.replace(b"{" + name.encode() + b"}", value.encode(), 1)
    status, body = answer_to(raw, served.port)
    assert status in hostile.statuses, body[:300]
    assert b"Traceback" not in body and b".py" not in body and b"/tmp" not in body and len(body) < 2_000
    if body.startswith(b"{"):
        assert {"code", "detail"} <= json.loads(body).keys()
    assert not [line for line in caplog.messages if "Traceback" in line or "failed" in line]
    until(lambda: not served.service.store.count("receiving", "queued", "running"))
    until(lambda: {folder.name for folder in served.job_folders()} == {jobs["own"], jobs["foreign"]})
    assert len(list(served.service.pictures.folder.iterdir())) == 1, "the one that somebody else has sent ahead"
    with Client(served.address, TOKEN) as client:
        good = client.segment(png(5), "Nodule.")
        assert good.state == "done"
        client.delete(good)


def answer_to(raw: bytes, port: int) -> tuple[int, bytes]:
    """Status and body of what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as wire:
        try:
            wire.sendall(raw)
            chunks = []
            while chunk := wire.recv(65536):
                chunks.append(chunk)
        except ConnectionError:  # it had said what it had to say before all was sent
            pass
    head, _, body = b"".join(chunks).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_a_sender_who_leaves_in_the_middle_leaves_nothing(served, jobs):
    raw = next(one.raw for one in ALL if one.name == "half sent: picture").replace(b"{port}", str(served.port).encode())
    before = {folder.name for folder in served.job_folders()}
    with socket.create_connection(("127.0.0.1", served.port)) as wire:
        wire.sendall(raw)
        until(lambda: served.service.store.count("receiving"))
    until(lambda: not served.service.store.count("receiving"))
    assert {folder.name for folder in served.job_folders()} == before


def test_a_full_queue_says_when_to_come_back(tmp_path):
    config = ServeConfig(tmp_path / "state", port=0, limits=Limits(queued=2, per_token=9), tokens=(TOKEN,))
    with running(config) as served, Client(served.address, TOKEN, patience_s=0.0) as client:
        for _ in range(2):
            client.submit(png(), Question(targets=["kidney"]))
        raw = next(one.raw for one in ALL if one.name == "twice").replace(b"{port}", str(served.port).encode())
        status, body = answer_to(raw, served.port)
        assert (status, json.loads(body)["code"]) == (503, "busy")


def test_a_connection_without_a_request_is_closed(served, monkeypatch):
    monkeypatch.setattr("medsegr.serve.http_protocol.HEAD_SECONDS", 0.3)
    for begun in (b"", b"GET /v1/health HTTP/1.1\r\nhos"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as wire:
            wire.sendall(begun)
            assert wire.recv(100) == b""
