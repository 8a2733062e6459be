"""What went wrong with one case of a batch, as a message; memory that it took is given back."""

import errno
import gc

from medsegr.errors import InputError, MedsegrError

CAUGHT = (MedsegrError, OSError, UnicodeError, MemoryError, RuntimeError)
"""What one case may raise without ending the batch, if :func:`in_words` has words for it."""

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
"""How torch says so, on a GPU and on the CPU."""


def in_words(error: Exception, case: str) -> MedsegrError | None:
    """One of :data:`CAUGHT` as a message on a case; None for an error in the program, which is not the case's fault.

    A codec's own words would quote what it cannot write.
    """
    if isinstance(error, MedsegrError):
        return error
    if lacks_memory(error):
        return InputError(f"{case} needs more memory than there is; give a smaller image, or run it where there is "
                          "more, perhaps with another --device.")  # fmt: skip
    if isinstance(error, RuntimeError):
        return None
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return InputError(f"{case} cannot be read, or its results cannot be written ({reason}).")


def lacks_memory(error: Exception) -> bool:
    """Whether an error says that the machine or the GPU has no more memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    told = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(n in told for n in _NO_MEMORY))


def free_memory() -> None:
    """Give back what a failed case took, also on a GPU; to be called when its error is no longer held."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()  # does nothing where no GPU was used
