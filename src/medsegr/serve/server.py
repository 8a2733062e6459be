"""From the command to a service that listens: the address first, then the model, then requests."""

import logging
import socket
import sys

import uvicorn

from medsegr.errors import ConfigError
from medsegr.serve.app import build_app
from medsegr.serve.config import ServeConfig
from medsegr.serve.http_protocol import ImpatientProtocol
from medsegr.serve.service import Service

CONNECTIONS = 256
"""Open at once; more are refused."""


def serve(config: ServeConfig) -> None:
    """Listen until the process is told to end.

    Raises:
        ConfigError: The address is taken, the model cannot be loaded, or the folder is another's.
        OutputError: The folder cannot be made.
    """
    _log_to_stderr()
    with listening(config) as listener:
        port = listener.getsockname()[1]
        service = Service(config)
        service.start()
        shown = f"[{config.host}]" if ":" in config.host else config.host
        print(f"medsegr serves '{config.model}' on http://{shown}:{port} (addresses: /docs). End it with Ctrl-C.",
              file=sys.stderr, flush=True)  # fmt: skip
        server_of(service, port).run(sockets=[listener])


def listening(config: ServeConfig) -> socket.socket:
    """A socket on the address.

    Raises:
        ConfigError: It is taken, or none of this machine's.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise ConfigError(
            f"Nothing can listen on {config.host}, port {config.port} ({error.strerror}). "
            "Choose another --port or --host."
        ) from error


def server_of(service: Service, port: int) -> uvicorn.Server:
    """The HTTP server for a service that has been started."""
    return uvicorn.Server(
        uvicorn.Config(
            build_app(service, port),
            http=ImpatientProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=16_384,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=5,
        )
    )


def _log_to_stderr() -> None:
    """Our own lines, and of others only warnings: neither holds anything that was sent."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("medsegr.serve").setLevel(logging.INFO)
