"""Which findings are asked of an image in one training sample, and what is true of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medsegr.cognition.priors import Finding
from medsegr.perception.modulator import GUIDED
from medsegr.training.config import SamplingConfig
from medsegr.training.counterfactuals import counterfactual
from medsegr.training.studies import TrainingQuestion, TrainingStudy

OtherStudy = Callable[[], TrainingStudy]
"""Another study of the same data set, drawn at random."""


def draw_questions(
    study: TrainingStudy, other: OtherStudy, config: SamplingConfig, rng: np.random.Generator
) -> list[TrainingQuestion]:
    """Draw up to ``max_findings`` questions for a study.

    Args:
        study: Whom to ask.
        other: Source of other cases, for mismatched and counterfactual findings.
        config: Shares and dropouts.
        rng: All randomness comes from here.

    Returns:
        Questions, none twice; empty when nothing can be asked of the study.
    """
    slots = config.max_findings
    if rng.random() < config.fewer_findings:
        slots = int(rng.integers(1, slots + 1))
    if rng.random() < config.report_dropout:
        return _merely_named(study, slots, config, rng)
    sources = _sources(study, other, config, rng)
    questions: list[TrainingQuestion] = []
    for _ in range(slots * 3):
        live = {name: entry for name, entry in sources.items() if entry[0] > 0}
        if not live or len(questions) == slots:
            break
        weights = np.array([entry[0] for entry in live.values()])
        name = list(live)[int(rng.choice(len(live), p=weights / weights.sum()))]
        question = live[name][1]()
        if question is None:
            sources[name] = (0.0, live[name][1])
        elif all(question.finding != asked.finding for asked in questions):
            questions.append(question)
    return questions


def _sources(study: TrainingStudy, other: OtherStudy, config: SamplingConfig, rng: np.random.Generator):
    """Source -> (share, a function that draws the next question or None when exhausted)."""

    def pool(items):
        left = [items[i] for i in rng.permutation(len(items))]
        return lambda: left.pop() if left else None

    def told(items):
        take = pool(items)
        return lambda: None if (question := take()) is None else tell_less(question, study, config, rng)

    named = [TrainingQuestion(study.asked_for(target), masks) for target, masks in study.named.items()]
    false = [TrainingQuestion(finding) for finding in study.false]
    return {
        "described": (config.described_share, told(study.described)),
        "distractor": (config.distractor_share, told(study.distractors)),
        "named": (config.named_share, pool(named)),
        "false": (config.false_share, pool(false)),
        "mismatched": (config.mismatched_share, lambda: mismatched(study, other, rng)),
        "counterfactual": (config.counterfactual_share, lambda: counterfactual(study, other, rng)),
        "foreign": (config.foreign_share, lambda: foreign(study, rng)),
    }


def _merely_named(
    study: TrainingStudy, slots: int, config: SamplingConfig, rng: np.random.Generator
) -> list[TrainingQuestion]:
    """A sample without a report: targets by name, mostly such that the image shows."""
    present = [(target, masks) for target, masks in sorted(study.named.items())]
    absent = [(target, ()) for target in study.absent]
    if config.foreign_share and (stranger := foreign(study, rng)) is not None:
        absent.append((stranger.finding.target, ()))
    keep = len(present) if rng.random() < 0.5 else len(present) + 1
    chosen = [present[i] for i in rng.permutation(len(present))] + [absent[i] for i in rng.permutation(len(absent))]
    chosen = chosen[: max(1, min(keep, slots))]
    return [TrainingQuestion(study.asked_for(target).named_only(), tuple(masks)) for target, masks in chosen]


def tell_less(
    question: TrainingQuestion, study: TrainingStudy, config: SamplingConfig, rng: np.random.Generator
) -> TrainingQuestion:
    """Leave aspects unsaid, or all of them, and widen the truth to all that still fits."""
    finding, everything = question.finding, study.named.get(question.finding.target)
    if everything and rng.random() < config.finding_dropout:
        return TrainingQuestion(finding.named_only(), everything)
    drop = rng.random(3) < config.aspect_dropout
    if not drop.any():
        return question
    if drop[0] and finding.location.stated and not everything:
        return question
    less = finding.without(*(aspect for aspect, unsaid in zip(GUIDED, drop, strict=True) if unsaid))
    if study.objects:
        fitting = study.fitting(less)
        if fitting is None:
            return question
        return replace(question, finding=less, masks=tuple(dict.fromkeys((*question.masks, *fitting))))
    # Without records, target and side alone decide, so only an unsaid side widens the truth.
    return replace(question, finding=less, masks=everything if drop[0] and everything else question.masks)


def mismatched(study: TrainingStudy, other: OtherStudy, rng: np.random.Generator) -> TrainingQuestion | None:
    """A target that this image does not show: half the time as another case describes it, else by name."""
    if not study.absent:
        return None
    by_name = rng.random() < 0.5
    for _ in range(0 if by_name else 3):
        guest = other()
        told = [q for q in (*guest.described, *guest.distractors) if q.finding.target in study.absent]
        if told:
            return replace(told[int(rng.integers(len(told)))], masks=())
    finding = study.asked_for(study.absent[int(rng.integers(len(study.absent)))])
    return TrainingQuestion(finding if rng.random() < 0.5 else finding.named_only())


def foreign(study: TrainingStudy, rng: np.random.Generator) -> TrainingQuestion | None:
    """The bare name of something that such a picture cannot show."""
    if not study.foreign:
        return None
    return TrainingQuestion(study.asked_for(study.foreign[int(rng.integers(len(study.foreign)))]).named_only())


def validation_questions(study: TrainingStudy, most: int) -> list[TrainingQuestion]:
    """What a study is asked in validation: its findings, else its structures by name, and one false one."""
    told = list(study.described) or [TrainingQuestion(study.asked_for(t), m) for t, m in sorted(study.named.items())]
    false = [TrainingQuestion(finding) for finding in study.false] or [
        TrainingQuestion(study.asked_for(target)) for target in study.absent
    ]
    return told[: most - 1 if false and most > 1 else most] + (false[:1] if most > 1 else [])


def named_questions(study: TrainingStudy, most: int) -> list[TrainingQuestion]:
    """The structures of a study without a report: named, and nothing else."""
    return [TrainingQuestion(Finding(target), masks) for target, masks in sorted(study.named.items())][:most]
