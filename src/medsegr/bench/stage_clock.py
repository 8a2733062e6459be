"""Where the time of a case goes: stages that may lie within each other, each with its own time alone."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, TypeVar

from torch import nn

from medsegr.model.report_guided_sam import ReportGuidedSam

T = TypeVar("T")

STAGES = ("read", "preprocess", "encode", "modulate", "decode", "postprocess", "draw", "write")
"""Of a loaded model, in the order of a case; what is none of them counts as postprocess."""


class StageClock:
    """Adds up seconds by stage; while a stage lies within another, the outer one's time stands still.

    Args:
        now: The time, in seconds.

    Attributes:
        seconds: By stage.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._now, self._since = now, now()
        self._inside: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What runs inside counts as this stage."""
        self._count()
        self._inside.append(name)
        try:
            yield
        finally:
            self._count()
            self._inside.pop()

    def timed(self, name: str, function: Callable[..., T]) -> Callable[..., T]:
        """The function, whose calls count as a stage."""

        @wraps(function)
        def call(*args: Any, **options: Any) -> T:
            with self.stage(name):
                return function(*args, **options)

        return call

    def _count(self) -> None:
        now = self._now()
        if self._inside:
            self.seconds[self._inside[-1]] += now - self._since
        self._since = now


@contextmanager
def watched(model: ReportGuidedSam, clock: StageClock) -> Iterator[None]:
    """The model's calls count as stages meanwhile.

    What the adapter does counts as modulate, within the encoder as behind it. Graphs of another backend are one
    piece: there it counts as encode and decode.
    """
    calls = {"preprocess": "preprocess", "encode_findings": "preprocess", "encode": "encode", "outline": "decode"}
    with ExitStack() as held:
        for name, stage in calls.items():
            held.enter_context(_patched(model, name, clock.timed(stage, getattr(model, name))))
        for part in _guiding(model):
            held.enter_context(_patched(part, "forward", clock.timed("modulate", part.forward)))
        yield


def _guiding(model: ReportGuidedSam) -> list[nn.Module]:
    """The adapter's parts that are called, without its copy of the decoder."""
    adapter = model.adapter
    named = {name: part for name, part in adapter.named_children() if name not in ("decoder", "modulators")}
    return [*named.values(), *adapter.modulators.values()]


@contextmanager
def _patched(owner: object, name: str, function: Callable[..., Any]) -> Iterator[None]:
    object.__setattr__(owner, name, function)
    try:
        yield
    finally:
        object.__delattr__(owner, name)
