"""A host's trunk as a compiled graph of its own, for training: the adapter changes with every step, the trunk never."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.inference.backends.choice import EXPORTED
from medsegr.inference.backends.graphs import graph_of
from medsegr.inference.backends.openvino_runtime import OpenVino
from medsegr.model.divided_host import stops_at_trunk
from medsegr.model.report_guided_sam import ReportGuidedSam


def can_compile_trunk(model: ReportGuidedSam) -> bool:
    """Whether OpenVINO is installed and takes this model's host, on a CPU; a LoRA is not looked for."""
    on_cpu, spec = next(model.parameters()).device.type == "cpu", model.backbone.spec
    return bool(find_spec("openvino")) and on_cpu and spec.family in EXPORTED and stops_at_trunk(model)


class TrunkSession:
    """The trunk of a model as it is now, compiled by OpenVINO.

    Args:
        model: For which :func:`can_compile_trunk` holds; in whatever mode.
        precision: ``f32`` or ``bf16``.
    """

    def __init__(self, model: ReportGuidedSam, precision: str) -> None:
        runtime, training = OpenVino(precision), model.training
        self._folder = tempfile.TemporaryDirectory(prefix="medsegr-")  # the weights are mapped from it
        try:
            runtime.write(graph_of(model.eval(), "trunk"), Path(self._folder.name))
        finally:
            model.train(training)
        self._session = runtime.session(Path(self._folder.name))

    def __call__(self, pixels: Float[Tensor, "b 3 s s"]) -> tuple[Tensor, ...]:
        """The trunk's tensors of a batch, in float32; one picture after another."""
        rows = [self._session({"pixels": picture[None].numpy()}) for picture in pixels.contiguous()]
        return tuple(torch.from_numpy(np.concatenate(level)) for level in zip(*rows, strict=True))
