"""A form that streams in: its picture goes to the private folder, its fields to memory, and all of it is counted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from medsegr.serve.config import Limits
from medsegr.serve.picture_file import HEAD_BYTES, suffix_of
from medsegr.serve.refused import RefusedError
from medsegr.serve.state_folder import PICTURE

MAX_FIELD_BYTES = 1_000_000
"""Of all fields but the picture, together."""

MAX_PARTS = 100


@dataclass
class Form:
    """What came.

    Attributes:
        fields: Name -> its values, in their order.
        picture: Where the picture lies, under a name that is ours; None where none came.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    picture: Path | None = None


async def counted(request: Request, limits: Limits, most: int) -> AsyncIterator[bytes]:
    """The chunks of a body, as long as they come in time and are no more than ``most`` bytes.

    Raises:
        RefusedError: Too many, too slow, or cut off.
    """
    long = RefusedError(413, "large", f"The request is longer than the {most:,} bytes that are read.")
    told = request.headers.get("content-length", "0")
    if not (told.isascii() and told.isdigit()) or int(told) > most:
        raise long
    stream = request.stream()
    seen, deadline = 0, asyncio.get_running_loop().time() + limits.upload_seconds
    while True:
        left = deadline - asyncio.get_running_loop().time()
        try:
            chunk = await asyncio.wait_for(anext(stream), max(min(limits.idle_seconds, left), 0.0))
        except StopAsyncIteration:
            return
        except ClientDisconnect:
            raise RefusedError(400, "cut_off", "The request is cut off. Send it again.") from None
        except asyncio.TimeoutError:
            raise RefusedError(408, "slow", "The request did not arrive in time. Send it without pauses.") from None
        seen += len(chunk)
        if seen > most:
            raise long
        yield chunk


async def receive_form(request: Request, limits: Limits, folder: Path, field: str = "image") -> Form:
    """Read a form; its one file, in ``field``, becomes ``folder/picture.*``, whatever it was called.

    Raises:
        RefusedError: It is no form, is damaged or cut off, or its picture is none.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise RefusedError(415, "form", f"Send a form (multipart/form-data) with the file '{field}'.")
    reader = _FormReader(folder / f"{PICTURE}.part", field)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in counted(request, limits, limits.body_bytes):
            parser.write(chunk)
        parser.finalize()
        if not reader.complete:
            raise RefusedError(400, "form", "The form is cut off. Send it again.")
    except FormParserError:
        raise RefusedError(400, "form", "The form is damaged. Send it again.") from None
    finally:
        reader.close()
    return reader.form(folder)


class _FormReader:
    """The callbacks of the parser."""

    def __init__(self, path: Path, field: str) -> None:
        self.complete = False
        self._path, self._field, self._head = path, field, b""
        self._fields: list[tuple[str, bytearray]] = []
        self._name, self._value, self._disposition = b"", b"", b""
        self._parts = self._bytes = 0
        self._file: BinaryIO | None = None
        self._in_file = False

    def callbacks(self) -> Any:
        """As the parser takes them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def form(self, folder: Path) -> Form:
        """What was read, once all of it is there."""
        form = Form()
        for name, value in self._fields:
            try:
                form.fields.setdefault(name, []).append(value.decode())
            except UnicodeDecodeError:
                raise RefusedError(400, "form", "A field is not UTF-8.") from None
        if self._file is not None:
            suffix = suffix_of(self._head)
            if suffix is None:
                told = (
                    f"The file '{self._field}' is no picture, volume or archive that is read: PNG, JPEG, NIfTI, DICOM."
                )
                raise RefusedError(415, "image", told)
            form.picture = self._path.rename(folder / f"{PICTURE}{suffix}")
        return form

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise RefusedError(413, "form", f"The form has more than {MAX_PARTS} parts.")
        self._disposition, self._in_file = b"", False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._fields.append((name, bytearray()))
            return
        if name != self._field or self._file is not None:
            raise RefusedError(400, "form", f"The form holds a file besides the one '{self._field}'.")
        self._in_file, self._file = True, self._path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file and self._file is not None:
            self._head += data[start : min(end, start + HEAD_BYTES - len(self._head))]
            self._file.write(data[start:end])
            return
        self._bytes += end - start
        if self._bytes > MAX_FIELD_BYTES:
            raise RefusedError(413, "form", f"The form's fields are longer than {MAX_FIELD_BYTES:,} bytes.")
        if self._fields:
            self._fields[-1][1].extend(data[start:end])

    def _end(self) -> None:
        self.complete = True
