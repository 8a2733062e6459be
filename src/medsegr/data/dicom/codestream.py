"""The size that a compressed frame itself states, asked before a decoder makes room for it."""

SOI, JPEG_2000, JP2_BOX = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "

_FRAME_HEADERS = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)
"""Markers of JPEG and JPEG-LS that a frame's size follows."""


def stated_size(stream: bytes) -> tuple[int, int] | None:
    """(rows, columns) of a JPEG, JPEG-LS or JPEG 2000 stream; None where it is none of them, or states none."""
    if stream.startswith(JP2_BOX):
        start = stream.find(JPEG_2000)
        stream = stream[start:] if start >= 0 else b""
    if stream.startswith(JPEG_2000) and len(stream) >= 24:
        right, bottom, left, top = (int.from_bytes(stream[at : at + 4], "big") for at in (8, 12, 16, 20))
        return bottom - top, right - left
    return _jpeg_size(stream) if stream.startswith(SOI) else None


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in _FRAME_HEADERS:
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(stream[at + 7 : at + 9], "big")
        alone = marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD8
        at += (1 if marker == 0xFF else 2) if alone else 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None
