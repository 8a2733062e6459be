"""UIDs made from content: the same results get the same ones."""

import uuid

_OURS = uuid.UUID("5b1f6f7e-8a44-5c0b-9d6e-0c6d5f2b7a31")


def content_uid(*parts: str) -> str:
    """A UID made from what it stands for: 2.25 and 39 digits at most (PS3.5, B.2). The same parts give the same UID."""
    return f"2.25.{uuid.uuid5(_OURS, '/'.join(parts)).int}"
