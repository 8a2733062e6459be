"""What a DICOMweb service may not do to us, and how its refusals are told."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from medsegr.errors import ConfigError, PacsError
from medsegr.pacs.address import NodeAddress, WebAddress, pacs_address
from medsegr.pacs.archive import FoundSeries, Query, series_to_fetch
from medsegr.pacs.dicomweb import AUTHORIZATION_VARIABLE, DicomWeb


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list]]:
    """A server with one answer to everything; its address, and the headers of what it was asked."""
    asked: list = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def archive(address: str, **environment: str) -> DicomWeb:
    return DicomWeb(WebAddress(address), environment)


def test_no_other_address_is_asked_whatever_is_answered():
    with answering(200, b"[]") as (elsewhere, asked), answering(302, Location=elsewhere) as (address, _):
        with pytest.raises(PacsError, match="none but its own is asked"):
            archive(address).echo()
        assert asked == []


def test_the_authorization_is_sent_and_stands_in_no_error():
    told = {AUTHORIZATION_VARIABLE: "Bearer planted-token"}
    with answering(401) as (address, asked), pytest.raises(PacsError, match="wants a login") as failed:
        archive(address, **told).echo()
    assert asked[0]["Authorization"] == "Bearer planted-token" and "planted" not in str(failed.value)


def test_a_patients_id_stands_in_no_error():
    for status, body in ((500, b""), (200, b"<html>")):
        with answering(status, body) as (address, _), pytest.raises(PacsError) as failed:
            archive(address).studies(Query(patient_id="PLANTED-7"))
        assert "PLANTED" not in str(failed.value) and "DICOMweb" in str(failed.value)
    assert "PLANTED" not in repr(Query(patient_id="PLANTED-7"))


def test_a_pacs_that_is_away_is_told():
    with answering(200) as (address, _):
        pass
    with pytest.raises(PacsError, match="cannot be reached"):
        archive(address).echo()


def test_addresses_are_of_two_kinds():
    assert pacs_address("http://127.0.0.1:8042/dicom-web/") == WebAddress("http://127.0.0.1:8042/dicom-web")
    assert pacs_address("dimse://MY PACS@host.example:104") == NodeAddress("MY PACS", "host.example", 104)
    assert pacs_address("dimse://A@[::1]:104") == NodeAddress("A", "::1", 104)
    for wrong in ("http://user:secret@host/x", "dimse://A@host", "dimse://A@host:99999", "dimse://@host:104", "x",
                  "dimse://SEVENTEEN-LETTERS@host:104", "file:///etc/passwd", "http://host/x?y=z"):  # fmt: skip
        with pytest.raises(ConfigError, match="no address of a PACS") as failed:
            pacs_address(wrong)
        assert "secret" not in str(failed.value)


def test_a_query_asks_for_something_and_series_without_use_stay():
    with pytest.raises(ConfigError, match="Say which studies"):
        Query()
    found = [FoundSeries(uid, kind) for uid, kind in (("1", "CT"), ("2", "SEG"), ("3", "SR"), ("4", "KO"), ("5", "CR"))]
    assert [one.uid for one in series_to_fetch(found)] == ["1", "3", "5"]
    assert [one.uid for one in series_to_fetch(found, "5")] == ["3", "5"]
    with pytest.raises(ConfigError, match="no series of that UID; it has 5"):
        series_to_fetch(found, "6")
