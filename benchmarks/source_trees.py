"""The sources of another revision, to be measured beside those at hand."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def source_tree(named: str) -> Iterator[Path]:
    """The folder of a checkout, or one with the sources of a git revision of this repository.

    Args:
        named: A folder that holds ``src/medsegr``, or a revision (``main``, ``HEAD~3``).

    Raises:
        SystemExit: It is neither.
    """
    if (Path(named) / "src" / "medsegr").is_dir():
        yield Path(named).resolve()
        return
    packed = subprocess.run(["git", "archive", named, "src/medsegr"], check=False, cwd=ROOT, capture_output=True)
    if packed.returncode:
        raise SystemExit(f"'{named}' is neither a folder with src/medsegr nor a git revision of this repository.")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)
