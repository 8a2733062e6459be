"""A second look at small findings: the picture around the first mask, at the host's full resolution.

A finding whose first mask is small in its picture has few pixels left in the host's square. A window around that
mask is cut out of the picture as it came, before anything is made smaller, and asked for the same finding.

**What is said in the window.** Words about the whole picture are not true of a part of it and are left out there:
side and zones, which the first look has already used to get here, and size, in words and in millimetres. Target,
texture, form, margin and count stay. With all words kept, the built-in model goes astray in most windows. Cutting
the map that a stated zone implies to the window, instead of leaving it out, made no difference, and would have shown
the model a map without the words for it, which no training does.

**Which windows.** A look has nothing to gain where the picture has no more pixels than the host's square, so a window
is never enlarged beyond its own pixels, and there is none where it would bring less than :data:`LEAST_GAIN`. It is
also never smaller than :data:`LEAST` of the picture: what stands around a finding tells it from its competitors, and
a model that has learnt at one scale is lost at another.

**Merging**: the mean of both probabilities where the window covers the picture, the first look's beyond. The first
look knows the place and has seen what competes there, the second sees the outline. The window's answer alone is much
worse: a competitor in it that the first look refused is taken for the finding.

**Support** stays the first look's: whether the picture agrees with the report is asked of the whole picture, place
included. So findings that the first look does not support, or outlines nowhere, get no second look; nor do large
ones. Each small finding costs one encoding more. Findings do not share windows, each being as large as its finding
asks; the windows of a call go through the model in batches. Of a volume, each plane is looked at by itself, as in the
first look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding, Location, Shape
from medsegr.inference.crop import Bounds, Window, bounds_of, longest_side, united, window_around
from medsegr.inference.plane import Ask, PlanePrediction, PlaneQuestion
from medsegr.model.thresholds import Thresholds
from medsegr.square import Square

SMALL = 0.3
"""A finding is small when its longest side is below this share of the picture's longest side."""

MARGIN = 2.5
"""Side of the window as a multiple of the finding's longest side."""

LEAST = 2 / 3
"""Side of the window at least, as a share of the picture's longest side."""

LEAST_GAIN = 1.25
"""How many times larger a finding must become in the host's square for a second look to be worth its encoding."""

WINDOWS_AT_ONCE = 4
"""Windows in one batch, to bound memory."""


@dataclass(frozen=True)
class CloserLook:
    """One small finding of one plane.

    Attributes:
        plane: Its place in the call.
        k: The finding's place in its question.
        window: Where to look.
        question: The finding as it is true there.
    """

    plane: int
    k: int
    window: Window
    question: PlaneQuestion


def with_second_look(ask: Ask, thresholds: Thresholds, lexicon: Lexicon) -> Ask:
    """A way to ask that looks again, closer, at what the first look finds small.

    Args:
        ask: For both looks.
        thresholds: What counts as found.
        lexicon: Says which words mean a size.
    """

    def ask_twice(planes: Sequence[np.ndarray], questions: Sequence[PlaneQuestion]) -> list[PlanePrediction]:
        answers = ask(planes, questions)
        closer = [
            look
            for i, (question, answer) in enumerate(zip(questions, answers, strict=True))
            for look in closer_looks(i, question, answer, thresholds, lexicon)
        ]
        for start in range(0, len(closer), WINDOWS_AT_ONCE):
            batch = closer[start : start + WINDOWS_AT_ONCE]
            seen = ask([look.window.of(planes[look.plane]) for look in batch], [look.question for look in batch])
            for look, found in zip(batch, seen, strict=True):
                _merge(answers[look.plane], look, found)
        return answers

    return ask_twice


def closer_looks(
    plane: int, question: PlaneQuestion, answer: PlanePrediction, thresholds: Thresholds, lexicon: Lexicon
) -> Iterator[CloserLook]:
    """The small findings of a plane.

    Args:
        plane: Its place in the call.
        question: That was asked.
        answer: Of the first look.
        thresholds: What counts as found.
        lexicon: Says which words mean a size.
    """
    for k, finding in enumerate(question.findings):
        mask = answer.mask(k, thresholds.mask)
        if answer.support[k] < thresholds.support or not mask.any():
            continue
        prompt = question.prompts.get(k)
        told = prompt.bounds() if prompt else None
        bounds = united(bounds_of(mask), told) if told else bounds_of(mask)
        window = worth_a_look(bounds, answer.square)
        if window is None:
            continue
        inside = prompt.within(window) if prompt else None
        asked = replace(question, findings=(closer_finding(finding, lexicon),), prompts={0: inside} if inside else {})
        yield CloserLook(plane, k, window, asked)


def worth_a_look(bounds: Bounds, square: Square) -> Window | None:
    """The window around a finding, or None where it is large or the picture has no more pixels to show.

    Args:
        bounds: Of the finding.
        square: How the picture lies in the host's square.
    """
    whole = max(square.original)
    if longest_side(bounds) >= SMALL * whole:
        return None
    side = max(MARGIN * longest_side(bounds), LEAST * whole, square.size)
    if side * LEAST_GAIN > whole:
        return None
    return window_around(bounds, square.original, side)


def closer_finding(finding: Finding, lexicon: Lexicon) -> Finding:
    """The finding without what is only true of the whole picture: side, zones and size."""
    shapes = lexicon.shapes
    form = tuple(name for name in finding.shape.attributes if name not in shapes or shapes[name].group != "size class")
    shape = Shape(form, count=finding.shape.count)
    # A text encoder must not read the words either; which of the words for the shape mean the size is not recorded.
    evidence = replace(finding.evidence, location=(), shape=finding.evidence.shape if shape == finding.shape else ())
    return replace(finding, location=Location(), shape=shape, evidence=evidence)


def _merge(answer: PlanePrediction, look: CloserLook, found: PlanePrediction) -> None:
    seen = look.window.of(answer.probability[look.k])
    seen[...] = (seen + found.probability[0]) / 2
    answer.looked_twice[look.k] = True
