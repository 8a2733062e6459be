"""Measure a model on data sets: every case with its own report, without one, with another case's."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.errors import ConfigError
from medsegr.evaluation.ablation import without_modulator
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import Asked, Role, questions_of
from medsegr.evaluation.reports import MODES, ReportMode, told
from medsegr.inference.predictor import Predictor

FOREIGN_CASES = 12
"""Other cases whose reports may lend their description, drawn at random."""


@dataclass(frozen=True)
class Answer:
    """One finding of one case, asked for in one way.

    Attributes:
        data: Name of the data set.
        case: Name of the image.
        suite, look: Of a generated case, else empty.
        finding: Number of the finding in the case.
        target, presence: As the report says.
        role: See :data:`medsegr.evaluation.questions.Role`.
        report: What the model was told.
        overlap: Pixels of mask and truth.
        support: 0..1; None where nothing was decoded.
    """

    data: str
    case: str
    suite: str
    look: str
    finding: int
    target: str
    presence: str
    role: Role
    report: str
    overlap: Overlap
    support: float | None


def evaluate(
    predictor: Predictor,
    folder: DatasetFolder,
    split: str,
    reports: Sequence[ReportMode] = ("true", "none", "other"),
    *,
    without: str | None = None,
    suites: Sequence[str] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Iterator[Answer]:
    """Ask every case of a split in every way. All findings of a case cost one image encoding per way.

    Args:
        predictor: The model.
        folder: The data set.
        split: ``train``, ``val`` or ``test``.
        reports: Ways of asking, see :data:`medsegr.evaluation.reports.ReportMode`.
        without: An aspect whose part of the modulators is switched off meanwhile.
        suites: Of generated cases only those of these suites; all by default.
        limit: Cases at most.
        seed: Chooses the other cases.

    Raises:
        ConfigError: Unknown way of asking, or no case in the split.
    """
    unknown = [mode for mode in reports if mode not in MODES]
    if unknown:
        raise ConfigError(f"Unknown report '{unknown[0]}': expected one of {', '.join(MODES)}.")
    names = folder.images(split)[:limit]
    if not names:
        raise ConfigError(f"'{folder.name}' has no case in split '{split}': choose another split or data set.")
    everyone = folder.images(split)
    for place, name in enumerate(names):
        case = folder.load(name)
        if suites is not None and case.suite not in suites:
            continue
        asked = questions_of(case, folder)
        foreign = _foreign(folder, everyone, name, np.random.default_rng((seed, place))) if "other" in reports else []
        for mode in reports:
            with without_modulator(predictor.model, without) if without else nullcontext():
                yield from _answers(predictor, folder, case, asked, mode, foreign)


def _foreign(folder: DatasetFolder, names: Sequence[str], own: str, rng: np.random.Generator) -> list[Finding]:
    """Described findings of other cases' reports, in random order."""
    others = [name for name in names if name != own]
    picked = rng.permutation(len(others))[:FOREIGN_CASES]
    reports = [folder.report(others[i]) for i in picked]
    return [finding for report in reports if report for finding in parse_report(report, folder.modality)]


def _answers(  # noqa: PLR0917 - one case, one call
    predictor: Predictor,
    folder: DatasetFolder,
    case: Case,
    asked: Sequence[Asked],
    mode: ReportMode,
    foreign: Sequence[Finding],
) -> Iterator[Answer]:
    """One case, asked in one way. What the report denies or falsely describes is asked with the true report alone."""
    kept = [
        (number, question)
        for number, question in enumerate(asked)
        if mode == "true" or question.role in ("described", "named")
    ]
    if not kept:
        return
    modality = case.image.modality or folder.modality
    priors = ReportPriors(tuple(told(q.finding, mode, foreign) for _, q in kept), modality=modality)
    result = predictor.segment(case.image, priors, modality=modality)
    for (number, question), found in zip(kept, result.findings, strict=True):
        yield Answer(
            data=folder.name,
            case=case.name,
            suite=case.suite or "",
            look=case.look or "",
            finding=number,
            target=question.finding.target,
            presence=question.finding.presence,
            role=question.role,
            report=mode,
            overlap=Overlap.of(found.mask, question.truth),
            support=found.support,
        )
