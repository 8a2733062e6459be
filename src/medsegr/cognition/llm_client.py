"""One question to an OpenAI-compatible endpoint: time-outs, retries, and errors that quote nothing.

What a server says of an error may repeat the report or the key, so it is
never shown; errors of the HTTP package hold the request, so they are never
chained.
"""

import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from types import ModuleType
from typing import Any

from medsegr._optional import require
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.errors import ParserError

MAX_ANSWER_BYTES = 2_000_000
"""Longest answer that is read."""

MAX_WAIT_S = 60.0
"""A server that asks for a longer pause is not asked again."""

_SEED = 0
_OPTIONS = ("temperature", "seed")
_FORM_REFUSED = frozenset({400, 415, 422, 500, 501})
"""Statuses with which servers refuse an answer format that they do not know."""

Message = dict[str, str]


@dataclass(frozen=True)
class _Reply:
    """What came back: a status and a body, or why nothing came (``trouble``), and whether to try again."""

    status: int = 0
    content: bytes = b""
    wait_s: float | None = None
    trouble: str = ""
    passing: bool = False
    attempts: int = 1


def http_package() -> ModuleType:
    """The HTTP client; httpx2 carries httpx on, for Python 3.11 and later.

    Raises:
        MissingExtraError: It is not installed.
    """
    name = "httpx2" if sys.version_info >= (3, 11) else "httpx"
    return require(name, "Reading reports with a language model", "'medsegr[llm]'")


def ask(endpoint: LlmEndpoint, messages: Sequence[Message], schema: dict[str, Any]) -> str:
    """The model's answer to a question, forced into a JSON schema where the server can.

    Args:
        endpoint: Whom to ask.
        messages: The conversation so far, each with ``role`` and ``content``.
        schema: JSON schema of the answer, in the subset of OpenAI's strict mode.

    Returns:
        The answer's text; JSON, but unchecked, and with words around it where the
        server knows no answer formats.

    Raises:
        ParserError: No answer, or none of use.
        MissingExtraError: The extra ``llm`` is not installed.
    """
    http = http_package()
    transport = http.HTTPTransport(uds=endpoint.socket) if endpoint.socket else None
    with http.Client(
        headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}),
        timeout=http.Timeout(endpoint.timeout_s, connect=min(endpoint.timeout_s, 10.0)),
        follow_redirects=False,
        trust_env=not endpoint.local,
        transport=transport,
    ) as client:
        return _content(endpoint, _answer(http, client, endpoint, messages, schema))


def _answer(
    http: ModuleType, client: Any, endpoint: LlmEndpoint, messages: Sequence[Message], schema: dict[str, Any]
) -> bytes:
    """The body of the first good reply; answer formats from the strictest to none."""
    body: dict[str, Any] = {"model": endpoint.model, "messages": list(messages), "temperature": 0, "seed": _SEED}
    strict = {"type": "json_schema", "json_schema": {"name": "findings", "strict": True, "schema": schema}}
    reply = _Reply()
    for form in (strict, {"type": "json_object"}, None):
        if form:
            body["response_format"] = form
        else:
            del body["response_format"]
        reply = _patiently(http, client, endpoint, body)
        while (option := _refused_option(reply)) in body:
            del body[option]
            reply = _patiently(http, client, endpoint, body)
        if reply.status == 200:
            return reply.content
        if reply.status not in _FORM_REFUSED or _detail(reply, "code") == "context_length_exceeded":
            break
    raise ParserError(_explain(endpoint, reply))


def _patiently(http: ModuleType, client: Any, endpoint: LlmEndpoint, body: dict[str, Any]) -> _Reply:
    """Ask; ask again after what may pass."""
    for attempt in range(endpoint.retries + 1):
        reply = _once(http, client, endpoint, body)
        wait_s = endpoint.wait_s * 2**attempt if reply.wait_s is None else reply.wait_s
        if not reply.passing or attempt == endpoint.retries or wait_s > MAX_WAIT_S:
            break
        time.sleep(wait_s)
    return _Reply(reply.status, reply.content, reply.wait_s, reply.trouble, reply.passing, attempt + 1)


