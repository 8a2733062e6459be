"""A hundred requests that nobody should send, each as bytes on the wire, and the answer that it must get."""

import gzip
import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .running import png

TOKEN = "a-token-of-the-tests"
HOST = "127.0.0.1:{port}"
EDGE = "edge"
FORM = f"multipart/form-data; boundary={EDGE}"


@dataclass(frozen=True)
class Hostile:
    """One request.

    Attributes:
        name: Of the test.
        raw: The bytes; ``{port}`` in the head stands for the service's.
        statuses: Of which the answer has one.
    """

    name: str
    raw: bytes
    statuses: tuple[int, ...]


def request(path: str, body: bytes = b"", *, method: str = "POST", drop: tuple[str, ...] = (), **more: str) -> bytes:
    """A request; headers by keyword, with ``_`` for ``-``; ``drop`` leaves some of the usual ones out."""
    usual = {"host": HOST, "authorization": f"Bearer {TOKEN}", "content-length": str(len(body)), "connection": "close"}
    headers = {**usual, **{name.replace("_", "-"): value for name, value in more.items()}}
    lines = [f"{name}: {value}" for name, value in headers.items() if name not in drop]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    """One part of a form."""
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"


def form(image: bytes | None = None, end: bytes = f"--{EDGE}--\r\n".encode(), **fields: object) -> bytes:
    """A form with a picture; fields that are no text go as JSON."""
    parts = [part("image", png() if image is None else image, "x.png")]
    for name, value in fields.items():
        parts.append(part(name, (value if isinstance(value, str) else json.dumps(value)).encode()))
    return b"".join(parts) + end


def segment(body: bytes, **headers: Any) -> bytes:
    """A form, sent, and its job waited for."""
    return request("/v1/segment?wait=20", body, **{"content_type": FORM, **headers})


def named_only(**fields: object) -> bytes:
    return segment(form(**fields))


def priors(**change: object) -> bytes:
    """Priors with one finding that is not as it should be."""
    return segment(form(priors={"findings": [{"target": "nodule", **change}]}))


def announced(width: int, height: int) -> bytes:
    """A PNG that says that it is so large, and holds nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0" * 20


def nifti(*sides: int, content: int = 0) -> bytes:
    """A NIfTI file that announces such sides."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into(f"<{1 + len(sides)}h", head, 40, len(sides), *sides)
    struct.pack_into("<hh", head, 70, 2, 8)
    struct.pack_into("<f", head, 108, 352.0)
    head[344:348] = b"n+1\0"
    return bytes(head) + b"\0" * content


def everything() -> Iterator[Hostile]:
    """All of them."""
    for name, statuses, raw in (*_access(), *_addresses(), *_parses(), *_forms(), *_fields(), *_pictures(), *_kept()):
        yield Hostile(name, raw, statuses if isinstance(statuses, tuple) else (statuses,))
    whole = segment(form(targets="nodule"))
    for name, raw in (("form's head", whole[:300]), ("picture", whole[:500]), ("end", whole[:-3])):
        yield Hostile(f"half sent: {name}", raw, (400, 408))
    parse = request("/v1/parse", json.dumps({"report": "Nodule."}).encode())
    yield Hostile("half sent: report", parse[:-5], (400, 408))
    chunk = request("/v1/parse", b'5\r\n{"rep', drop=("content-length",), transfer_encoding="chunked")
    yield Hostile("half sent: chunk", chunk, (400, 408))


