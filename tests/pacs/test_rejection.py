"""A PACS that rejects us is told from one that cannot be reached, however busy this machine is."""

import time

import pytest
from pynetdicom import AE
from pynetdicom.acse import ACSE
from pynetdicom.sop_class import Verification

from medsegr.errors import PacsError
from medsegr.pacs.connect import connect


@pytest.fixture
def port():
    """Where a node listens that takes only those who call it PACS."""
    entity = AE("PACS")
    entity.require_called_aet = True
    entity.add_supported_context(Verification)
    server = entity.start_server(("127.0.0.1", 0), block=False)
    yield server.server_address[1]
    server.shutdown()


@pytest.mark.parametrize("held_up_s", [0, 0.3])
def test_a_rejection_that_comes_at_once_is_one(port, monkeypatch, held_up_s):
    send = ACSE.send_request

    def send_and_be_held_up(self):
        send(self)
        time.sleep(held_up_s)

    monkeypatch.setattr(ACSE, "send_request", send_and_be_held_up)
    with pytest.raises(PacsError, match="rejects the association"):
        connect(f"dimse://OTHER@127.0.0.1:{port}").echo()


def test_nobody_who_listens_is_no_rejection(port):
    connect(f"dimse://PACS@127.0.0.1:{port}").echo()
    with pytest.raises(PacsError, match="cannot be reached"):
        connect("dimse://PACS@127.0.0.1:1").echo()
