"""Test-time flip: the picture is also looked at in the mirror, and the two answers are averaged.

What the report says is mirrored with it (a left lung's nodule is a right lung's in the mirror), and so are clicks
and boxes; else the mirrored look would search the wrong side. The picture is mirrored before it is fitted into the
host's square, so padding and stretching are the host's own, and the answer is flipped back on the picture's own
grid, where probabilities and support are averaged.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medsegr.cognition.priors import Finding
from medsegr.inference.plane import Ask, PlanePrediction, PlaneQuestion
from medsegr.view import View


def with_flips(ask: Ask) -> Ask:
    """A way to ask, once as it is and once in the mirror: twice the encodings."""

    def ask_both(planes: Sequence[np.ndarray], questions: Sequence[PlaneQuestion]) -> list[PlanePrediction]:
        widths = [plane.shape[1] for plane in planes]
        own = ask(planes, questions)
        mirrored = ask(
            [plane[:, ::-1] for plane in planes],
            [mirrored_question(question, width) for question, width in zip(questions, widths, strict=True)],
        )
        return [averaged(one, other) for one, other in zip(own, mirrored, strict=True)]

    return ask_both


def mirrored_question(question: PlaneQuestion, width: int) -> PlaneQuestion:
    """The question that is true of the mirrored picture.

    Args:
        question: Of the picture.
        width: Of the picture, in pixels.
    """
    return replace(
        question,
        findings=tuple(mirrored_finding(finding, question.view) for finding in question.findings),
        prompts={k: prompt.mirrored(width) for k, prompt in question.prompts.items()},
    )


def mirrored_finding(finding: Finding, view: View) -> Finding:
    """The finding in the mirror; without the words for what has become untrue, so that no text encoder reads them."""
    mirrored = finding.mirrored(view)
    evidence = finding.evidence
    if mirrored.location != finding.location:
        evidence = replace(evidence, location=())
    if mirrored.target != finding.target:
        evidence = replace(evidence, target=())
    return replace(mirrored, evidence=evidence)


def averaged(own: PlanePrediction, mirrored: PlanePrediction) -> PlanePrediction:
    """The mean of two answers on the picture's grid; of boxes, side by side.

    Args:
        own: Of the picture.
        mirrored: Of the mirrored picture.
    """
    width = own.probability.shape[-1]
    x1, y1, x2, y2 = mirrored.boxes.T
    boxes = np.stack([width - x2, y1, width - x1, y2], axis=1)
    return replace(
        own,
        scores=(own.probability + mirrored.probability[..., ::-1]) / 2,
        support=(own.support + mirrored.support) / 2,
        boxes=(own.boxes + boxes) / 2,
        mirrored=mirrored,
    )
