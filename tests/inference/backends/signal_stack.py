"""Where this thread handles signals, as the C library tells it."""

import ctypes
from pathlib import Path

DISABLED = 2


class SignalStack(ctypes.Structure):
    """``stack_t`` of ``sigaltstack``."""

    _fields_ = (("begin", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))

    @property
    def disabled(self) -> bool:
        return bool(self.flags & DISABLED)


def signal_stack() -> SignalStack:
    """The alternate signal stack of this thread."""
    stack = SignalStack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack


def is_mapped(address: int) -> bool:
    """Whether something of this process lies there."""
    ranges = (line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines())
    return any(int(begin, 16) <= address < int(end, 16) for begin, end in ranges)