def _access() -> Iterator[tuple]:
    good = form(targets="nodule")
    for scheme in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
                   f"Bearer {TOKEN.upper()}", "Bearer " + "x" * 5000, "Bearer \xe9\xe9\xe9", f"{TOKEN}"):  # fmt: skip
        yield f"token of {len(scheme)}: {scheme[:12]!r}", 401, segment(good, authorization=scheme)
    yield "no token", 401, segment(good, drop=("authorization",))
    yield "no token for the metrics", 401, request("/metrics", method="GET", drop=("authorization",))
    yield "no token beside the page", 404, request("/page/..%2f..%2fpage.py", method="GET", drop=("authorization",))
    yield "no token for a picture", 401, request("/v1/jobs/" + "0" * 32 + "/view/planes/0", method="GET",
                                                 drop=("authorization",))  # fmt: skip
    yield "no token for a job", 401, request("/v1/jobs/" + "0" * 32, method="GET", drop=("authorization",))
    for host in ("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1:{port}.evil.example",
                 "127.0.0.1:{port}@evil.example"):  # fmt: skip
        yield f"host {host}", (400, 421), segment(good, host=host)
    yield "no host", 400, segment(good, drop=("host",))
    for origin in ("http://evil.example", "null", "https://127.0.0.1", "file://"):
        yield f"origin {origin}", 403, segment(good, origin=origin)
    yield "cross-site", 403, segment(good, sec_fetch_site="cross-site")
    yield "preflight", 403, request("/v1/segment", method="OPTIONS", origin="http://evil.example")


def _addresses() -> Iterator[tuple]:
    job = "{foreign}"
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/findings"), ("GET", "/result.zip"),
                         ("GET", "/files/findings.json"), ("GET", "/view"), ("GET", "/view/planes/0"),
                         ("GET", "/view/masks/0"), ("GET", "/view/maps/0")):  # fmt: skip
        yield f"foreign job: {method} {path}", 404, request(f"/v1/jobs/{job}{path}", method=method)
    own = "{own}"
    for name in ("..%2f..%2fjobs.sqlite", "%2e%2e", "../request.json", "nothing.png", "%00", "x" * 300, "."):
        yield f"file {name[:20]}", 404, request(f"/v1/jobs/{own}/files/{name}", method="GET")
    for id in ("x", "0" * 32, "0" * 31, "..%2f" * 6, "' OR 1=1 --".replace(" ", "%20"), "A" * 32):
        yield f"job of {len(id)}: {id[:12]}", 404, request(f"/v1/jobs/{id}", method="GET")
    for path in ("/page/", "/v2/segment", "/v1/", "/../etc", "//v1/health", "/v1/segment/", "/docs/oauth2-redirect"):
        yield f"address {path}", (404, 405, 307), request(path, method="GET")
    yield "method", 405, request("/v1/segment", method="GET")
    yield "unknown method", 405, request("/v1/parse", method="BREW")
    for wait in ("-1", "61", "nan", "x", "inf", "1e9"):
        yield f"wait {wait}", 422, request(f"/v1/segment?wait={wait}", form(targets="nodule"), content_type=FORM)
    yield "long address", (400, 414, 431), request("/v1/jobs/" + "x" * 20_000, method="GET")
    yield "long header", (400, 431), request("/v1/health", method="GET", x_long="x" * 20_000)
    yield "no HTTP", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"
    yield "negative length", 400, request("/v1/parse", b"{}", content_length="-5")
    yield "length that is none", 400, request("/v1/parse", b"{}", content_length="many")
    yield "two lengths", 400, request("/v1/parse", b"{}", Content_Length="3")


