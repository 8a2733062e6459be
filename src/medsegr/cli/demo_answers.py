"""One generated study asked for with its report, without one, and with another case's."""

from collections.abc import Sequence
from dataclasses import dataclass

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import ReportPriors
from medsegr.data.case import Case
from medsegr.evaluation.metrics import dice
from medsegr.evaluation.reports import redescribed
from medsegr.inference.predictor import Predictor
from medsegr.inference.result import Result
from medsegr.model.truth import Match, match_findings

WAYS = ("With its report", "Without a report", "With another case's report")
"""How each finding is asked for; headings of the columns."""


@dataclass(frozen=True)
class DemoCase:
    """One study with its answers.

    Attributes:
        name: Of the case.
        matches: The report's findings and their truth, in order.
        answers: One result per entry of ``WAYS``. The first holds all findings of
            the report, the others only those that have a mask, in the same order.
    """

    name: str
    matches: tuple[Match, ...]
    answers: tuple[Result, ...]

    def score(self, way: int, number: int) -> float | None:
        """Dice of the report's finding ``number``, 0..1; None where there is no mask to find."""
        truth = self.matches[number].mask
        if truth is None:
            return None
        place = number if way == 0 else sum(match.mask is not None for match in self.matches[:number])
        return dice(self.answers[way].findings[place].mask, truth)

    def mean_score(self, way: int) -> float | None:
        """Mean Dice over the findings that have a mask; None without any."""
        known = [s for s in (self.score(way, n) for n in range(len(self.matches))) if s is not None]
        return sum(known) / len(known) if known else None


def ask(predictor: Predictor, case: Case, others: Sequence[Case]) -> DemoCase:
    """Segment a case in all three ways.

    Args:
        case: With a report and findings.
        others: Cases whose reports serve as "another case's".
    """
    modality = case.image.modality
    priors = parse_report(case.report or "", modality)
    matches = tuple(match_findings(priors.findings, case))
    found = [match.finding for match in matches if match.mask is not None]
    foreign = [f for other in others if other is not case for f in parse_report(other.report or "", modality)]
    questions = (
        priors,
        ReportPriors(tuple(finding.named_only() for finding in found), modality=modality),
        ReportPriors(tuple(redescribed(finding, foreign) for finding in found), modality=modality),
    )
    answers = tuple(
        predictor.segment(case.image, question) if question.findings else Result((), case.image, modality)
        for question in questions
    )
    return DemoCase(case.name, matches, answers)
