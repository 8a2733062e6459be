"""HTTP as uvicorn speaks it, with two things that it leaves out.

Connections on which nothing is asked are closed: uvicorn waits for the head of a request as long as it may take. And
answers leave at once: a socket of ``socket.create_server`` does not tell its protocol, so asyncio leaves Nagle's
algorithm on, which holds an answer's body for 40 ms, until the other side says that it has the head.
"""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""That a connection may be open without a request under way; looked at once in that time."""


class ImpatientProtocol(H11Protocol):
    """Uvicorn's own, with a limit to what a head may take, and without a wait before a body."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last: object = None
        self._timer: asyncio.TimerHandle = self.loop.call_later(HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is self._last:
            self.transport.close()
            return
        self._last = self.cycle
        self._timer = self.loop.call_later(HEAD_SECONDS, self._look)