def _once(http: ModuleType, client: Any, endpoint: LlmEndpoint, body: dict[str, Any]) -> _Reply:
    try:
        return _exchange(client, endpoint, body)
    except http.ConnectTimeout:
        return _Reply(trouble="could not be reached in time", passing=True)
    except http.TimeoutException:
        return _late(endpoint)
    except (http.HTTPError, http.InvalidURL) as error:
        certificate = "CERTIFICATE_VERIFY" in str(error)
        why = "its certificate was not accepted" if certificate else type(error).__name__
        passing = isinstance(error, http.TransportError) and not certificate
        return _Reply(trouble=f"cannot be reached ({why})", passing=passing)


def _exchange(client: Any, endpoint: LlmEndpoint, body: dict[str, Any]) -> _Reply:
    """One request and its reply, within ``timeout_s`` and ``MAX_ANSWER_BYTES``."""
    deadline = time.monotonic() + endpoint.timeout_s
    content = bytearray()
    with client.stream("POST", endpoint.chat_url, json=body) as response:
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                return _Reply(trouble=f"sent more than {MAX_ANSWER_BYTES:,} bytes, which no list of findings takes")
            if time.monotonic() > deadline:
                return _late(endpoint)
        status = int(response.status_code)
        passing = status in (408, 429) or status >= 500
        return _Reply(status, bytes(content), _retry_after(response.headers.get("Retry-After")), passing=passing)


def _late(endpoint: LlmEndpoint) -> _Reply:
    return _Reply(
        trouble=f"gave no complete answer within {endpoint.timeout_s:g} s; allow more with --llm-timeout (timeout_s)"
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds that the server asks to wait."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _detail(reply: _Reply, name: str) -> Any:
    """A field of the error that came as JSON, or None."""
    try:
        return json.loads(reply.content)["error"][name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _refused_option(reply: _Reply) -> str:
    """An option that the model does not take ("temperature"), or ""."""
    named = _detail(reply, "param") if reply.status == 400 else None
    return named if named in _OPTIONS else ""


def _explain(endpoint: LlmEndpoint, reply: _Reply) -> str:
    """What went wrong and what to do, without a word of the server's."""
    status = reply.status
    tries = f", after {reply.attempts} attempts" if reply.attempts > 1 else ""
    if status == 0:
        why = f"{reply.trouble}{tries}. Check that the server runs and that --llm-url names it"
    elif 300 <= status < 400:
        why = f"redirects to another address (HTTP {status}), where nothing is sent. Give the final one as --llm-url"
    elif status in (401, 403):
        why = f"refused the key (HTTP {status}). Set MEDSEGR_LLM_KEY, or name its variable with --llm-key-env"
    elif status == 404:
        why = "knows no such address or model (HTTP 404). Check --llm-url, which usually ends in /v1, and --llm-model"
    elif status == 413 or _detail(reply, "code") == "context_length_exceeded":
        why = f"finds the report too long for the model (HTTP {status}). Take a model with a longer context"
    elif status == 429:
        why = f"has had enough of us (HTTP 429{tries}). Wait, or check the account's quota"
    elif status >= 500:
        why = f"failed (HTTP {status}{tries}). Look at its log"
    else:
        why = f"refused the question in every form (HTTP {status}). Check --llm-model, and look at the server's log"
    return f"The language model at {endpoint.address} {why}."


def _content(endpoint: LlmEndpoint, body: bytes) -> str:
    """The text of the first choice.

    Raises:
        ParserError: No JSON, no choice, refused, cut off, or empty.
    """
    who = f"The language model at {endpoint.address}"
    try:
        choice = json.loads(body)["choices"][0]
        reason, text = choice.get("finish_reason"), choice["message"].get("content")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        choice = None
    if choice is None:
        raise ParserError(
            f"{who} answers, but not as OpenAI's chat completions do. Check --llm-url, which usually ends in /v1."
        )
    if reason == "length":
        raise ParserError(
            f"{who} stopped in the middle of its answer, which was too long for it. Allow the model more tokens, or "
            "take one with a longer context."
        )
    if reason == "content_filter" or choice["message"].get("refusal"):
        raise ParserError(f"{who} declined to read the report. Take another model, or the parser 'rules'.")
    if not isinstance(text, str) or not text.strip():
        raise ParserError(f"{who} gave an empty answer. Take another model, or the parser 'rules'.")
    return text
