"""Reading the same texts with the parser of several source trees, each in a process of its own."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

Text = tuple[str | None, str]
"""Modality and report."""


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


def read_in(tree: Path, texts: Sequence[Text]) -> list[list[dict[str, Any]] | str]:
    """What a tree's parser reads from each text: its findings, or the error's words."""
    return [json.loads(line) for line in _ask(tree, "read", texts).splitlines()]


def seconds_in(tree: Path, texts: Sequence[Text]) -> list[float]:
    """Processor time that a tree's parser takes for each text, after a short one to warm up."""
    return json.loads(_ask(tree, "time", texts))


def _ask(tree: Path, task: str, texts: Sequence[Text]) -> str:
    path = os.pathsep.join([str(tree / "src"), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.tree_reader", task, str(tree / "src")]
    given = "\n".join(map(json.dumps, texts))
    done = subprocess.run(command, check=False, cwd=ROOT, input=given, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The parser of {tree.name} failed:\n{done.stderr[-2000:]}")
    return done.stdout
