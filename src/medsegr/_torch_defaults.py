"""Torch's defaults are the caller's own: what is built or trained here is float32, whatever they are."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

_TURN = threading.Lock()
_BEFORE: list[torch.dtype] = []
"""The default type as everybody found it who is inside :func:`plain_defaults` now; the first one's is the caller's."""


@contextmanager
def plain_defaults(device: torch.device | str = "cpu") -> Iterator[None]:
    """Layers and tensors of which nothing else is said are meanwhile float32, and on a device.

    Nothing is touched where torch's defaults are as torch came. Else the type is the whole process's, and the device
    this thread's. Several threads may be inside at once: the last one out puts the type back.
    """
    if torch.get_default_dtype() == torch.float32 and not _BEFORE:
        with _on(device):
            yield
        return
    with _TURN:
        _BEFORE.append(torch.get_default_dtype())
        torch.set_default_dtype(torch.float32)
    try:
        with _on(device):
            yield
    finally:
        with _TURN:
            callers = _BEFORE[0]
            _BEFORE.pop()
            if not _BEFORE:
                torch.set_default_dtype(callers)


def _on(device: torch.device | str) -> AbstractContextManager[object]:
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device(device)
