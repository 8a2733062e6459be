"""ONNX Runtime on a CPU, in full precision."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medsegr._optional import require
from medsegr.errors import ConfigError
from medsegr.inference.backends.graphs import Graph

FILE = "graph.onnx"
"""Name in a graph's folder; the weights are inside."""

OPSET = 20
"""Version of ONNX's operators: the first with a GridSample for deformable sampling that is not changed since."""

INSTALL = "'medsegr[onnx]'"


class OnnxRuntime:
    """Compiles graphs with ONNX Runtime.

    Args:
        precision: ``f32``.

    Raises:
        ConfigError: Another precision.
        MissingExtraError: ONNX Runtime is not installed.
    """

    name = "onnx"

    def __init__(self, precision: str) -> None:
        if precision != "f32":
            raise ConfigError(f"The backend 'onnx' computes in f32; came '{precision}'. Take openvino or torch for it.")
        self.onnxruntime: Any = require("onnxruntime", "The backend 'onnx'", INSTALL)
        self.version = version("onnxruntime")
        self.precision = precision

    def write(self, graph: Graph, folder: Path) -> None:
        """Export a graph as one ONNX file.

        Raises:
            MissingExtraError: What writes ONNX is not installed; running it needs less.
        """
        require("onnxscript", "Exporting to ONNX", INSTALL)
        torch.onnx.export(
            graph.exported(),
            f=folder / FILE,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )

    def session(self, folder: Path) -> "OnnxSession":
        """Load a graph for as many threads as torch has."""
        options = self.onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        return OnnxSession(
            self.onnxruntime.InferenceSession(str(folder / FILE), options, providers=["CPUExecutionProvider"])
        )


class OnnxSession:
    """A loaded graph."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._names = [node.name for node in session.get_inputs()]

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        return list(self.session.run(None, {name: inputs[name] for name in self._names}))
