"""Orthanc on this machine, with a configuration and a database of its own."""

import json
import random
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from medsegr.pacs.archive import Archive
from medsegr.pacs.connect import Manner, connect
from tests.serve.running import until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE = "TESTPACS"


@dataclass(frozen=True)
class Orthanc:
    """A PACS that listens.

    Attributes:
        http, dicom: Its ports.
        ours: Port to which it sends what we ask for by C-MOVE.
    """

    http: int
    dicom: int
    ours: int

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http}/dicom-web"

    @property
    def node(self) -> str:
        return f"dimse://{TITLE}@127.0.0.1:{self.dicom}"

    def archives(self) -> dict[str, Archive]:
        """Each way to speak to it."""
        return {
            "dicomweb": connect(self.web),
            "get": connect(self.node),
            "move": connect(self.node, Manner(retrieve="move", move_port=self.ours)),
        }


def free_ports(count: int) -> list[int]:
    """Ports that are free now, of those which no system gives to whoever asks for any."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 99):
        with socket.socket() as held, suppress(OSError):
            held.bind(("127.0.0.1", port))
            found.append(port)
    return found[:count]


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc, empty at first, for the tests of one file."""
    with started(tmp_path_factory.mktemp("orthanc")) as made:
        yield made


@contextmanager
def started(folder: Path) -> Iterator[Orthanc]:
    """Orthanc with its files in a folder; skips where it is not installed."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc with its DICOMweb plugin is not installed: apt-get install orthanc orthanc-dicomweb")
    made, path = Orthanc(*free_ports(3)), folder / "orthanc.json"
    path.write_text(json.dumps(_configuration(folder, made)))
    with (folder / "log").open("wb") as log, subprocess.Popen([program, path], stdout=log, stderr=log) as process:
        try:
            until(lambda: process.poll() is not None or _answers(made), 120)
            assert process.poll() is None, (folder / "log").read_text()
            yield made
        finally:
            process.terminate()
            process.wait(30)


def _configuration(folder: Path, made: Orthanc) -> dict:
    return {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "Plugins": [str(PLUGIN)],
        "HttpPort": made.http, "DicomPort": made.dicom, "DicomAet": TITLE, "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
        "DicomCheckCalledAet": True, "DicomModalities": {"us": ["MEDSEGR", "127.0.0.1", made.ours]},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip


def _answers(made: Orthanc) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{made.http}/system", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
