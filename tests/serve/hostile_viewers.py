"""Hostile requests to the addresses by which MONAI Label's clients ask."""

import json
from collections.abc import Iterator
from typing import Any

from .hostile import EDGE, FORM, Hostile, part, request
from .running import png


def asked(path: str, *parts: bytes, method: str = "POST", **headers: Any) -> bytes:
    """A form of such parts to an address of MONAI Label's."""
    return request(
        path, b"".join(parts) + f"--{EDGE}--\r\n".encode(), method=method, **{"content_type": FORM, **headers}
    )


def options(**told: object) -> bytes:
    """The part that holds its options."""
    return part("params", json.dumps(told).encode())


def viewers() -> Iterator[Hostile]:
    """All of them."""
    for name, statuses, raw in (*_held(), *_inferred()):
        yield Hostile(name, raw, statuses if isinstance(statuses, tuple) else (statuses,))


def _held() -> Iterator[tuple]:
    """Pictures that are sent ahead."""

    file, told = part("file", png(), "a.png"), options(targets="nodule")
    for method, path in (("GET", "/info/"), ("PUT", "/session/"), ("GET", "/session/x"), ("PUT", "/datastore/?image=a"),
                         ("POST", "/infer/bright?image=a")):  # fmt: skip
        yield f"viewer without a token: {path}", 401, asked(path, file, told, method=method, drop=("authorization",))
    yield "viewer of another origin", 403, asked("/infer/bright", file, told, origin="http://evil.example")
    for address, field in (("/session/", "files"), ("/datastore/?image=a", "file")):
        for name, status, parts in (
            ("nothing", 422, ()), ("a field", 422, (part("params", b"{}"),)), ("text", 415, (part(field, b"x", "a"),)),
            ("another field", 400, (part("image", png(), "a"),)), ("two", 400, (part(field, png(), "a"),) * 2),
            ("large", 413, (part(field, png() + b"\0" * 1_500_000, "a"),)),
        ):  # fmt: skip
            yield f"held {address}: {name}", status, asked(address, *parts, method="PUT")
        yield f"held {address}: no form", 415, request(address, b"x", method="PUT")
        yield f"held {address}: half", (400, 408), asked(address, part(field, png(), "a"), method="PUT")[:-9]
    yield "held without a name", 422, asked("/datastore/", file, method="PUT")
    yield "held under a long name", 422, asked("/datastore/?image=" + "x" * 300, file, method="PUT")
    for id in ("{held}", "0" * 32, "..%2f..%2fjobs.sqlite", "%00"):
        for method in ("GET", "DELETE"):
            yield f"{method} session {id}", 404, request(f"/session/{id}", method=method)
        yield f"a picture by session {id}", 404, asked(f"/infer/bright?session_id={id}", told)
    for query in ("", "?image=a", "?image=../../request.json", "?image=1.2.840.1"):
        yield f"no picture {query}", 404, asked(f"/infer/bright{query}", told)


def _inferred() -> Iterator[tuple]:
    """What they ask for."""
    file, told = part("file", png(), "a.png"), options(targets="nodule")
    yield "another model", 404, asked("/infer/..%2ftiny", file, told)
    yield "unknown output", 422, asked("/infer/bright?output=pickle", file, told)
    yield "a picture that is none", 415, asked("/infer/bright", part("file", b"MZ", "a.exe"), told)
    yield "a picture in another field", 400, asked("/infer/bright", part("image", png(), "a.png"), told)
    yield "infer: half", (400, 408), asked("/infer/bright", file, told)[:-9]
    yield "infer: cut off picture", 422, asked("/infer/bright", part("file", png()[:60], "a"), told)
    for content in (b"", b"{", b"[]", b"1", b"[" * 90_000, b"null", b"\xff"):
        yield f"params {content[:9]!r}", (400, 422), asked("/infer/bright", file, part("params", content))
    for changed in ({}, {"targets": "../x"}, {"targets": [1]}, {"targets": {"a": 1}}, {"report": 1},
                    {"report": "Nodule. " * 300}, {"targets": "nodule", "threshold": "x"}, {"report": " "},
                    {"targets": "nodule", "threshold": 7}, {"targets": "nodule", "modality": "photo"},
                    {"targets": "nodule", "untrained": "maybe"}, {"targets": ",".join(["nodule"] * 40)},
                    {"targets": "nodule", "result_extension": "/../x"},
                    {"targets": "nodule", "result_extension": 5}):  # fmt: skip
        yield f"options {changed}"[:60], 422, asked("/infer/bright?output=all", file, options(**changed))
