"""All tables of a measurement: per origin of the reports, way of asking, data set, target, size, overlap."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medsegr.evaluation.answer import ORIGINS, Answer
from medsegr.evaluation.bootstrap import statistic_interval
from medsegr.evaluation.figures import bounds, confusion, figures, grouped, rounded
from medsegr.evaluation.metrics import mean
from medsegr.evaluation.questions import ASKED_ANYWAY
from medsegr.evaluation.support import KEPT, auroc, brier, calibration_error, keeping_threshold, reliability

FIELDS = ("data", "target", "suite", "look", "role")
"""Tables that are left out where all answers have the same value."""

FALSE_KINDS = {
    "false": "described, and nothing in the image fits",
    "absent": "a structure that is annotated everywhere and not in the image, asked for by name",
    "foreign": "something of another region of the body, asked for by name",
}
"""Kinds of false queries, in words."""


def all_tables(answers: Sequence[Answer], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Origin of the reports -> :func:`report_figures`; origins without an answer are left out."""
    split = {origin: [a for a in answers if a.origin == origin] for origin in ORIGINS}
    return {origin: report_figures(listed, thresholds) for origin, listed in split.items() if listed}


def report_figures(answers: Sequence[Answer], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """All figures of answers of one origin.

    The tables of each report are about described and named findings, which are asked in every way; what is denied
    and what is falsely asked for has figures of its own.

    Args:
        thresholds: Data set -> support below which the image does not show a finding.
    """
    found: dict[str, Any] = {}
    for report in dict.fromkeys(answer.report for answer in answers):
        told = [answer for answer in answers if answer.report == report and answer.role in ASKED_ANYWAY]
        fields = [field for field in FIELDS if len({getattr(a, field) for a in told}) > 1]
        found[report] = {
            "all": figures(told),
            **{field: grouped(told, field) for field in fields},
            "size": grouped(told, "size"),
            "overlap": grouped(told, "hidden"),
            "confusion": confusion(told),
        }
    denied = [a for a in answers if a.role == "denied" and a.report == "true"]
    return {
        "reports": found,
        "support": support_figures(answers, thresholds),
        "denied": {"findings": len(denied), "empty": sum(a.overlap.predicted == 0 for a in denied)},
        "false_queries": false_query_figures(answers, thresholds),
    }


def support_figures(answers: Sequence[Answer], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """How well the support score tells what the image shows from what it does not.

    ``kept``: share of described findings at or above the threshold of their data set; ``rejected``: share of falsely
    described ones below it; ``threshold``: None where it is not the same for all data sets. AUROC, calibration and
    Brier score are of everything that was asked with the first report.
    """
    decided = _decided(answers)
    true = [not _rejected(a, thresholds) for a in decided if _described(a)]
    false = [_rejected(a, thresholds) for a in decided if a.role == "false"]
    scores, shown = np.array([a.support for a in decided], float), np.array([a.overlap.true > 0 for a in decided], bool)
    own = {data: thresholds[data] for data in sorted({a.data for a in answers})}
    filled = reliability(scores, shown)
    interval = statistic_interval(lambda drawn: auroc(scores[drawn], shown[drawn]), [a.group for a in decided])
    return {
        "threshold": next(iter(own.values())) if len(set(own.values())) == 1 else None,
        "thresholds": own,
        "true": len(true),
        "false": len(false),
        "kept": rounded(mean(true)),
        "rejected": rounded(mean(false)),
        "asked": len(decided),
        "asked_and_shown": int(shown.sum()),
        "auroc": rounded(auroc(scores, shown)),
        "auroc_interval": bounds(interval),
        "brier": rounded(brier(scores, shown)),
        "calibration_error": rounded(calibration_error(filled)),
        "reliability": [{key: rounded(value) for key, value in each.items()} for each in filled],
    }


def false_query_figures(answers: Sequence[Answer], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """What happens when a finding is asked for that is not there.

    ``rejected``: share with a support below the threshold of their data set; ``rejected_at_kept``: below the support
    that 95 % of the described findings in these data reach, so that models with other thresholds compare;
    ``left_empty``: no pixel was outlined; ``auroc``: of the support against that of the described findings.
    """
    decided = _decided(answers)
    true = np.array([a.support for a in decided if _described(a)], float)
    kinds: dict[str, list[Answer]] = {"false": [], "absent": [], "foreign": []}
    for a in decided:
        kind = "absent" if a.role == "named" and not a.overlap.true else a.role
        if kind in kinds:
            kinds[kind].append(a)
    return {
        "kept": KEPT,
        "threshold_at_kept": rounded(keeping_threshold(true)),
        "kinds": {kind: _rejection(listed, thresholds, true) for kind, listed in kinds.items() if listed},
    }


def _rejection(listed: Sequence[Answer], thresholds: Mapping[str, float], true: np.ndarray) -> dict[str, Any]:
    scores, kept_at = np.array([a.support for a in listed], float), keeping_threshold(true)
    shown = np.arange(len(true) + len(scores)) < len(true)
    return {
        "asked": len(listed),
        "rejected": rounded(mean([_rejected(a, thresholds) for a in listed])),
        "rejected_at_kept": None if kept_at is None else rounded(mean(scores < kept_at)),
        "left_empty": rounded(mean([a.overlap.predicted == 0 for a in listed])),
        "auroc": rounded(auroc(np.concatenate([true, scores]), shown)),
    }


def _decided(answers: Sequence[Answer]) -> list[Answer]:
    """Answers with a support to the true report, or to the first way of asking where it was not told."""
    first = "true" if any(a.report == "true" for a in answers) else answers[0].report if answers else ""
    return [a for a in answers if a.support is not None and a.report == first]


def _rejected(answer: Answer, thresholds: Mapping[str, float]) -> bool:
    return answer.support is not None and answer.support < thresholds[answer.data]


def _described(answer: Answer) -> bool:
    return answer.role == "described" and answer.overlap.true > 0
