"""Where the shared data sets lie, for tests that use them where they are at hand."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared(path: str) -> Path:
    """A file or folder of the shared data; skips the test where it is missing.

    The data are looked for in the folder that MEDSEGR_SHARED names, else in
    ``../shared`` beside the repository.
    """
    found = Path(os.environ.get("MEDSEGR_SHARED", ROOT.parent / "shared")) / path
    if not found.exists():
        pytest.skip(f"shared data '{path}' is not at hand; set MEDSEGR_SHARED to the folder that holds it")
    return found
