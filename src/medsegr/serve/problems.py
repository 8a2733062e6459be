"""Errors as answers: a status, a code for programs, a sentence for people; nothing that was sent is repeated."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from medsegr.data.given_name import quoted
from medsegr.errors import MedsegrError
from medsegr.serve.jobs import Job
from medsegr.serve.refused import RefusedError

STATUS = {"input": 422, "time": 413, "memory": 413}
"""Of a failed job by its code; others are the service's own fault."""

_WORDS = {
    404: ("not_found", "There is nothing here, or it is not yours."),
    405: ("method", "This address does not take that method."),
}


def add_handlers(app: FastAPI) -> None:
    """Answer each kind of error in its own way."""
    app.add_exception_handler(RefusedError, lambda _, error: refused(error))
    app.add_exception_handler(MedsegrError, _unusable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def refused(error: Any) -> JSONResponse:
    """A :class:`RefusedError` as an answer."""
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    headers |= {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return _problem(error.status, error.code, error.detail, headers)


def status_of(job: Job) -> int:
    """Of a failed job."""
    return STATUS.get(job.code or "", 500)


def _problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"code": code, "detail": detail}, status, headers)


def _unusable(_: Request, error: Any) -> JSONResponse:
    return _problem(422, "input", str(error))


def _invalid(_: Request, error: Any) -> JSONResponse:
    told = [f"{_place(one['loc'])}: {_message(one)}" for one in error.errors()[:5]]
    return _problem(422, "request", "; ".join(told))


def _http(_: Request, error: Any) -> JSONResponse:
    code, detail = _WORDS.get(error.status_code, ("request", "The request cannot be read."))
    return _problem(error.status_code, code, detail, error.headers)


def _place(parts: Sequence[str | int]) -> str:
    """Where in a request; a name that a client made up may be anything, and is shown only where it is a word."""
    return ".".join(str(part) if isinstance(part, int) else quoted(part).strip(" '") or "?" for part in parts)


def _message(one: Any) -> str:
    """What is wrong, in the words of the schema; of JSON that cannot be read, the reader's words would quote it."""
    return "no JSON" if one["type"].startswith("json") else str(one["msg"])
