"""A model in three graphs that need no torch: the trunk of a picture, its guided encoding, the outlines of findings.

Priors are inputs of the graphs, so that one export serves every report. One picture goes in at a time, to be encoded
with any number of findings and to be outlined with one: where all sizes are known, libraries take less time for eight
of these than for a graph of eight whose sizes are open. The trunk knows nothing of the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.trunk import Trunk
from medsegr.cognition.prior_embedding import REGION_SIZE, PriorBatch
from medsegr.cognition.priors import ASPECTS
from medsegr.model.divided_host import stops_at_trunk
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.perception.modulator import Guidance

if TYPE_CHECKING:
    from torch.export import ExportedProgram

PARTS = ("trunk", "encode", "outline")
"""Names of the graphs, in the order in which they run."""

PRIORS = (*ASPECTS, "region", "valid")
"""Tensors of a :class:`PriorBatch` that graphs take."""

EXAMPLES, MOST_FINDINGS = 3, 64
"""Findings of the example that an encoding is exported with, and the most that it takes."""


@dataclass(frozen=True, eq=False)
class Graph:
    """One part of a model, ready to be exported.

    Attributes:
        part: One of :data:`PARTS`.
        module: Takes and gives plain tensors, one after another.
        inputs: Name -> example, each of one picture.
        outputs: Names.
    """

    part: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]

    @property
    def per_finding(self) -> tuple[str, ...]:
        """Inputs whose second axis is any number of findings."""
        return tuple(name for name in self.inputs if name in PRIORS and self.part == "encode")

    def exported(self) -> "ExportedProgram":
        """The graph as torch exports it; an encoding with any number of findings from 1 to :data:`MOST_FINDINGS`."""
        from torch.export import Dim, export

        findings = Dim("findings", min=1, max=MOST_FINDINGS)
        shapes = tuple({1: findings} if name in self.per_finding else None for name in self.inputs)
        with torch.no_grad():
            return export(self.module, tuple(self.inputs.values()), dynamic_shapes=(shapes,), strict=False)


def graphs_of(model: ReportGuidedSam) -> tuple[str, ...]:
    """The parts that a model has: those whose host cannot stop where guidance begins have no trunk."""
    return PARTS if stops_at_trunk(model) else PARTS[1:]


def graph_of(model: ReportGuidedSam, part: str) -> Graph:
    """One part of a model, in evaluation mode.

    Args:
        model: On a CPU.
        part: One of :func:`graphs_of`.
    """
    like = next(model.parameters())
    pixels, priors = like.new_zeros(1, 3, model.image_size, model.image_size), _example(model)
    with torch.no_grad():
        if part == "trunk":
            made = model.trunk(pixels).tensors
            return Graph(part, _TrunkPart(model), {"pixels": pixels}, tuple(f"trunk.{i}" for i in range(len(made))))
        trunk = model.trunk(pixels) if stops_at_trunk(model) else None
        encoding = model.encode(pixels, priors, trunk)
        if part == "outline":
            encoding = encoding.only(0)
            priors = encoding.priors
        told = {name: getattr(priors, name) for name in PRIORS}
        if part == "encode":
            kept = {} if trunk is None else {f"trunk.{i}": level for i, level in enumerate(trunk.tensors)}
            outputs = tuple(encoding_tensors(encoding))
            return Graph(part, _EncodePart(model), {"pixels": pixels, **told, **kept}, outputs)
        maps = encoding.location_logits
        given = {name: t for name, t in encoding_tensors(encoding).items() if not name.startswith("map.")}
        outputs = tuple(output_tensors(model.outline(encoding), len(maps)))
        return Graph(part, _OutlinePart(model, tuple(given)), {**told, **given}, outputs)


def encoding_tensors(encoding: GuidedEncoding) -> dict[str, Tensor]:
    """What an encoding holds besides its priors, by name."""
    image = encoding.image
    tensors = {"tokens": encoding.guidance.tokens, "features": image.features}
    tensors |= {f"fine.{i}": level for i, level in enumerate(image.high_resolution)}
    if image.full_size is not None:
        tensors["full_size"] = image.full_size
    return tensors | {f"map.{i}": level for i, level in enumerate(encoding.location_logits)}


def encoding_from(priors: PriorBatch, tensors: dict[str, Tensor]) -> GuidedEncoding:
    """The other way round."""
    image = ImageEmbedding(tensors["features"], tuple(_numbered(tensors, "fine.")), full_size=tensors.get("full_size"))
    guidance = Guidance(tensors["tokens"], priors.region, priors.valid)
    return GuidedEncoding(priors, guidance, image, tuple(_numbered(tensors, "map.")))


def output_tensors(output: GuidedOutput, known: int) -> dict[str, Tensor]:
    """What an output holds, by name; without the location maps of the encoding, which are the first ``known``."""
    tensors = {"logits": output.logits, "support": output.support_logits}
    tensors |= {f"map.{i}": level for i, level in enumerate(output.location_logits[known:])}
    more = {"agreement": output.agreement, "boxes": output.boxes}
    return tensors | {name: tensor for name, tensor in more.items() if tensor is not None}


def output_from(encoding: GuidedEncoding, tensors: dict[str, Tensor]) -> GuidedOutput:
    """The other way round."""
    maps = (*encoding.location_logits, *_numbered(tensors, "map."))
    more = {name: tensors.get(name) for name in ("agreement", "boxes")}
    return GuidedOutput(tensors["logits"], tensors["support"], maps, **more)


def trunk_from(model: ReportGuidedSam, tensors: dict[str, Tensor]) -> Trunk:
    """What an encoder leaves before its first guided block."""
    return Trunk(model.trunk_block, tuple(_numbered(tensors, "trunk.")))


class _TrunkPart(nn.Module):
    def __init__(self, model: ReportGuidedSam) -> None:
        super().__init__()
        self.model = model

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        return self.model.trunk(given[0]).tensors


class _EncodePart(nn.Module):
    def __init__(self, model: ReportGuidedSam) -> None:
        super().__init__()
        self.model = model

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        pixels, told, kept = given[0], given[1 : 1 + len(PRIORS)], given[1 + len(PRIORS) :]
        trunk = Trunk(self.model.trunk_block, kept) if kept else None
        return tuple(encoding_tensors(self.model.encode(pixels, PriorBatch(*told), trunk)).values())


class _OutlinePart(nn.Module):
    def __init__(self, model: ReportGuidedSam, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        told, known = given[: len(PRIORS)], dict(zip(self.names, given[len(PRIORS) :], strict=True))
        output = self.model.outline(encoding_from(PriorBatch(*told), known))
        return tuple(output_tensors(output, 0).values())


def _example(model: ReportGuidedSam) -> PriorBatch:
    """Priors of some findings of which nothing is said."""
    like, vocabulary = next(model.parameters()), model.vocabulary
    told = {aspect: like.new_zeros(1, EXAMPLES, len(getattr(vocabulary, aspect))) for aspect in ASPECTS}
    region = like.new_zeros(1, EXAMPLES, REGION_SIZE, REGION_SIZE)
    return PriorBatch(**told, region=region, valid=like.new_ones(1, EXAMPLES))


def _numbered(tensors: dict[str, Tensor], prefix: str) -> list[Tensor]:
    """Those named ``prefix`` and a number, in order."""
    return [tensors[f"{prefix}{i}"] for i in range(sum(name.startswith(prefix) for name in tensors))]
