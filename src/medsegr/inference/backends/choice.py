"""Which library runs a model, and in which precision."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from medsegr.errors import ConfigError
from medsegr.inference.backends.compiled_engine import CompiledEngine
from medsegr.inference.backends.graph_folder import any_exported
from medsegr.inference.backends.half_engine import HalfEngine
from medsegr.inference.backends.onnx_runtime import OnnxRuntime
from medsegr.inference.backends.openvino_runtime import OpenVino
from medsegr.inference.backends.runtime import Runtime
from medsegr.model.engine import Engine
from medsegr.model.report_guided_sam import ReportGuidedSam

AUTO, TORCH = "auto", "torch"
RUNTIMES: dict[str, Callable[[str], Runtime]] = {"openvino": OpenVino, "onnx": OnnxRuntime}
BACKENDS = (AUTO, TORCH, *RUNTIMES)
PRECISIONS = ("f32", "bf16")

EXPORTED = ("lite_medsam", "mobile_sam", "sam", "tiny")
"""Families of hosts whose graphs are known to be torch's equals."""


@dataclass(frozen=True)
class Backend:
    """What was asked for.

    Attributes:
        name: One of :data:`BACKENDS`. ``auto`` is OpenVINO on a CPU, where it is installed and the model was exported
            before; torch otherwise.
        precision: One of :data:`PRECISIONS`. Only f32 gives torch's own masks.

    Raises:
        ConfigError: No such backend or precision.
    """

    name: str = AUTO
    precision: str = "f32"

    def __post_init__(self) -> None:
        if self.name not in BACKENDS:
            raise ConfigError(f"No backend '{self.name}'; there are: {', '.join(BACKENDS)}.")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"No precision '{self.precision}'; there are: {', '.join(PRECISIONS)}.")

    def engine(self, model: ReportGuidedSam) -> Engine | None:
        """What is to run a model; None for torch in float32.

        Raises:
            ConfigError: The backend was named, and cannot run this model or its device.
            MissingExtraError: The backend was named, and is not installed.
        """
        if self.name == AUTO:
            if not any_exported() or not find_spec("openvino") or _unfit(model) is not None:
                return self._of_torch(model)
            engine = CompiledEngine(OpenVino(self.precision), exports=False)
            return engine if engine.exported(model) else self._of_torch(model)
        if self.name == TORCH:
            return self._of_torch(model)
        if (reason := _unfit(model)) is not None:
            raise ConfigError(f"The backend '{self.name}' cannot run this model: {reason}. Take torch, or auto.")
        return CompiledEngine(RUNTIMES[self.name](self.precision))

    def _of_torch(self, model: ReportGuidedSam) -> Engine | None:
        return HalfEngine() if self.precision == "bf16" else None


def backend_record(engine: Engine | None) -> dict[str, Any]:
    """What results say of the backend: its name, its version, and the precision of its arithmetic."""
    if isinstance(engine, CompiledEngine):
        runtime = engine.runtime
        return {"name": runtime.name, "version": runtime.version, "precision": runtime.precision}
    return {"name": TORCH, "version": version("torch"), "precision": "f32" if engine is None else "bf16"}


def _unfit(model: ReportGuidedSam) -> str | None:
    """Why graphs of a model cannot be had; None where they can."""
    device, family = next(model.parameters()).device.type, model.backbone.spec.family
    if device != "cpu":
        return f"it runs on a CPU, and the model is on '{device}'"
    if family not in EXPORTED:
        return f"its host is of family '{family}', and it runs {', '.join(EXPORTED)}"
    if model.adapter.config.text_encoder:
        return "it reads the report's words with a text encoder"
    if model.adapter.lora is not None or model.host_lora:
        return "its host has a LoRA"
    return None
