"""Files that are to be stored: what is no DICOM is told before anything is sent, and nobody listening as such."""

import socket
from collections.abc import Iterator

import pytest

from medsegr.cli.main import main
from medsegr.errors import PacsError
from medsegr.pacs.connect import connect
from medsegr.pacs.instance_file import read_instance
from tests.pacs.studies import write_study

ADDRESSES = ("http://127.0.0.1:{}/dicom-web", "dimse://ANY@127.0.0.1:{}")


@pytest.fixture
def away() -> Iterator[int]:
    """A port on which nothing listens, and nobody else can: it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_dicom_is_told_and_else_that_nothing_listens(address, away, tmp_path, capsys):
    write_study(tmp_path / "in", 1)
    files = sorted(map(str, (tmp_path / "in").iterdir()))
    assert main(["pacs", "store", address.format(away), *files]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    (tmp_path / "us.png").write_bytes(b"\x89PNG of no use")
    assert main(["pacs", "store", address.format(away), *files, str(tmp_path / "us.png")]) == 2
    told = capsys.readouterr().err
    assert "us.png is no DICOM file" in told and "answer cannot be read" not in told


def test_an_object_without_a_kind_is_told(tmp_path, away):
    write_study(tmp_path / "in", 1)
    path = tmp_path / "in" / "picture.dcm"
    made = read_instance(path)
    made.file_meta.MediaStorageSOPClassUID = ""
    made.save_as(path, enforce_file_format=False)
    with pytest.raises(PacsError, match="picture.dcm"):
        connect(ADDRESSES[0].format(away)).store([path])
