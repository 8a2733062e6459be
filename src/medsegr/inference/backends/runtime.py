"""What a library that runs exported graphs is to us."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from medsegr.inference.backends.graphs import Graph


class Session(Protocol):
    """A graph that is compiled for this processor."""

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs, in the graph's order, of its inputs by name; what a graph does not read, it does not take.

        Calls from several threads are safe.
        """


class Runtime(Protocol):
    """A library that runs exported graphs.

    Attributes:
        name: As ``--backend`` takes it.
        version: Of the library.
        precision: In which it computes: ``f32`` or ``bf16``.
    """

    name: str
    version: str
    precision: str

    def write(self, graph: Graph, folder: Path) -> None:
        """Export a graph into an existing folder."""

    def session(self, folder: Path) -> Session:
        """Compile what :meth:`write` left in a folder."""
