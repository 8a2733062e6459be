"""What a service is told at its start: where it listens, who may ask, and how much."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medsegr.errors import ConfigError

TOKEN_VARIABLE = "MEDSEGR_TOKEN"
"""Name of the environment variable with the token; several are parted by blanks, and each is an owner of its jobs."""

SHORTEST_TOKEN = 16
"""Characters of a token at least."""


@dataclass(frozen=True)
class Limits:
    """How much may be asked; all are checked before the work that they bound.

    Attributes:
        body_bytes: Of one request.
        pixels: Of one picture; voxels of a volume.
        findings: Of one report and its targets together.
        report_characters: Of one report.
        queued: Jobs that wait, run or are being received, of all together.
        per_token: The same of one token.
        kept: Finished jobs of one token; beyond it the oldest of them go.
        pictures: Of one token that stay for further questions, as long as their results do.
        job_seconds: That one job may run.
        keep_seconds: That results are kept.
        idle_seconds: That a sender may pause within a request.
        upload_seconds: That one request may take to arrive.

    Raises:
        ConfigError: One of them is not above 0.
    """

    body_bytes: int = 256_000_000
    pixels: int = 160_000_000
    findings: int = 64
    report_characters: int = 20_000
    queued: int = 64
    per_token: int = 32
    kept: int = 2_000
    pictures: int = 32
    job_seconds: float = 300.0
    keep_seconds: float = 3600.0
    idle_seconds: float = 20.0
    upload_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigError(f"The service's limit '{name}' is {value}; expected a number above 0.")


@dataclass(frozen=True)
class ServeConfig:
    """One service.

    Attributes:
        state: Private folder for jobs, uploads and results.
        host: Address to listen on.
        port: 0 for any that is free.
        model: As ``medsegr.load`` takes it.
        device: As ``medsegr.load`` takes it.
        workers: Processes, each with the model.
        trunk_bytes: In each worker, for the host's work on pictures that may come again.
        backend, precision: See :class:`medsegr.inference.backends.choice.Backend`.
        tokens: Who may ask; empty where the address is of this machine alone.
        names: Names besides the address by which the service is called.
        limits: How much may be asked.
        lexicons: Files with words of the user's own.
        pacs: Address of the DICOMweb service from which series are fetched; no other address is ever asked.

    Raises:
        ConfigError: No such address, an address of other machines without a token, or a token that is too short.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 8000
    model: str = "auto"
    device: str = "cpu"
    workers: int = 1
    trunk_bytes: int = 512_000_000
    backend: str = "auto"
    precision: str = "f32"
    tokens: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    lexicons: tuple[Path, ...] = ()
    pacs: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535 or not 1 <= self.workers <= 64 or self.trunk_bytes < 0:
            raise ConfigError(
                f"A service has a port from 0 to 65535, 1 to 64 workers and no negative memory; got port {self.port}, "
                f"{self.workers} workers, {self.trunk_bytes} bytes."
            )
        if not _is_address(self.host):
            raise ConfigError("--host is no address; expected one such as 127.0.0.1, ::1, or 0.0.0.0 for all networks.")
        if any(len(token) < SHORTEST_TOKEN or not token.isascii() for token in self.tokens):
            raise ConfigError(
                f"A token in {TOKEN_VARIABLE} is too short or not ASCII; expected at least {SHORTEST_TOKEN} letters, "
                "for example from: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )
        if not self.local and not self.tokens:
            raise ConfigError(
                f"{self.host} can be reached from other machines, so a token is needed: set {TOKEN_VARIABLE} to at "
                f"least {SHORTEST_TOKEN} letters, or listen on 127.0.0.1."
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the address."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    @property
    def everywhere(self) -> bool:
        """Whether the address stands for all of the machine's networks."""
        return self.host != "localhost" and ipaddress.ip_address(self.host).is_unspecified


def tokens_of(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The tokens that the environment names, in their order."""
    return tuple(environment.get(TOKEN_VARIABLE, "").split())


def default_state(port: int) -> Path:
    """The private folder of a service on this port, in the user's own."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "medsegr" / f"serve-{port}"


def _is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False
