"""A client of ``medsegr serve`` that needs the standard library alone.

from medsegr.client import Client

with Client("http://127.0.0.1:8000") as client:
    job = client.segment("scan.png", report="Polyp in the upper left.", modality="colonoscopy")
    client.download(job, "results")
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from medsegr.errors import ConfigError, ServiceError

LONGEST_POLL_S = 30.0
"""Seconds that one request waits for a job; after it the next one does."""

Picture = str | PathLike[str] | bytes
"""Path of a file, or a file's content."""


@dataclass(frozen=True)
class ServedJob:
    """A job as the service tells it.

    Attributes:
        id: Its name.
        state: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        stage: What a running job does now.
        progress: 0..1.
        files: Names of its results.
        result: Its findings.json, when it is done.
    """

    id: str
    state: str
    stage: str = ""
    progress: float = 0.0
    files: tuple[str, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Question:
    """What is asked of a picture; the arguments of ``Predictor.segment``, as JSON has them.

    Attributes:
        report: Text.
        priors: In place of the parser: what :meth:`Client.parse` gave, perhaps edited.
        targets: Structures besides.
        modality: For example ``chest_xray``.
        options: ``threshold``, ``support_threshold``, ``untrained``, ``prompts``, ``pictures``, ``keep``.
    """

    report: str | None = None
    priors: Mapping[str, Any] | None = None
    targets: Sequence[str] = ()
    modality: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and values of a form."""
        told = {"report": self.report, "priors": self.priors, "modality": self.modality, **self.options}
        for name, value in told.items():
            if value is not None:
                yield name, value if isinstance(value, str) else json.dumps(value)
        yield from (("targets", target) for target in self.targets)


class Client:
    """One service. Not for several threads at once: give each its own.

    Args:
        address: For example ``http://127.0.0.1:8000``.
        token: Where the service needs one.
        timeout_s: Of one request and its answer; waiting for a job is longer.
        patience_s: For how long a full queue is asked again.

    Raises:
        ConfigError: The address is none.
    """

    def __init__(
        self, address: str, token: str | None = None, *, timeout_s: float = 60.0, patience_s: float = 120.0
    ) -> None:
        told = urlsplit(address)
        if told.scheme not in ("http", "https") or not told.hostname or told.path.strip("/"):
            raise ConfigError("The address of a service is of the form http://127.0.0.1:8000.")
        kind = HTTPSConnection if told.scheme == "https" else HTTPConnection
        self._connection = kind(told.hostname, told.port, timeout=max(timeout_s, LONGEST_POLL_S + 5.0))
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._patience_s = patience_s

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def health(self) -> dict[str, Any]:
        """Whether the service has a model, and its version."""
        return self._json("GET", "/v1/health")

    def models(self) -> list[dict[str, Any]]:
        """Which models answer, and what they were trained to find."""
        models: list[dict[str, Any]] = self._json("GET", "/v1/models")["models"]
        return models

    def parse(self, report: str, modality: str | None = None) -> dict[str, Any]:
        """A report's findings as JSON; fit for ``priors`` of :meth:`segment`, as they are or edited."""
        body = json.dumps({"report": report, "modality": modality}).encode()
        return self._json("POST", "/v1/parse", body, {"Content-Type": "application/json"})

    def segment(
        self,
        image: "Picture | ServedJob",
        report: str | None = None,
        *,
        priors: Mapping[str, Any] | None = None,
        targets: Sequence[str] = (),
        modality: str | None = None,
        **options: Any,
    ) -> ServedJob:
        """Outline a report's findings, and wait until that is done.

        Args:
            image: Path of a picture, volume or archive, or its content; or a job that was sent with ``keep=True``, for
                further questions on its picture.
            report: Text.
            priors: In place of the parser.
            targets: Structures besides.
            modality: For example ``chest_xray``.
            options: ``threshold``, ``support_threshold``, ``untrained``, ``prompts``, ``pictures``, ``keep``.

        Raises:
            ServiceError: It was refused, failed, or the service cannot be reached.
        """
        return self.wait(self.submit(image, Question(report, priors, targets, modality, options)))

    def submit(self, image: "Picture | ServedJob", question: Question) -> ServedJob:
        """Send a job, and do not wait for it."""
        boundary = secrets.token_hex(16)
        again = [("again", image.id)] if isinstance(image, ServedJob) else []
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (*question.fields(), *again)
        )
        picture = b""
        if not isinstance(image, ServedJob):
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="image"\r\n\r\n'
            content = image if isinstance(image, bytes) else Path(image).read_bytes()
            picture = b"".join([head.encode(), content, b"\r\n"])
        body = b"".join([fields.encode(), picture, f"--{boundary}--\r\n".encode()])
        return _job(
            self._json("POST", "/v1/segment", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        )

    def job(self, id: str, wait_s: float = 0.0) -> ServedJob:
        """Where a job stands.

        Raises:
            ServiceError: It failed, or there is none.
        """
        told = self._json("GET", f"/v1/jobs/{id}?wait={min(wait_s, LONGEST_POLL_S):g}")
        if told["state"] == "failed":
            raise ServiceError(f"The job failed ({told['problem']['code']}): {told['problem']['detail']}")
        return _job(told)

    def wait(self, job: ServedJob, seconds: float = 3600.0) -> ServedJob:
        """The job when it has ended.

        Raises:
            ServiceError: It failed, or has not ended in time.
        """
        deadline = time.monotonic() + seconds
        while not job.ended:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ServiceError(f"The job has not ended within {seconds:g} s; it is {job.state}.")
            job = self.job(job.id, left)
        return job

    def cancel(self, job: ServedJob) -> ServedJob:
        """Stop a job."""
        return _job(self._json("POST", f"/v1/jobs/{job.id}/cancel"))

    def delete(self, job: ServedJob) -> None:
        """Stop a job, and delete all that the service has of it."""
        self._bytes("DELETE", f"/v1/jobs/{job.id}")

    def file(self, job: ServedJob, name: str) -> bytes:
        """One of its results: a mask, ``findings.json``, a picture."""
        return self._bytes("GET", f"/v1/jobs/{job.id}/files/{quote(name, safe='')}")

    def download(self, job: ServedJob, folder: str | PathLike[str]) -> list[Path]:
        """Write all of its results into a folder, which is made where it is missing."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        written = []
        for name in job.files:
            path = Path(folder) / Path(name).name
            path.write_bytes(self.file(job, name))
            written.append(path)
        return written

    def _json(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            told = json.loads(self._bytes(method, path, body, headers))
        except ValueError as error:
            raise ServiceError("What answers at that address is no medsegr service.") from error
        assert isinstance(told, dict)
        return told

    def _bytes(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        deadline = time.monotonic() + self._patience_s
        while True:
            answer, content = self._exchange(method, path, body, {**self._headers, **(headers or {})})
            if answer.status < 400:
                return content
            pause = answer.getheader("Retry-After") or ""
            if not pause.isdigit() or time.monotonic() + int(pause) > deadline:
                raise ServiceError(_told(answer.status, content))
            time.sleep(int(pause))

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        """One request; once more where the connection had been closed meanwhile, unless it sends a job."""
        for last in (method == "POST", True):
            try:
                if method == "POST":
                    self._connection.close()
                self._connection.request(method, path, body, dict(headers))
                answer = self._connection.getresponse()
                return answer, answer.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                if last:
                    raise ServiceError(
                        f"The service cannot be reached ({type(error).__name__}). Does it run?"
                    ) from error
        raise AssertionError("unreachable")


def _job(told: Mapping[str, Any]) -> ServedJob:
    try:
        return ServedJob(
            told["id"], told["state"], told["stage"], told["progress"], tuple(told.get("files", ())),
            told.get("result") or {},
        )  # fmt: skip
    except KeyError as error:
        raise ServiceError("What answers at that address is no medsegr service.") from error


def _told(status: int, content: bytes) -> str:
    """What an answer says of an error."""
    try:
        record = json.loads(content)
        return f"The service answers {status} ({record['code']}): {record['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"The service answers {status}."
