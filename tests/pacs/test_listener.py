"""The listener, asked by dcmtk's programs, and what becomes of the studies that it is sent."""

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread
from pynetdicom import AE

from medsegr.batch.job import Job
from medsegr.batch.worker import Worker
from medsegr.cli.main import main
from medsegr.errors import ConfigError, PacsError
from medsegr.pacs import receiver, tls
from medsegr.pacs.archive import Query
from medsegr.pacs.connect import connect
from medsegr.pacs.receiver import Ear, listening
from medsegr.pacs.tls import tls_of
from medsegr.pacs_studies.incoming import Bounds, Incoming
from medsegr.pacs_studies.listener import UNSENT, Listener
from tests.pacs.studies import bright_worker, drawn, write_study
from tests.serve.running import until

QUIET_S = 0.5


class Shelf:
    """A PACS that keeps what it is given, after refusing it a few times."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals, self.kept = refusals, []

    def store(self, files: list[Path]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PacsError("full")
        self.kept += [dcmread(file) for file in files]


def dcmtk(program: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run one of dcmtk's programs; skip where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: apt-get install dcmtk")
    return subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def at_work(folder: Path, archive: object, **bounds: object) -> Iterator[tuple[int, Listener]]:
    """A listener at work in a thread: its port, and itself."""
    (folder / "out").mkdir()
    incoming = Incoming(folder / "state", Bounds(**{"quiet_s": QUIET_S, **bounds}))
    listener = Listener(incoming, Worker(Job(folder / "out", pictures=False)), folder / "out", archive, pauses_s=(0.1,))
    done = threading.Event()
    thread = threading.Thread(target=listener.run, args=(done.is_set,))
    with listening(Ear("127.0.0.1", 0, "MEDSEGR", ("SENDER",)), incoming.take) as port:
        thread.start()
        try:
            yield port, listener
        finally:
            done.set()
            thread.join(60)


def left(folder: Path) -> list[Path]:
    """Files of studies that are still there."""
    walked = os.walk(folder / "state")  # goes on where folders vanish meanwhile; rglob does not
    return [Path(place) / name for place, _, names in walked for name in names]


def test_what_storescu_sends_is_segmented_with_its_report_and_stored(tmp_path, monkeypatch, caplog):
    bright_worker(monkeypatch)
    shelf, study = Shelf(refusals=1), write_study(tmp_path / "in", 1)
    caplog.set_level("INFO", "medsegr.pacs")
    with at_work(tmp_path, shelf) as (port, _):
        assert dcmtk("echoscu", "-aet", "SENDER", "-aec", "MEDSEGR", "127.0.0.1", port).returncode == 0
        sent = dcmtk("storescu", "-aet", "SENDER", "-aec", "MEDSEGR", "+sd", "127.0.0.1", port, tmp_path / "in")
        assert sent.returncode == 0, sent.stderr
        until(lambda: len(shelf.kept) == 4 and not left(tmp_path))
        until(lambda: not list((tmp_path / "out").iterdir()))
    assert [made.Modality for made in shelf.kept] == ["SEG", "SEG", "SR", "SR"]
    assert {made.StudyInstanceUID for made in shelf.kept} == {study}
    pictures = [made for made in shelf.kept if made.Modality == "SEG" and made.get("NumberOfFrames") == 2]
    made = highdicom.seg.Segmentation.from_dataset(pictures[0])
    for frame, mask in zip(made.pixel_array, drawn(), strict=True):
        np.testing.assert_array_equal(frame > 0, mask)
    for planted in ("Quorra", "ZQ-123456", "Nodule", study):
        assert planted not in caplog.text


def test_who_hangs_up_while_its_last_instance_is_taken_is_not_waited_for(tmp_path):
    incoming, came = Incoming(tmp_path / "state", Bounds(quiet_s=0.01)), threading.Event()

    def take_late(event):
        came.set()
        until(lambda: event.assoc.dul.state_machine.current_state == "Sta1")  # the connection is over
        return incoming.take(event)

    write_study(tmp_path / "in", 1)
    instance = dcmread(min((tmp_path / "in").iterdir()))
    with listening(Ear("127.0.0.1", 0, "MEDSEGR"), take_late) as port:
        entity = AE("SENDER")
        entity.add_requested_context(instance.SOPClassUID, instance.file_meta.TransferSyntaxUID)
        sender = entity.associate("127.0.0.1", port, ae_title="MEDSEGR")
        sending = threading.Thread(target=sender.send_c_store, args=(instance,))
        sending.start()
        assert came.wait(60)
        sender.abort()
        sending.join()
        until(lambda: incoming.complete(0.1))


def test_strangers_and_other_services_are_refused(tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    write_study(tmp_path / "in", 1)
    with at_work(tmp_path, Shelf()) as (port, _):
        for ours, theirs in (("STRANGER", "MEDSEGR"), ("SENDER", "OTHER")):
            refused = dcmtk("storescu", "-aet", ours, "-aec", theirs, "+sd", "127.0.0.1", port, tmp_path / "in")
            assert refused.returncode != 0 and "not recognized" in (refused.stderr + refused.stdout).lower()
        asked = dcmtk("findscu", "-S", "-aet", "SENDER", "-aec", "MEDSEGR", "-k", "QueryRetrieveLevel=STUDY",
                      "127.0.0.1", port)  # fmt: skip
        assert "no acceptable presentation context" in (asked.stderr + asked.stdout).lower()
        assert left(tmp_path) == []


def test_a_study_beyond_the_bounds_is_refused(tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    write_study(tmp_path / "in", 1)
    with at_work(tmp_path, Shelf(), study_bytes=30_000, quiet_s=600) as (port, _):
        sent = dcmtk("storescu", "-v", "-aet", "SENDER", "-aec", "MEDSEGR", "+sd", "127.0.0.1", port, tmp_path / "in")
        assert "outofresources" in (sent.stderr + sent.stdout).lower()
        assert sum(path.stat().st_size for path in left(tmp_path)) <= 30_000


def test_results_that_no_pacs_takes_are_put_aside(tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    shelf = Shelf(refusals=9)
    write_study(tmp_path / "state" / "incoming" / "study", 1)
    with at_work(tmp_path, shelf):
        until(lambda: len(list((tmp_path / "out").glob(f"{UNSENT}/*/*.dcm"))) == 4 and not left(tmp_path))
    assert shelf.kept == [] and shelf.refusals == 7


def test_what_a_stopped_listener_left_is_worked_off_and_a_study_without_report_is_told(tmp_path, monkeypatch, caplog):
    bright_worker(monkeypatch)
    shelf = Shelf()
    write_study(tmp_path / "state" / "incoming" / "one", 1)
    write_study(tmp_path / "state" / "working" / "two", 2)
    write_study(tmp_path / "state" / "working" / "three", 3, report=None)
    with at_work(tmp_path, shelf):
        until(lambda: len(shelf.kept) == 8 and not left(tmp_path))
    assert "study three: 4 instances came without a report" in caplog.text


def test_results_are_stored_in_orthanc(orthanc, tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    study = write_study(tmp_path / "in", 5)
    archive = connect(orthanc.node)
    archive.store(sorted((tmp_path / "in").iterdir()))
    write_study(tmp_path / "state" / "incoming" / "study", 5)
    with at_work(tmp_path, archive):
        until(lambda: [one.modality for one in archive.series(study)].count("SR") == 3)
    assert [one.uid for one in connect(orthanc.web).studies(Query(study=study))] == [study]
    seen = dcmtk("findscu", "-S", "-aec", "TESTPACS", "-k", "QueryRetrieveLevel=SERIES", "-k", "Modality=SEG",
                 "-k", f"StudyInstanceUID={study}", "-k", "SeriesInstanceUID", "127.0.0.1", orthanc.dicom)  # fmt: skip
    assert len(re.findall(r"\(0008,0060\) CS \[SEG *\]", seen.stdout + seen.stderr)) == 2


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--out", "out", "--host", "0.0.0.0"], "name who may send with --caller"),
        ([], "Say where results go"),
        (["--out", "out", "--title", "a title that is too long"], "1 to 16 letters"),
        (["--store-to", "ftp://somewhere"], "no address of a PACS"),
        (["--out", "out", "--untrained", "perhaps"], "untrained is 'perhaps'; expected 'refuse' or 'draw'"),
        (["--out", "out", "--quiet", "0"], "'quiet_s' is 0"),
    ],
)
def test_wrong_use_is_told_in_one_line(typed, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main(["pacs", "listen", *typed]) == 2
    assert told in capsys.readouterr().err


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key, by openssl."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([found, *made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def test_a_port_with_tls_takes_those_who_show_the_right_certificate_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "HANDSHAKE_S", 60.0)
    (cert, key), (own, own_key), (other, other_key) = (
        certificate(tmp_path, name) for name in ("node", "peer", "other")
    )
    asking = ("-aet", "SENDER", "-aec", "MEDSEGR", "+cf", cert)
    with listening(Ear("127.0.0.1", 0, "MEDSEGR", (), tls_of(cert, key, own)), lambda _: 0) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        assert dcmtk("echoscu", *asking, "+tls", own_key, own, "localhost", port).returncode == 0, "after a silent one"
        assert dcmtk("echoscu", *asking, "+tls", other_key, other, "localhost", port).returncode != 0
        assert dcmtk("echoscu", *asking, "+tla", "localhost", port).returncode != 0, "without a certificate"
        assert (
            dcmtk("echoscu", "-aet", "SENDER", "-aec", "MEDSEGR", "-to", 5, "-ta", 5, "localhost", port).returncode != 0
        )
        silent.close()
    with listening(Ear("127.0.0.1", 0, "MEDSEGR", (), tls_of(cert, key)), lambda _: 0) as port:
        assert dcmtk("echoscu", *asking, "+tla", "localhost", port).returncode == 0, "nobody asked for one"
        assert dcmtk("echoscu", "-aec", "MEDSEGR", "+cf", other, "+tla", "localhost", port).returncode != 0


def test_a_silent_caller_keeps_nobody_waiting_and_is_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "HANDSHAKE_S", 600.0)
    cert, key = certificate(tmp_path, "node")
    asking = ("echoscu", "-aet", "SENDER", "-aec", "MEDSEGR", "+cf", cert, "+tla", "localhost")
    with listening(Ear("127.0.0.1", 0, "MEDSEGR", (), tls_of(cert, key)), lambda _: 0) as port:
        with socket.create_connection(("127.0.0.1", port)) as silent:
            assert dcmtk(*asking, port).returncode == 0
            silent.setblocking(False)
            with pytest.raises(BlockingIOError):  # it may still speak
                silent.recv(1)
        monkeypatch.setattr(tls, "HANDSHAKE_S", 0.1)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
            assert silent.recv(1) == b""


def test_what_tls_cannot_be_made_of_is_said(tmp_path):
    (cert, _), (_, other_key) = certificate(tmp_path, "node"), certificate(tmp_path, "other")
    assert tls_of(None, None) is None
    for given in ((cert, None), (None, other_key), (None, None, cert)):
        with pytest.raises(ConfigError, match="both a certificate and its key"):
            tls_of(*given)
    for given in ((cert, other_key), (cert, tmp_path / "none.key"), (other_key, cert)):
        with pytest.raises(ConfigError, match="is of no use"):
            tls_of(*given)
    assert main(["pacs", "listen", "--out", str(tmp_path / "out"), "--tls-cert", str(cert)]) == 2


def test_who_says_nothing_is_hung_up_on_and_who_has_sent_may_pause(monkeypatch):
    monkeypatch.setattr(receiver, "SILENT_S", 2.0)
    monkeypatch.setattr(receiver, "MOST_ASSOCIATIONS", 3)
    callers: list[socket.socket] = []
    with listening(Ear("127.0.0.1", 0, "MEDSEGR"), lambda _: 0) as port:
        begun = b"\x01\x00\x00\x00\x00\xcd\x00\x01"  # the first bytes of a request for an association
        with ExitStack() as open_ones:
            for said in (b"", begun, b"\x01"):
                one = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
                one.sendall(said)
                callers.append(one)
            assert [one.recv(1) for one in callers] == [b""] * 3, "hung up on"
        entity = AE("SENDER")
        entity.add_requested_context("1.2.840.10008.1.1")
        silent, at_work = (entity.associate("127.0.0.1", port, ae_title="MEDSEGR") for _ in range(2))
        assert at_work.is_established and at_work.send_c_echo().Status == 0
        until(lambda: not silent.is_established)
        assert silent.is_aborted and at_work.send_c_echo().Status == 0
        others = [entity.associate("127.0.0.1", port, ae_title="MEDSEGR") for _ in range(2)]
        assert all(one.is_established for one in others), "those who were hung up on take no place"
        for one in (at_work, *others):
            one.abort()
