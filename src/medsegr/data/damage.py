"""What a library raises about a damaged file, told as an error of ours: decoders raise nearly anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from medsegr.errors import ImageError, MedsegrError


@contextmanager
def damage_told(what: str, advice: str, kind: type[MedsegrError] = ImageError) -> Iterator[None]:
    """Raise ``WHAT (TypeOfError)ADVICE`` for whatever is raised within; our own errors and a lack of memory pass."""
    try:
        yield
    except (MedsegrError, MemoryError):
        raise
    except Exception as error:
        raise kind(f"{what} ({type(error).__name__}){advice}") from error
