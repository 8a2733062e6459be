"""Questions over HTTP: formats, retries, time-outs, and what errors must not say."""

import json
import logging
import socket
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest

from medsegr.cognition import llm_client
from medsegr.cognition.llm_client import ask
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.errors import MissingExtraError, ParserError
from tests.cognition.llm_server import Answer, Server, fails, says, serving

KEY = "sk-very-secret"
REPORT = "Zebra-striped nodule of Mrs Miller."
MESSAGES = [{"role": "user", "content": REPORT}]
SCHEMA = {"type": "object"}


def endpoint(server: Server, **settings) -> LlmEndpoint:
    return LlmEndpoint(server.url, "m", **{"key": KEY, "wait_s": 0.0, "timeout_s": 10.0, "retries": 2, **settings})


def question(server: Server, **settings) -> str:
    return ask(endpoint(server, **settings), MESSAGES, SCHEMA)


def test_a_good_answer() -> None:
    with serving(says("[]")) as server:
        assert question(server) == "[]"
    (asked,) = server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert (asked["model"], asked["messages"], asked["temperature"], asked["seed"]) == ("m", MESSAGES, 0, 0)
    strict = {"name": "findings", "strict": True, "schema": SCHEMA}
    assert asked["response_format"] == {"type": "json_schema", "json_schema": strict}
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_nothing_is_authorised() -> None:
    with serving(says("[]")) as server:
        question(server, key="")
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("status", [400, 422, 500])
def test_formats_from_strict_to_none(status: int) -> None:
    with serving(fails(status), fails(400), says("{}")) as server:
        assert question(server, retries=0) == "{}"
    forms = [asked.get("response_format", {}).get("type") for asked in server.asked]
    assert forms == ["json_schema", "json_object", None]


def test_options_that_the_model_does_not_take_are_left_out() -> None:
    with serving(fails(400, {"param": "temperature"}), fails(400, {"param": "seed"}), says("{}")) as server:
        assert question(server) == "{}"
    assert not {"temperature", "seed"} & set(server.asked[-1])
    assert server.asked[-1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "trouble",
    [fails(500), fails(503), fails(429, Retry_After="0"), Answer(hang_up=True)],
    ids=["500", "503", "429", "hang up"],
)
def test_what_passes_is_tried_again(trouble: Answer) -> None:
    with serving(trouble, says("{}")) as server:
        assert question(server) == "{}"
    assert len(server.asked) == 2
    assert server.asked[0] == server.asked[1]


def test_waiting_grows_and_the_server_may_ask_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    later = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30))
    with serving(
        fails(502), fails(502), fails(429, Retry_After="7"), fails(503, Retry_After=later), says("{}")
    ) as server:
        question(server, wait_s=0.5, retries=4)
    # The scripted server sleeps too, for no time at all.
    first, second, third, fourth = [wait for wait in waits if wait]
    assert (first, second, third) == (0.5, 1.0, 7.0)
    assert 20 < fourth <= 30
    with serving(fails(429, Retry_After="3600")) as server, pytest.raises(ParserError, match="HTTP 429"):
        question(server)
    assert len(server.asked) == 1


FAILURES = {
    "key": ([fails(401)], "refused the key.*MEDSEGR_LLM_KEY", 1),
    "forbidden": ([fails(403)], "refused the key", 1),
    "address": ([fails(404)], "no such address or model.*usually ends in /v1", 1),
    "too long": ([fails(413)], "too long for the model", 1),
    "context": ([fails(400, {"code": "context_length_exceeded"})], "too long for the model", 1),
    "quota": ([fails(429)], "HTTP 429, after 3 attempts", 3),
    "down": ([fails(503)], "failed .HTTP 503, after 3 attempts", 3),
    "refused": ([fails(400)], "in every form", 3),
    "teapot": ([fails(418)], "HTTP 418", 1),
    "redirect": ([Answer(status=307, headers={"Location": "http://example.com/v1"})], "redirects.*nothing is sent", 1),
    "hangs up": ([Answer(hang_up=True)], "cannot be reached.*after 3 attempts", 3),
    "no JSON": ([Answer(b"<html>")], "not as OpenAI's", 1),
    "other JSON": ([Answer(b"[1]")], "not as OpenAI's", 1),
    "deep JSON": ([Answer(b"[" * 100_000)], "not as OpenAI's", 1),
    "no choice": ([Answer(b'{"choices": []}')], "not as OpenAI's", 1),
    "error in 200": ([Answer(b'{"error": {"message": "x"}}')], "not as OpenAI's", 1),
    "cut off": ([says("{", finish_reason="length")], "stopped in the middle", 1),
    "filtered": ([says("", finish_reason="content_filter")], "declined", 1),
    "empty": ([says(" ")], "empty answer", 1),
    "nothing": ([Answer(json.dumps({"choices": [{"message": {"content": None}}]}).encode())], "empty answer", 1),
    "refusal": ([Answer(json.dumps({"choices": [{"message": {"content": None, "refusal": REPORT}}]}).encode())],
                "declined", 1),
    "too large": ([Answer(b" " * 2_100_000)], "more than 2,000,000 bytes", 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_are_one_clear_error(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    answers, message, attempts = FAILURES[kind]
    caplog.set_level(logging.DEBUG)
    with serving(*answers) as server, pytest.raises(ParserError, match=message) as caught:
        question(server)
    assert len(server.asked) == attempts
    assert "127.0.0.1:" in str(caught.value)
    for told in (str(caught.value), caplog.text):
        assert KEY not in told
        assert "Zebra" not in told


def test_what_the_server_says_of_an_error_is_not_repeated() -> None:
    echo = {"message": f"bad key {KEY} for {REPORT}", "code": REPORT, "param": REPORT}
    for status in (400, 401, 404, 429, 500):
        with serving(fails(status, echo)) as server, pytest.raises(ParserError) as caught:
            question(server, retries=0)
        assert not any(secret in str(caught.value) for secret in (KEY, "Zebra", "bad key"))
        assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_slow_answers() -> None:
    with serving(Answer(b"{}", delay_s=1.0)) as server:
        with pytest.raises(ParserError, match=r"no complete answer within 0\.2 s.*--llm-timeout") as caught:
            question(server, timeout_s=0.2)
        assert caught.value.__context__ is None
    assert len(server.asked) == 1


def test_an_answer_that_drips_ends_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                try:
                    for _ in range(100):
                        connection.sendall(b" ")
                        time.sleep(0.05)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(ParserError, match="no complete answer"):
            question(Server(f"http://127.0.0.1:{listening.getsockname()[1]}/v1"), timeout_s=0.3)
        thread.join(5)


def test_nobody_listens() -> None:
    told = "cannot be reached .*after 3 attempts.*Check that the server runs"
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ParserError, match=told) as caught:
            question(Server(f"http://127.0.0.1:{held.getsockname()[1]}/v1"))
    assert caught.value.__context__ is None


def test_local_calls_pass_by_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("elsewhere")) as proxy, serving(says("here")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert question(server) == "here"
    assert proxy.asked == []


def test_unix_sockets(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        reply = says("{}").body

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)

        threading.Thread(target=answer, daemon=True).start()
        assert question(Server(f"unix:{path}")) == "{}"


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, llm_client.http_package().__name__, None)
    with pytest.raises(MissingExtraError, match=r"language model needs.*pip install 'medsegr\[llm\]'"):
        question(Server("http://127.0.0.1:9/v1"))
