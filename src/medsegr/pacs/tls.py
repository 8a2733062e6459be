"""TLS before a port that DICOM nodes call, as DICOM PS3.15 has it (BCP 195: version 1.2 or newer)."""

import socket
import ssl
from pathlib import Path
from typing import Any

from medsegr.errors import ConfigError

HANDSHAKE_S = 5.0
"""Seconds that a caller may take for its handshake."""


class _Later(ssl.SSLContext):
    """Leaves the handshake to :func:`shakes_hands`: pynetdicom wraps one caller after the other, and all would wait."""

    def wrap_socket(self, sock: socket.socket, *given: Any, **how: Any) -> ssl.SSLSocket:
        how["do_handshake_on_connect"] = False
        return super().wrap_socket(sock, *given, **how)


def shakes_hands(caller: ssl.SSLSocket) -> bool:
    """Whether a caller makes its handshake in time; else it is hung up on."""
    before = caller.gettimeout()
    caller.settimeout(HANDSHAKE_S)
    try:
        caller.do_handshake()
        caller.settimeout(before)
    except OSError:  # ssl's own errors are among them
        caller.close()
        return False
    return True


def tls_of(certificate: Path | None, key: Path | None, authority: Path | None = None) -> ssl.SSLContext | None:
    """What a listener speaks TLS by; None where no certificate is named.

    Args:
        certificate: This side's, PEM, perhaps with those that signed it.
        key: Its private key, PEM, without a password.
        authority: Whose certificates callers must show; without it anybody may call.

    Raises:
        ConfigError: One of two is missing, or a file is of no use.
    """
    if certificate is None or key is None:
        if not certificate and not key and not authority:
            return None
        raise ConfigError("TLS needs both a certificate and its key: --tls-cert FILE --tls-key FILE.")
    made = _Later(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(certificate, key, password="")
        if authority is not None:
            made.load_verify_locations(authority)
            made.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # ssl's own errors are among them
        raise ConfigError(
            f"A file of --tls-cert, --tls-key or --tls-ca is of no use ({type(error).__name__}). Expected PEM: a "
            "certificate, its own key without a password, and the certificates of those who may call."
        ) from error
    return made
