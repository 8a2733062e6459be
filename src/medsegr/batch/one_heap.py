"""One heap for all threads of a worker."""

import ctypes
import os
import sys

M_ARENA_MAX = -8
"""Number of glibc's ``mallopt``."""


def share_one_heap() -> None:
    """Let threads take memory from one heap, so that what one lets go of is there for the next.

    By itself glibc gives each thread a heap of its own, and each keeps up to 64 MB. The threads of a worker ask its
    model in turn, so that its largest tensors came to lie in all of them: 10 % of a worker's memory. Nothing happens
    elsewhere than on Linux with glibc, or where its own variable (``MALLOC_ARENA_MAX``) says how to do it.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is not None and hasattr(library, "mallopt") and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(M_ARENA_MAX, 1)