def _parses() -> Iterator[tuple]:
    for name, body in (
        ("nothing", b""), ("no JSON", b"{"), ("a list", b"[]"), ("a number", b"1"), ("no report", b"{}"),
        ("no text", b'{"report": 1}'), ("null", b'{"report": null}'), ("not UTF-8", b'{"report": "\xff\xfe"}'),
        ("unknown field", b'{"report": "Nodule.", "path": "/etc/passwd"}'),
        ("deep", b'{"report": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        ("unknown modality", b'{"report": "Nodule.", "modality": "x"}'),
        ("too long", json.dumps({"report": "Nodule. " * 300}).encode()),
        ("lone surrogate", b'{"report": "\\ud800"}'),
    ):  # fmt: skip
        yield f"parse: {name}", (400, 422), request("/v1/parse", body)
    yield "parse: huge", 413, request("/v1/parse", b'{"report": "' + b"x" * 1_100_000 + b'"}')
    yield "parse: announced", 413, request("/v1/parse", b"{}", content_length="9999999999999")


def _forms() -> Iterator[tuple]:
    good = form(targets="nodule")
    yield "no form", 415, segment(good, content_type="application/json")
    yield "no content type", 415, segment(good, drop=("content-type",))
    yield "no boundary", 415, segment(good, content_type="multipart/form-data")
    yield "long boundary", 415, segment(good, content_type="multipart/form-data; boundary=" + "x" * 300)
    yield "other boundary", 400, segment(good, content_type="multipart/form-data; boundary=other")
    yield "no form inside", 400, segment(b"x" * 1000)
    yield "empty", 400, segment(b"")
    yield "no end", 400, segment(form(end=b"", targets="nodule"))
    yield "two pictures", 400, segment(part("image", png(), "a.png") + good)
    yield "another file", 400, segment(part("report", b"Nodule.", "a.txt") + good)
    yield "picture without a file", (400, 422), segment(part("image", png()) + f"--{EDGE}--\r\n".encode())
    yield "no picture", 422, segment(part("targets", b"nodule") + f"--{EDGE}--\r\n".encode())
    for name, id, status in (("foreign", "{foreign}", 404), ("made-up", "0" * 32, 404), ("own without", "{own}", 409),
                             ("a path", "../" * 10 + "jobs.sqlite", 422), ("short", "0" * 31, 422)):  # fmt: skip
        body = part("again", id.encode()) + part("targets", b"nodule") + f"--{EDGE}--\r\n".encode()
        length = len(body) + (32 - len(id) if id.startswith("{") else 0)
        yield f"picture of a job: {name}", status, segment(body, content_length=str(length))
    yield "picture and again", 422, segment(form(targets="nodule", again="0" * 32))
    yield "many parts", 413, segment(part("targets", b"nodule") * 200 + good)
    yield "many headers", 400, segment(good.replace(b"\r\n\r\n", b"\r\nX-A: b" * 50 + b"\r\n\r\n", 1))
    yield "large", 413, segment(form(png() + b"\0" * 1_500_000, targets="nodule"))
    yield "large fields", 413, segment(form(targets="nodule", report="x" * 1_100_000))


def _fields() -> Iterator[tuple]:
    yield "nothing to look for", 422, segment(form())
    yield "empty report", 422, named_only(report="  ")
    yield "long report", 422, named_only(report="Nodule. " * 300)
    yield "unknown target", 422, named_only(targets="../../etc/passwd")
    yield "unknown modality", 422, named_only(targets="nodule", modality="photo")
    yield "unknown field", 422, named_only(targets="nodule", device="cuda")
    yield "twice", 422, segment(part("modality", b"chest_xray") + form(targets="nodule", modality="chest_xray"))
    for name, value in (("threshold", "2"), ("threshold", "nan"), ("threshold", "x"), ("support_threshold", "-1"),
                        ("untrained", "maybe"), ("pictures", "perhaps"), ("prompts", "{"), ("prompts", "[]"),
                        ("prompts", '{"nodule": {"box": [1, 2]}}'),
                        ("prompts", '{"nodule": {"planes": [-1], "points": [[1, 1]]}}'), ("series", "1#2"),
                        ("series", "the third"), ("series", "1" * 99),
                        ("prompts", '{"nodule": {"points": [[1e99, 1]]}}'),
                        ("priors", "{"), ("priors", "[" * 90_000), ("priors", "{}"), ("priors", '{"findings": [1]}'),
                        ("priors", json.dumps({"findings": [{"target": "nodule"}] * 201}))):  # fmt: skip
        yield f"{name} {value[:24]}", 422, named_only(targets="nodule", **{name: value})
    for change in ({"target": "../x"}, {"target": ""}, {"zones": ["/etc"]}, {"texture": ["x"]}, {"shape": [1]},
                   {"presence": "maybe"}, {"laterality": "up"}, {"count": -1}, {"count": 10**30}, {"size_mm": [-1]},
                   {"size_mm": [1e400]}, {"more": 1}, {"evidence": [[1, 2, 3]]}):  # fmt: skip
        yield f"priors {change}"[:40], 422, priors(**change)
    yield "many findings", 422, segment(form(priors={"findings": [{"target": "nodule"}] * 9}))


def _pictures() -> Iterator[tuple]:
    for name, content in (
        ("text", b"Nodule in the left lung."), ("empty", b""), ("a script", b"#!/bin/sh\necho"),
        ("an SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("a page", b"<!doctype html>"),
        ("a PDF", b"%PDF-1.7"), ("GIF", b"GIF89a" + b"\0" * 50), ("zeros", b"\0" * 2000),
    ):  # fmt: skip
        yield f"picture: {name}", 415, segment(form(content, targets="nodule"))
    whole = png()
    flat = io.BytesIO()
    from PIL import Image

    Image.new("L", (40, 40), 7).save(flat, "PNG")
    for name, content in (
        ("cut off", whole[: len(whole) // 2]), ("head alone", whole[:33]), ("announces 1 px", announced(1, 1)),
        ("announces 2 000 px a side", announced(2000, 2000)), ("announces 60 000 px a side", announced(60_000, 60_000)),
        ("announces 2^31 - 1 px a side", announced(2**31 - 1, 2**31 - 1)), ("constant", flat.getvalue()),
        ("JPEG without end", b"\xff\xd8\xff\xe0" + b"\0" * 50), ("TIFF without pages", b"II*\0\0\0\0\0"),
        ("TIFF in a circle", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"), ("BMP", b"BM" + b"\0" * 60),
        ("gzip of nothing", gzip.compress(b"")), ("gzip cut off", gzip.compress(b"x" * 5000)[:20]),
        ("gzip of zeros", gzip.compress(b"\0" * 20_000_000)), ("NIfTI too large", nifti(500, 500, 500)),
        ("NIfTI cut off", nifti(20, 20, 5, content=10)), ("NIfTI with a negative side", nifti(20, -20, 5)),
        ("NIfTI packed and too large", gzip.compress(nifti(9000, 9000, 300, content=5_000_000))),
        ("an archive", b"PK\x03\x04" + b"\0" * 60), ("DICOM", b"\0" * 128 + b"DICM" + b"\0" * 50),
        ("NRRD", b"NRRD0004\n"), ("MetaImage", b"ObjectType = Image\nElementDataFile = /etc/passwd\n"),
    ):  # fmt: skip
        yield f"picture: {name}", 422, segment(form(content, targets="nodule"))


def _kept() -> Iterator[tuple]:
    """What came with the page: pictures that stay, and what is shown of them."""
    for name, value in (("keep", "perhaps"), ("view", "[]"), ("masks", "all"), ("again", "../" * 11)):
        yield f"{name} {value}", 422, named_only(targets="nodule", **{name: value})
    for name in ("keep", "view", "again"):
        yield f"{name} twice", 422, segment(part(name, b"0" * 32) + form(targets="nodule", **{name: "0" * 32}))
    for path, status in (("view", 404), ("view/planes/0", 404), ("view/planes/-1", 404), ("view/masks/99", 404),
                         ("view/maps/0", 404), ("view/planes/x", 422), ("view/maps/" + "9" * 30, 404),
                         ("view/../../request.json", 404), ("view/planes/..%2f..%2fkept", (404, 422))):  # fmt: skip
        yield f"shown: {path[:30]}", status, request("/v1/jobs/{own}/" + path, method="GET")
    yield "no token for the lexicon", 401, request("/v1/lexicon", method="GET", drop=("authorization",))
