"""A language model's server that says what a test wants it to say."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from medsegr.cognition.priors import Finding


@dataclass
class Answer:
    """One scripted reply."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def says(content: Any, **choice: Any) -> Answer:
    """A chat completion with some text, or with a dict as JSON."""
    text = json.dumps(content) if isinstance(content, dict | list) else content
    message = {"role": "assistant", "content": text}
    return Answer(json.dumps({"choices": [{"message": message, "finish_reason": "stop", **choice}]}).encode())


def fails(status: int, error: Mapping[str, Any] | None = None, **headers: str) -> Answer:
    """An error of the server."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"error": error or {}}).encode(), status, named)


@contextmanager
def serving(*answers: Answer) -> Iterator[Server]:
    """A server on a free port of this machine; the last answer is repeated."""
    told = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers[min(len(told.asked), len(answers) - 1)]
            told.asked.append({"path": self.path, **json.loads(body)})
            told.headers.append(dict(self.headers))
            time.sleep(answer.delay_s)
            if answer.hang_up:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def handle(self) -> None:
            """Somebody who hung up is no error."""
            with suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(target: str, quote: str, presence: str = "present", **more: Any) -> dict[str, Any]:
    """A finding as a model lists it; fields as ``zones=[("upper_lobe", "upper lobe")]``."""
    record: dict[str, Any] = {"target": target, "target_quotes": [quote], "presence": presence, "presence_quotes": []}
    record |= {name: [] for name in ("laterality", "zones", "texture", "shape", "size_mm", "count")}
    for name, value in more.items():
        key = "value" if name in ("size_mm", "count") else "name"
        paired = name in ("laterality", "zones", "texture", "shape", "size_mm", "count")
        record[name] = [{key: entry, "quotes": [words]} for entry, words in value] if paired else value
    return record


def as_model(finding: Finding, text: str) -> dict[str, Any]:
    """A finding of the rule parser as a model would list it: names with quotes."""

    def quotes(spans: Sequence[tuple[int, int]]) -> list[str]:
        return [text[a:b] for a, b in spans]

    def entries(key: str, values: Sequence[Any], spans: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        return [{key: value, "quotes": quotes(spans)} for value in values]

    start, end = finding.evidence.target[0]
    first = max(text.rfind(mark, 0, start) + 1 for mark in (". ", "\n"))
    ends = [place for mark in (". ", "\n") if (place := text.find(mark, end)) >= 0]
    location, shape, found = finding.location, finding.shape, finding.evidence
    sizes = [s for s in found.shape if any(c.isdigit() for c in text[slice(*s)])]
    return {
        "sentence": text[first : min(ends, default=len(text))].strip(),
        "target": finding.target,
        "target_quotes": quotes(found.target),
        "presence": finding.presence,
        "presence_quotes": quotes(found.presence),
        "laterality": entries("name", [location.laterality] if location.laterality else [], found.location),
        "zones": entries("name", location.zones, found.location),
        "texture": entries("name", finding.texture.attributes, found.texture),
        "shape": entries("name", shape.attributes, found.shape),
        "size_mm": entries("value", shape.size_mm, sizes),
        "count": entries("value", [] if shape.count is None else [str(shape.count)], found.shape),
    }
