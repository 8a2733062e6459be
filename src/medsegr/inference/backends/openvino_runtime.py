"""OpenVINO on a CPU, in full or in half precision."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medsegr._optional import require
from medsegr.inference.backends.graphs import MOST_FINDINGS, Graph

FILE, COMPILED = "graph.xml", "compiled"
"""Names in a graph's folder."""


class OpenVino:
    """Compiles graphs with OpenVINO. What it compiled is kept beside the graph for the next process.

    Args:
        precision: ``f32`` or ``bf16``. It is always told, for OpenVINO's own choice on this processor may be bf16.

    Raises:
        MissingExtraError: OpenVINO is not installed.
    """

    name = "openvino"

    def __init__(self, precision: str) -> None:
        if find_spec("openvino") is None:
            self._imported()
        self.version = version("openvino")
        self.precision = precision

    @cached_property
    def openvino(self) -> Any:
        """The library; imported when something is compiled, for what was exported is known without it."""
        return self._imported()

    def _imported(self) -> Any:
        return require("openvino", "The backend 'openvino'", "'medsegr[openvino]'")

    def write(self, graph: Graph, folder: Path) -> None:
        """Export a graph as OpenVINO's own format, weights in float32."""
        program = graph.exported()
        with _unreported():
            converted = self.openvino.convert_model(program)
        names = dict(zip(program.graph_signature.user_inputs, graph.inputs, strict=True))
        for given in converted.inputs:  # what nothing reads is not among them
            name = names[given.get_node().get_friendly_name()]
            given.get_node().set_friendly_name(name)
            given.get_tensor().set_names({name})
        converted.reshape({given: self._sizes(graph, given.get_any_name()) for given in converted.inputs})
        self.openvino.save_model(converted, folder / FILE, compress_to_fp16=False)

    def _sizes(self, graph: Graph, name: str) -> Any:
        """Those of an input, which the converter leaves open."""
        sizes = self.openvino.PartialShape(list(graph.inputs[name].shape))
        if name in graph.per_finding:
            sizes[1] = self.openvino.Dimension(1, MOST_FINDINGS)
        return sizes

    def session(self, folder: Path) -> "OpenVinoSession":
        """Compile a graph for as many threads as torch has."""
        settings = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # several workers would else sit on the same cores
            "CACHE_DIR": str(folder / COMPILED),
        }
        with _STARTING:
            core = _core(self.openvino)
        return OpenVinoSession(core.compile_model(folder / FILE, "CPU", settings))


_STARTING = threading.Lock()


@cache
def _core(openvino: Any) -> Any:
    """OpenVINO's one core of this process, kept to its end.

    Each core gives the thread that first compiles with it another alternate signal stack. Of two cores that go in the
    order in which they came, the second puts back the stack of the first, which is gone, and the next signal with a
    handler ends the process (``findings/openvino_signal_stack.sh``).
    """
    return openvino.Core()


@contextmanager
def _unreported() -> Iterator[None]:
    """Meanwhile OpenVINO's converter tells its makers nothing over the internet: it does not from automatic builds."""
    before = os.environ.get("CI")
    os.environ["CI"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["CI"]
        else:
            os.environ["CI"] = before


class OpenVinoSession:
    """A compiled graph; one call at a time."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self._names = [given.get_node().get_friendly_name() for given in compiled.inputs]  # a tensor may have several
        self._lock = threading.Lock()

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        with self._lock:
            return list(self.compiled({name: inputs[name] for name in self._names}).values())
