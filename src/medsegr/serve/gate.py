"""The first that a request meets: may it ask at all? And the last that an answer passes: nothing of an error leaks."""

import logging
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders

from medsegr.serve.access import Access
from medsegr.serve.metrics import Metrics
from medsegr.serve.problems import refused
from medsegr.serve.refused import RefusedError

log = logging.getLogger("medsegr.serve")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OPEN = frozenset({"/health", "/v1/health", "/"})
OPEN_BELOW = "/page/"
"""What may be asked without a token: whether the service lives, and the page, which holds nothing of anybody."""

LONGEST_HEAD = 16_000
"""Bytes of a request's address and headers."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer, unless it has its own."""


class Gate:
    """Around the application: asks who may ask, and counts requests."""

    def __init__(self, app: Any, access: Access, metrics: Metrics) -> None:
        self._app, self._access, self._metrics = app, access, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refused(refusal))(scope, receive, sending)
        except Exception as error:  # what it says may hold what was sent
            frames = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-4:]]
            log.error("a request failed (%s at %s)", type(error).__name__, " < ".join(reversed(frames)))
            if not status:
                answer = refused(RefusedError(500, "internal", "The service failed at this request."))
                await answer(scope, receive, sending)
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(route, str(status)).inc()
        log.info("%s %s %d %.0f ms", _method(scope), route, status, 1000 * (time.monotonic() - started))

    def _refusal(self, scope: Scope) -> RefusedError | None:
        told = [scope["raw_path"], scope["query_string"], *(part for pair in scope["headers"] for part in pair)]
        if sum(map(len, told)) > LONGEST_HEAD:
            return RefusedError(431, "head", f"Address and headers are longer than {LONGEST_HEAD:,} bytes.")
        headers = Headers(raw=scope["headers"])
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return RefusedError(400, "host", "A request has exactly one Host header.")
        refusal = self._access.refuse_host(hosts[0])
        if refusal is None:
            refusal = self._access.refuse_origin(headers.get("origin"), headers.get("sec-fetch-site"), hosts[0])
        if refusal is not None or scope["path"] in OPEN or scope["path"].startswith(OPEN_BELOW):
            return refusal
        scope["owner"] = self._access.owner(headers.get("authorization"))
        if scope["owner"] is None:
            return RefusedError(401, "token", "A token is needed: send the header 'Authorization: Bearer TOKEN'.")
        return None


def _method(scope: Scope) -> str:
    """A method that is one; another's name may hold anything."""
    return scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS") else "OTHER"
