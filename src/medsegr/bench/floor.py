"""The least time that a stage could take: its operations and bytes against what the processor gives here and now."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.fused_layers import layers_apart
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.model.report_guided_sam import ReportGuidedSam

SIDE, COPIED, ROUNDS = 1024, 64 * 2**20, 5
"""Of the product's matrices; bytes that are copied; the best of so many rounds counts."""


@dataclass(frozen=True)
class Processor:
    """What it gives, measured.

    Attributes:
        flops: Operations a second in a product of matrices, with as many threads as the model has.
        bytes: Bytes a second read and written in a copy.
    """

    flops: float
    bytes: float

    @classmethod
    def measured(cls, kind: torch.dtype = torch.float32) -> "Processor":
        """By a product of two matrices of a type, and a copy."""
        one, other = torch.rand(SIDE, SIDE).to(kind), torch.rand(SIDE, SIDE).to(kind)
        source = torch.zeros(COPIED // 4)
        target = torch.empty_like(source)
        return cls(2 * SIDE**3 / _best(lambda: torch.mm(one, other)), 2 * COPIED / _best(lambda: target.copy_(source)))


@dataclass(frozen=True)
class Work:
    """What a stage has to do at least.

    Attributes:
        flops: Operations; a multiplication and an addition are two.
        bytes: Read and written: weights once, and what goes in and out of its layers.
    """

    flops: float = 0.0
    bytes: float = 0.0

    def __sub__(self, other: "Work") -> "Work":
        return Work(max(self.flops - other.flops, 0.0), max(self.bytes - other.bytes, 0.0))

    def seconds(self, processor: Processor) -> float:
        """The least time, if operations and bytes overlap fully."""
        return max(self.flops / processor.flops, self.bytes / processor.bytes)


def works(model: ReportGuidedSam, pixels: Tensor, priors: PriorBatch) -> dict[str, Work]:
    """The work of encode, modulate and decode in torch, by counting one pass."""
    engine, model.engine = model.engine, None
    try:
        alone = _counted(model, lambda: model.backbone.encode(pixels))
        encoding = model.encode(pixels, priors)
        guided = _counted(model, lambda: model.encode(pixels, priors))
        outlined = _counted(model, lambda: model.outline(encoding))
        decoded = _counted(model, lambda: _decode(model, encoding.image, priors.valid.shape[1]))
    finally:
        model.engine = engine
    late, early = outlined - decoded, guided - alone
    return {
        "encode": alone,
        "modulate": Work(late.flops + early.flops, late.bytes + early.bytes),
        "decode": decoded,
    }


def _decode(model: ReportGuidedSam, image: ImageEmbedding, findings: int) -> Tensor:
    every = torch.zeros(findings, dtype=torch.long)
    rows = ImageEmbedding(
        image.features[every],
        tuple(level[every] for level in image.high_resolution),
        full_size=None if image.full_size is None else image.full_size[every],
    )
    return model.backbone.decode(rows, torch.zeros(findings, 4, image.features.shape[1]), None, model.mask_decoder)


def _counted(model: nn.Module, call: Callable[[], object]) -> Work:
    """Of layers as they are written: kernels that join several of them are not seen by the counter."""
    with layers_apart(), _layers(model) as moved, FlopCounterMode(display=False) as counter:
        call()
    return Work(float(counter.get_total_flops()), float(sum(moved)))


@contextmanager
def _layers(model: nn.Module) -> Iterator[list[int]]:
    """Bytes in, out and of weights of every layer that is called."""
    moved: list[int] = []

    def note(layer: nn.Module, given: tuple[object, ...], out: object) -> None:
        tensors = [part for part in (*given, out, *layer.parameters()) if isinstance(part, Tensor)]
        moved.append(sum(part.numel() * part.element_size() for part in tensors))

    handles = [part.register_forward_hook(note) for part in model.modules() if not list(part.children())]
    try:
        yield moved
    finally:
        for handle in handles:
            handle.remove()


def _best(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
