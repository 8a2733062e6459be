"""The report card: does the model use the report, and which part of it?

Every finding that the report describes and the image shows is asked for in several ways. A way costs what the
Dice loses against the true report on the same findings, and a mask counts as changed when its Dice against the
mask of the true report is below :data:`SAME`.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.answer import ORIGINS, Origin
from medsegr.evaluation.evaluate import Cohort, ask
from medsegr.evaluation.figures import mean_of, rounded
from medsegr.evaluation.fingerprint import case_hash
from medsegr.evaluation.metrics import dice, mean
from medsegr.evaluation.questions import ASKED_ANYWAY, Asked, questions_of
from medsegr.evaluation.reports import redescribed
from medsegr.evaluation.swaps import SWAPS, swapped, used_attributes
from medsegr.evaluation.verdicts import verdict
from medsegr.inference.predictor import Predictor
from medsegr.view import View

SCHEMA = "medsegr.report-card/1"
SAME = 0.9
"""Dice of two masks from which on they are called the same."""

Way = Literal["true", "none", "other", "side", "texture", "shape", "negated"]
WAYS: tuple[Way, ...] = get_args(Way)
IN_WORDS: dict[Way, str] = {
    "true": "its own report",
    "none": "none (the target's name alone)",
    "other": "another patient's report",
    "side": "side swapped",
    "texture": "texture swapped",
    "shape": "shape swapped",
    "negated": "negated",
}


@dataclass(frozen=True)
class CardAnswer:
    """One described finding, asked for in one way.

    Attributes:
        data, case, patient, origin, finding, target: As in :class:`medsegr.evaluation.answer.Answer`.
        way: How it was asked for.
        dice: Against the truth, 0..1.
        true_dice: The same with the true report.
        same: Dice of the mask against that of the true report; 1 when both are empty.
        content: Hash of the case.
    """

    data: str
    case: str
    patient: str
    origin: Origin
    finding: int
    target: str
    way: Way
    dice: float
    true_dice: float
    same: float
    content: str = ""

    @property
    def changed(self) -> bool:
        """Whether the mask is another one."""
        return self.same < SAME

    @property
    def group(self) -> tuple[str, str]:
        """What intervals are resampled by."""
        return self.data, self.patient


@dataclass(frozen=True, eq=False)
class OtherWords:
    """Where the other words about a case come from.

    Attributes:
        lent: What other patients' reports describe.
        used: Attributes that the data set's reports use.
        view: Of the case's image.
    """

    lent: Sequence[Finding]
    used: frozenset[str]
    view: View
    lexicon: Lexicon


def card_answers(
    predictor: Predictor,
    folder: DatasetFolder,
    split: str,
    *,
    limit: int | None = None,
    seed: int = 0,
    lexicon: Lexicon | None = None,
) -> Iterator[CardAnswer]:
    """Ask every described finding of a split in every way; one image encoding per way.

    Raises:
        ConfigError: No case in the split.
    """
    cohort = Cohort.of(folder, split, limit, seed, lexicon=lexicon or load_lexicon())
    reports = [report for name in cohort.everyone if (report := folder.report(name))]
    used = used_attributes(f for report in reports for f in cohort.read(report))
    for name in cohort.names:
        case = folder.load(name, cohort.lexicon)
        asked = [question for question in questions_of(case, folder, cohort.lexicon) if question.role in ASKED_ANYWAY]
        other, content = OtherWords(cohort.lent(name), used, case.image.view, cohort.lexicon), case_hash(case)
        masks: dict[int, np.ndarray] = {}
        for way in WAYS:
            rng = np.random.default_rng((seed, zlib.crc32(f"{way}:{name}".encode())))
            for number, mask in _masks(predictor, case, asked, way, rng, other):
                own = masks.setdefault(number, mask)  # the true report is the first way
                question = asked[number]
                yield CardAnswer(
                    data=folder.name,
                    case=name,
                    patient=cohort.patients[name],
                    origin=case.report_origin or "none",
                    finding=number,
                    target=question.finding.target,
                    way=way,
                    dice=dice(mask, question.truth),
                    true_dice=dice(own, question.truth),
                    same=dice(mask, own),
                    content=content,
                )


def _masks(  # noqa: PLR0917 - one case, one call
    predictor: Predictor,
    case: Case,
    asked: Sequence[Asked],
    way: Way,
    rng: np.random.Generator,
    other: OtherWords,
) -> list[tuple[int, np.ndarray]]:
    """Masks of the described findings that can be asked for in this way; the rest of the report stays as it is."""
    told, counted = [], []
    for number, question in enumerate(asked):
        described = question.role == "described" and question.truth.any()
        changed = said(question.finding, way, rng, other) if described else None
        told.append(question.finding if changed is None else changed)
        counted += [number] if changed is not None else []
    if not counted:
        return []
    found = ask(predictor, case, told, lexicon=other.lexicon)
    return [(number, found[number].mask) for number in counted]


def said(finding: Finding, way: Way, rng: np.random.Generator, other: OtherWords) -> Finding | None:
    """A described finding as a way of asking has it; None where the way changes nothing that could be heard."""
    if way == "true":
        return finding
    if way in SWAPS:
        return swapped(finding, way, rng, view=other.view, lexicon=other.lexicon, used=other.used)
    changed = finding.named_only() if way == "none" else redescribed(finding, other.lent)
    unheard = (changed.location, changed.texture, changed.shape) == (finding.location, finding.texture, finding.shape)
    return None if unheard or (way == "other" and changed == finding.named_only()) else changed


def card_figures(answers: Sequence[CardAnswer]) -> dict[str, Any]:
    """Origin of the reports -> way -> figures and a verdict; and the same per data set where there are several."""
    found: dict[str, Any] = {}
    for origin in ORIGINS:
        listed = [a for a in answers if a.origin == origin]
        names = sorted({a.data for a in listed})
        if listed:
            found[origin] = {"ways": _ways(listed)}
            if len(names) > 1:
                found[origin]["data"] = {name: _ways([a for a in listed if a.data == name]) for name in names}
    return found


def _ways(answers: Sequence[CardAnswer]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for way in WAYS:
        figures = way_figures([a for a in answers if a.way == way])
        found[way] = {**figures, "verdict": verdict(way, figures)}
    return found


def way_figures(answers: Sequence[CardAnswer]) -> dict[str, Any]:
    """Dice, what it costs against the true report on the same findings, and the share of masks that change.

    ``findings`` are those that can be asked for in this way; a finding without a side, say, is not among those of
    ``side``.
    """
    groups = [a.group for a in answers]
    scores, own = [a.dice for a in answers], [a.true_dice for a in answers]
    cost = [before - after for before, after in zip(own, scores, strict=True)]
    return {
        "findings": len(answers),
        "cases": len({(a.data, a.case) for a in answers}),
        "patients": len(set(groups)),
        **mean_of("dice", scores, groups, "interval"),
        "dice_with_true_report": rounded(mean(own)),
        **mean_of("cost", cost, groups),
        **mean_of("changed", [float(a.changed) for a in answers], groups),
    }
