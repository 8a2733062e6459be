"""Requests as MONAI Label's clients send them, and their answers as these read them.

Source of the form: MONAI Label 0.8, ``client/client.py`` (3D Slicer's copy is the same) and, for OHIF,
``MonaiLabelClient.js``, whose forms a browser writes.
"""

import json
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from http.client import HTTPConnection
from urllib.parse import quote_plus

LIMIT = "----------lImIt_of_THE_fIle_eW_$"
BROWSER = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


@dataclass
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        kind: Its type.
        body: As it came.
    """

    status: int
    kind: str
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    def parts(self) -> dict[str, tuple[str | None, bytes]]:
        """Of a form: name -> name of a file or None, content."""
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {self.kind}\r\n\r\n".encode() + self.body)
        assert message.is_multipart()
        named = ((part.get_param("name", header="content-disposition"), part) for part in message.iter_parts())
        return {name: (part.get_filename(), part.get_payload(decode=True)) for name, part in named}


def form(fields: dict[str, str], files: dict[str, tuple[str, bytes]], limit: str = LIMIT) -> tuple[str, bytes]:
    """Type and body, as ``encode_multipart_formdata`` makes them."""
    lines: list[bytes] = []
    for name, value in fields.items():
        lines += [f"--{limit}".encode(), f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    for name, (file, content) in files.items():
        told = f'Content-Disposition: form-data; name="{name}"; filename="{file}"'
        lines += [f"--{limit}".encode(), told.encode(), b"Content-Type: application/octet-stream", b"", content]
    return f"multipart/form-data; boundary={limit}", b"\r\n".join([*lines, f"--{limit}--".encode(), b"", b""])


def ask(port: int, method: str, path: str, kind: str = "", body: bytes = b"", **headers: str) -> Answer:
    """One request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, {"content-type": kind, **headers} if kind else headers)
    answer = connection.getresponse()
    return Answer(answer.status, answer.getheader("content-type", ""), answer.read())


def slicer_infer(port: int, model: str, image: str, params: dict, session: str = "", **files: tuple[str, bytes]):
    """``MONAILabelClient.infer``."""
    path = f"/infer/{quote_plus(model)}?image={quote_plus(image)}" + (f"&session_id={session}" if session else "")
    return ask(port, "POST", path, *form({"params": json.dumps({**params, "client_id": "user-xyz"})}, files))


def ohif_infer(port: int, model: str, image: str, params: dict) -> Answer:
    """``MonaiLabelClient.infer`` of the OHIF extension."""
    sent = {**params, "result_extension": ".nrrd", "result_dtype": "uint16", "result_compress": False}
    kind, body = form({"params": json.dumps(sent)}, {}, BROWSER)
    return ask(port, "POST", f"/infer/{model}?image={quote_plus(image)}&output=image", kind, body,
               accept="application/json,multipart/form-data")  # fmt: skip
