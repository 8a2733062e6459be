"""Switch a part of a model off, and on again."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from medsegr.errors import ConfigError
from medsegr.model.report_guided_sam import ReportGuidedSam

GUIDED_ASPECTS = ("location", "texture", "shape")
"""Aspects with a part of their own in every modulator."""


@contextmanager
def without_modulator(model: ReportGuidedSam, aspect: str) -> Iterator[ReportGuidedSam]:
    """Shut an aspect's gates in all modulators while the block runs; then they are as before.

    What the aspect's token says still reaches the decoder as a prompt, and the
    other two aspects still look where the location attention points.

    Args:
        model: Changed in place for the time being.
        aspect: One of :data:`GUIDED_ASPECTS`.

    Raises:
        ConfigError: No such aspect.
    """
    if aspect not in GUIDED_ASPECTS:
        raise ConfigError(f"Unknown aspect '{aspect}'; expected one of {', '.join(GUIDED_ASPECTS)}.")
    gates = model.adapter.gates(aspect)
    before = [gate.detach().clone() for gate in gates]
    try:
        with torch.no_grad():
            for gate in gates:
                gate.zero_()
        yield model
    finally:
        with torch.no_grad():
            for gate, value in zip(gates, before, strict=True):
                gate.copy_(value)
