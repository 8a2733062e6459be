"""Who may ask: the Host header, the page that a request comes from, and the token."""

import hashlib
import hmac
import ipaddress

from medsegr.serve.config import ServeConfig
from medsegr.serve.refused import RefusedError

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
NOBODY = "local"
"""Owner of all jobs where no token is needed."""


class Access:
    """The three questions that every request is asked before its body is read; ``port`` is really listened on."""

    def __init__(self, config: ServeConfig, port: int) -> None:
        bound = f"[{config.host}]" if ":" in config.host else config.host
        self._own = {bound.lower()} | (LOCAL_NAMES if config.local else set())
        self._named = {name.lower() for name in config.names}
        self._port, self._everywhere = port, config.everywhere
        self._tokens = [token.encode() for token in config.tokens]

    def refuse_host(self, host: str) -> RefusedError | None:
        """Refuse a name that is not this service's own: a page could have led a browser here by one of its own."""
        told = "The Host header names another service. Call it by the address that it listens on."
        return None if self._known(host) else RefusedError(421, "host", told)

    def refuse_origin(self, origin: str | None, site: str | None, host: str) -> RefusedError | None:
        """Refuse what a page of another origin sends, by the headers Origin, Sec-Fetch-Site and Host."""
        foreign = origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")
        if foreign or site in ("cross-site", "same-site"):
            return RefusedError(403, "origin", "Pages of other origins may not ask this service.")
        return None

    def owner(self, authorization: str | None) -> str | None:
        """Whose jobs a request may see; None where its token is missing or wrong. All tokens are compared in full."""
        if not self._tokens:
            return NOBODY
        scheme, _, given = (authorization or "").partition(" ")
        sent = given.strip().encode("utf-8", "replace")
        matches = [hmac.compare_digest(sent, token) for token in self._tokens]
        if scheme.lower() != "bearer" or not any(matches):
            return None
        return hashlib.sha256(self._tokens[matches.index(True)]).hexdigest()[:16]

    def _known(self, host: str) -> bool:
        name, port = _split(host.lower())
        own = name in self._own or (self._everywhere and _is_number(name))
        return (own and port == self._port) or name in self._named  # a proxy with a name has a port of its own


def _split(host: str) -> tuple[str, int | None]:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host, 80
    return name, int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else None


def _is_number(name: str) -> bool:
    """Whether a host is told as an address: no name of another's can be led here then."""
    try:
        return bool(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return False
