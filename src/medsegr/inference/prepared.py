"""A case that is read and understood, before the model is asked; several of them can share a call of the model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.cognition.region_map import seen
from medsegr.data.image import ImageSource, MedicalImage
from medsegr.inference.plane import FINDINGS_AT_ONCE, Ask, PlanePrediction, PlaneQuestion
from medsegr.inference.trunk_memory import origin_of
from medsegr.inference.user_prompt import UserPrompt
from medsegr.inference.volume import FindingVolume, Keep, gather
from medsegr.model.thresholds import Thresholds
from medsegr.model.trained_targets import Untrained

if TYPE_CHECKING:
    from medsegr.inference.predictor import Predictor

FINDINGS_TOGETHER = 64
"""Planes of one call times the most findings of one of them, to bound memory."""

PIXELS_TOGETHER = 64 * 1024 * 1024
"""Pixels of the planes of one call."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a caller wants of one image; the arguments of ``Predictor.segment``, which says what they mean."""

    image: ImageSource
    report: str | ReportPriors | None = None
    targets: Sequence[str] = ()
    modality: str | None = None
    threshold: float = 0.5
    support_threshold: float | None = None
    lexicon: Lexicon | None = None
    prompts: Mapping[str, UserPrompt] | None = None
    untrained: Untrained | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case whose picture and report are read.

    Attributes:
        predictor: Who answers.
        picture: As it was read, with its view.
        priors: The report's.
        findings, ids, known: All that the result will hold; whether the model was trained to find each.
        sought: Places of those that the model is asked for.
        question: Of these, in their order.
        thresholds: What counts as found.
        lexicon: Names and words.
        chosen: Why this model was taken, where nobody named it.
    """

    predictor: "Predictor"
    picture: MedicalImage
    priors: ReportPriors
    findings: tuple[Finding, ...]
    ids: tuple[str, ...]
    known: tuple[bool, ...]
    sought: tuple[int, ...]
    question: PlaneQuestion
    thresholds: Thresholds
    lexicon: Lexicon
    chosen: str | None = None

    @property
    def looked_for(self) -> list[Finding]:
        """The findings that the model is asked for, as the report has them."""
        return [self.findings[k] for k in self.sought]

    @property
    def shares(self) -> bool:
        """Whether it can share a call of the model with others: a picture without clicks and boxes."""
        return (
            not self.picture.is_volume
            and not self.question.prompts
            and 0 < len(self.question.findings) <= FINDINGS_AT_ONCE
        )


def question_of(
    findings: Sequence[Finding], image: MedicalImage, text: str, prompts: Sequence[UserPrompt | None]
) -> PlaneQuestion:
    """What the model is asked, of the findings that are looked for and a prompt or none for each."""
    given = {place: prompt for place, prompt in enumerate(prompts) if prompt is not None}
    return PlaneQuestion(tuple(seen(finding, image.view) for finding in findings), image.view, text, given)


def answer_all(cases: Sequence[Prepared]) -> Iterator[list[FindingVolume]]:
    """What the models find in each case, in order; neighbours that can share a call of one model do.

    Which cases share a call is decided by these cases alone, so the same list always gives the same answers.
    """
    for group in _groups(cases):
        predictor, thresholds, lexicon = group[0].predictor, group[0].thresholds, group[0].lexicon
        if not group[0].question.findings:
            yield from ([] for _ in group)
            continue
        with predictor.asking(thresholds, lexicon) as ask:
            if len(group) == 1:
                (case,), beside = group, predictor.model.adapter.config.neighbours
                yield gather(ask, case.picture, case.question, thresholds, case.looked_for, neighbours=beside,
                             keep=_keeping(case))  # fmt: skip
                continue
            planes, questions = [case.picture.plane() for case in group], [case.question for case in group]
            answers = ask(planes, questions)
        for case, answer in zip(group, answers, strict=True):
            yield gather(_answered(answer), case.picture, case.question, thresholds, case.looked_for)


def with_choice(case: Prepared, why: str) -> Prepared:
    """The case, with why its model was taken."""
    return replace(case, chosen=why)


def _groups(cases: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    """Neighbours that go into one call."""
    group: list[Prepared] = []
    for case in cases:
        if group and not _fits(case, group):
            yield group
            group = []
        group.append(case)
    if group:
        yield group


def _fits(case: Prepared, group: Sequence[Prepared]) -> bool:
    first, together = group[0], [*group, case]
    most = max(len(one.question.findings) for one in together)
    return (
        case.shares
        and first.shares
        and case.predictor is first.predictor
        and case.thresholds == first.thresholds
        and case.lexicon is first.lexicon
        and most * len(together) <= FINDINGS_TOGETHER
        and sum(int(np.prod(one.picture.size)) for one in together) <= PIXELS_TOGETHER
    )


def _keeping(case: Prepared) -> Keep:
    """How the planes of a volume are gathered: of a predictor that remembers, once for all clicks on it."""
    predictor, picture = case.predictor, case.picture
    if predictor.memory is None or not picture.is_volume:
        return lambda make: make()
    model = predictor.model
    text = sha256(case.question.text.encode("utf-8", "surrogatepass")).hexdigest()  # the report itself is not kept
    question = replace(case.question, text=text, prompts={})
    asked = (picture.window, question, case.looked_for, case.thresholds, case.lexicon,
             predictor.looks, origin_of(model, model.adapter))  # fmt: skip
    return partial(predictor.memory.volume.gathered, picture, asked)


def _answered(answer: PlanePrediction) -> Ask:
    """A way to ask that gives the answer which is there already."""
    return lambda planes, questions: [answer]
