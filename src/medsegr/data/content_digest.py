"""A hash of some content."""

import hashlib


def digest(*parts: bytes) -> str:
    """SHA-256 of some content, as hexadecimal; where one part ends and the next begins counts."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.hexdigest()
