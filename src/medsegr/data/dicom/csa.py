"""Siemens's private header (CSA, SV10): numbers by name.

Layout as nibabel's ``nicom.csareader`` reads it; that package warns at every import and wants the whole data set.
"""

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

GROUP, CREATOR, IMAGE = 0x0029, "SIEMENS CSA HEADER", 0x10
MAX_TAGS, MAX_ITEMS = 1_000, 10_000


def csa_header(header: "Dataset") -> bytes:
    """The image's private header; empty where there is none."""
    try:
        found = header.private_block(GROUP, CREATOR)[IMAGE].value
    except Exception:  # no such block, or a broken one
        return b""
    return found if isinstance(found, bytes) else b""


def csa_numbers(content: bytes, name: str) -> list[float]:
    """The numbers of one tag; none where it is missing or the header breaks its own rules."""
    if not content.startswith(b"SV10"):
        return []
    try:
        return _tag(content, name)
    except (struct.error, ValueError, UnicodeDecodeError):
        return []


def _tag(content: bytes, name: str) -> list[float]:
    count, at = struct.unpack_from("<I", content, 8)[0], 16
    for _ in range(min(count, MAX_TAGS)):
        title, _, _, _, items, _ = struct.unpack_from("<64si4siii", content, at)
        at += 84
        values = []
        for _ in range(min(items, MAX_ITEMS)):
            length = struct.unpack_from("<4i", content, at)[1]
            if length < 0:
                return []
            values.append(content[at + 16 : at + 16 + length])
            at += 16 + -(-length // 4) * 4
        if title.split(b"\0", 1)[0].decode("latin-1") == name:
            return [float(text) for value in values if (text := value.split(b"\0", 1)[0].strip())]
    return []
