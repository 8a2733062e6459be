"""A port of this side that takes what others store: the end of a C-MOVE, and the ear of ``medsegr pacs listen``."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegr._optional import require
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.errors import PacsError
from medsegr.pacs.instance_file import write_encoded
from medsegr.pacs.tls import shakes_hands

SILENT_S = 10.0
"""Seconds in which a caller must ask for an association, and then for something."""

IDLE_S = 60.0
"""Seconds without a word after which the association of one who has asked for something is ended."""

MOST_ASSOCIATIONS = 16
SUCCESS = 0x0000
VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True)
class Ear:
    """Where and as whom this side listens.

    Attributes:
        host: Address to listen on.
        port: 0 for any that is free.
        title: By which it must be called.
        callers: Titles that may call; empty for any.
        tls: By what this side speaks TLS; None for plain DICOM.
    """

    host: str
    port: int
    title: str
    callers: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None


@contextmanager
def listening(ear: Ear, store: Callable[[Any], int]) -> Iterator[int]:
    """Take instances and C-ECHO until the block ends; yields the port.

    Args:
        ear: Where.
        store: Called with the event of each instance, in threads of their own; answers DICOM's status.

    Raises:
        PacsError: The port cannot be listened on.
        MissingExtraError: pynetdicom is not installed.
    """
    require("pynetdicom", "A PACS", "'medsegr[pacs]'")
    pydicom()
    from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

    entity = AE(ear.title)
    entity.require_called_aet, entity.require_calling_aet = True, list(ear.callers)
    entity.maximum_associations = MOST_ASSOCIATIONS
    entity.network_timeout = entity.acse_timeout = SILENT_S
    entity.dimse_timeout = IDLE_S
    entity.add_supported_context(VERIFICATION)
    for kind in (str(context.abstract_syntax) for context in AllStoragePresentationContexts):
        entity.add_supported_context(kind, ALL_TRANSFER_SYNTAXES)
    handlers: list[Any] = [(evt.EVT_C_STORE, store), (evt.EVT_CONN_OPEN, _wait_briefly),
                           (evt.EVT_DIMSE_RECV, _wait_longer)]  # fmt: skip
    try:
        server = entity.start_server((ear.host, ear.port), block=False, evt_handlers=handlers, ssl_context=ear.tls)
    except OSError as error:
        raise PacsError(f"Port {ear.port} of {ear.host} cannot be listened on ({error.strerror}). Name another one "
                        "with --port.") from error  # fmt: skip
    assert server is not None
    if ear.tls is not None:
        _shake_hands_first(server)
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _wait_briefly(event: Any) -> None:
    """Bound the wait for the rest of a message: pynetdicom does not, and half of one would keep its place for ever."""
    event.assoc.dul.socket.socket.settimeout(SILENT_S)


def _wait_longer(event: Any) -> None:
    """Who has asked for something may take longer for the next."""
    event.assoc.network_timeout = IDLE_S
    connection = event.assoc.dul.socket.socket
    if connection is not None:  # else it is over by now
        connection.settimeout(IDLE_S)


def _shake_hands_first(server: Any) -> None:
    """Who fails at its handshake never counts as an association; each has a thread of its own by then."""
    take = server.RequestHandlerClass
    server.RequestHandlerClass = lambda caller, *more: take(caller, *more) if shakes_hands(caller) else None


@contextmanager
def receiving(ear: Ear, folder: Path) -> Iterator[Sequence[Path]]:
    """Take what is sent into a folder, as a C-MOVE's destination; yields the files, growing."""
    came: list[Path] = []

    def take(event: Any) -> int:
        came.append(write_encoded(folder, str(event.request.AffectedSOPInstanceUID), event.encoded_dataset()))
        return SUCCESS

    with listening(ear, take):
        yield came


def address_towards(host: str, port: int) -> str:
    """This machine's own address on the way to another; nothing is sent.

    Raises:
        PacsError: There is no way.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as way:
            way.connect(place)
            return str(way.getsockname()[0])
    except OSError as error:
        raise PacsError(f"The PACS at {host}:{port} cannot be reached ({error.strerror}). Check the host.") from error
