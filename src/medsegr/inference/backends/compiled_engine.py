"""Runs a model's parts as graphs that another library than torch compiled."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.trunk import Trunk
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.inference.backends.graph_folder import GraphFolder, model_key
from medsegr.inference.backends.graphs import (
    PARTS,
    PRIORS,
    encoding_from,
    encoding_tensors,
    graph_of,
    graphs_of,
    output_from,
    trunk_from,
)
from medsegr.inference.backends.runtime import Runtime, Session
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam

Named = dict[str, Tensor]


class CompiledEngine:
    """The graphs of a model, exported where they are missing, compiled when they are first used.

    Weights that were changed since make graphs of their own. Pictures of a batch go one after another, which on a
    CPU is as fast.

    Args:
        runtime: Runs the graphs.
        exports: Export what is missing; else torch does what is not there yet.
        home: Of exported graphs; the user's own folder of caches by default.
    """

    def __init__(self, runtime: Runtime, *, exports: bool = True, home: Path | None = None) -> None:
        self.runtime = runtime
        self.exports = exports
        self.home = home
        self._ready: dict[str, tuple[Session, tuple[str, ...]] | None] = {}
        self._state: object = None
        self._key = ""

    def __reduce__(self) -> tuple[type, tuple]:
        return type(None), ()  # a copy of a model, or one that was sent to another process, runs in torch

    def can(self, part: str, model: ReportGuidedSam) -> bool:
        """Whether there is a graph for this part of the model as it is now."""
        if part not in graphs_of(model) or next(model.parameters()).device.type != "cpu":
            return False
        if part == "outline" and not model.adapter.prompting:
            return False  # a fresh adapter tells the decoder nothing, and a graph always would
        return self._graph(part, model) is not None

    def exported(self, model: ReportGuidedSam) -> bool:
        """Whether all graphs of the model as it is now were exported before."""
        return all(self._folder(part, model).written for part in graphs_of(model))

    def parts(self, model: ReportGuidedSam) -> list[str]:
        """Have all graphs of a model exported and compiled; returns their names, in the order in which they run."""
        return [part for part in PARTS if self.can(part, model)]

    def folders(self, model: ReportGuidedSam) -> list[GraphFolder]:
        """Where these graphs lie."""
        return [self._folder(part, model) for part in self.parts(model)]

    def trunk(self, model: ReportGuidedSam, pixels: Float[Tensor, "b 3 s s"]) -> Trunk:
        """As :meth:`ReportGuidedSam.trunk`."""
        return trunk_from(model, self._run("trunk", model, {"pixels": pixels}))

    def encode(
        self, model: ReportGuidedSam, pixels: Float[Tensor, "b 3 s s"], priors: PriorBatch, trunk: Trunk | None
    ) -> GuidedEncoding:
        """As :meth:`ReportGuidedSam.encode`, of priors without words."""
        if trunk is None and "trunk" in graphs_of(model):
            trunk = model.trunk(pixels)
        kept = {} if trunk is None else {f"trunk.{i}": level for i, level in enumerate(trunk.tensors)}
        return encoding_from(priors, self._run("encode", model, {"pixels": pixels, **_told(priors), **kept}))

    def outline(self, model: ReportGuidedSam, encoding: GuidedEncoding) -> GuidedOutput:
        """As :meth:`ReportGuidedSam.outline`, without prompts; one finding after another."""
        each = [encoding.only(k) for k in range(encoding.priors.valid.shape[1])]
        return GuidedOutput.joined(
            [
                output_from(one, self._run("outline", model, {**_told(one.priors), **encoding_tensors(one)}))
                for one in each
            ]
        )

    def _folder(self, part: str, model: ReportGuidedSam) -> GraphFolder:
        state = _state_of(model)
        if state != self._state:
            self._ready, self._state, self._key = {}, state, model_key(model, self.runtime)
        return GraphFolder(self._key, part, self.home)

    def _graph(self, part: str, model: ReportGuidedSam) -> tuple[Session, tuple[str, ...]] | None:
        folder = self._folder(part, model)
        if part not in self._ready:
            self._ready[part] = None  # torch runs the part meanwhile
            if not folder.written and self.exports:
                with torch.inference_mode(False), torch.no_grad():
                    folder.write(graph_of(model, part), self.runtime)
            if folder.written:
                self._ready[part] = (self.runtime.session(folder.path), folder.outputs())
        return self._ready[part]

    def _run(self, part: str, model: ReportGuidedSam, given: Named) -> Named:
        graph = self._graph(part, model)
        assert graph is not None
        session, names = graph
        batch = len(next(iter(given.values())))
        rows = [session({name: _row(tensor, i) for name, tensor in given.items()}) for i in range(batch)]
        made = zip(names, zip(*rows, strict=True), strict=True)
        return {name: torch.from_numpy(np.concatenate(parts) if batch > 1 else parts[0]) for name, parts in made}


def _told(priors: PriorBatch) -> Named:
    return {name: getattr(priors, name) for name in PRIORS}


def _row(tensor: Tensor, i: int) -> np.ndarray:
    """What belongs to picture ``i``."""
    return np.ascontiguousarray(tensor[i : i + 1].detach().float().numpy())


def _state_of(model: ReportGuidedSam) -> object:
    """What tells one state of a model from another, also after weights were changed in place."""
    weights = (*model.backbone.model.parameters(), *model.backbone.model.buffers(), *model.adapter.parameters())
    return (
        model.active,
        model.trunk_block,
        tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for t in weights),
    )
