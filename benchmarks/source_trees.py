"""The command line of another revision, to be measured beside the one at hand."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]

PLAIN = "d769330"
"""The last commit whose ``segment`` made one case after another, and drew all pictures itself: the build before."""

MEDSEGR = "from medsegr.cli.main import run; run()"
"""The command as it is installed."""

CHILD = f"""
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-c", "{MEDSEGR}", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
sys.exit(code)
"""
"""Runs it, and says the peak of its largest process; is small itself, since a process begins with its parent's peak."""


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


def run(tree: Path, given: Sequence[str], threads: int | None = None, **environment: str) -> dict[str, float]:
    """A call of ``medsegr`` in a program of its own.

    Args:
        tree: Whose sources.
        given: Arguments.
        threads: Of torch; None for as many as it takes by itself.
        environment: Further variables.

    Returns:
        ``wall_s``, ``processor_s`` with that of its workers, and ``peak_mib`` of the largest process.

    Raises:
        SystemExit: It failed.
    """
    told = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "", **environment}
    told.pop("OMP_NUM_THREADS", None)
    told |= {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    started, before = time.monotonic(), os.times()
    called = [sys.executable, "-c", CHILD, *given]
    done = subprocess.run(called, check=False, capture_output=True, text=True, env=told)
    wall, after = time.monotonic() - started, os.times()
    if done.returncode:
        raise SystemExit(f"{given[0]} of {tree.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": wall, "processor_s": spent, "peak_mib": json.loads(done.stderr.splitlines()[-1])}
