"""Measure a model on data sets: every case with its own report, without one, with another case's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.patients import patients_of
from medsegr.errors import ConfigError
from medsegr.evaluation.answer import Answer, measure
from medsegr.evaluation.fingerprint import case_hash
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import ASKED_ANYWAY, Asked, foreign_question, questions_of
from medsegr.evaluation.reports import MODES, ReportMode, told
from medsegr.evaluation.surface import Tolerance
from medsegr.inference.predictor import Predictor
from medsegr.inference.result import FindingResult

FOREIGN_CASES = 12
"""Other patients' cases whose reports may lend their description, drawn at random."""


@dataclass(frozen=True)
class Cohort:
    """The cases of one split of one data set, in order.

    Attributes:
        names: Images to ask.
        everyone: All images of the split; they lend their reports.
        patients: Image -> whom it shows.
        seed: Chooses the other cases.
    """

    folder: DatasetFolder
    names: tuple[str, ...]
    everyone: tuple[str, ...]
    patients: Mapping[str, str]
    lexicon: Lexicon
    seed: int = 0

    @classmethod
    def of(
        cls, folder: DatasetFolder, split: str, limit: int | None = None, seed: int = 0, *, lexicon: Lexicon
    ) -> "Cohort":
        """The cases of a split.

        Raises:
            ConfigError: There are none, or ``limit`` leaves none.
        """
        everyone = tuple(folder.images(split))
        if limit is not None and limit < 1:
            raise ConfigError(f"The limit is {limit}; expected at least one case of each data set.")
        if not everyone:
            raise ConfigError(f"'{folder.name}' has no case in split '{split}': choose another split or data set.")
        return cls(folder, everyone[:limit], everyone, patients_of(folder)[0], lexicon, seed)

    def lent(self, name: str) -> list[Finding]:
        """What other patients' reports describe, in random order; the same for one name and seed."""
        rng = np.random.default_rng((self.seed, self.everyone.index(name)))
        others = [other for other in self.everyone if self.patients[other] != self.patients[name]]
        picked = [others[i] for i in rng.permutation(len(others))[:FOREIGN_CASES]]
        reports = [report for other in picked if (report := self.folder.report(other))]
        return [finding for report in reports for finding in self.read(report)]

    def read(self, report: str) -> ReportPriors:
        """A report of the data set, as its modality's reports are read."""
        return parse_report(report, self.folder.modality, lexicon=self.lexicon)


def evaluate(
    predictor: Predictor,
    folder: DatasetFolder,
    split: str,
    reports: Sequence[ReportMode] = ("true", "none", "other"),
    *,
    limit: int | None = None,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    foreign: bool = False,
    lexicon: Lexicon | None = None,
) -> Iterator[Answer]:
    """Ask every case of a split in every way. All findings of a case cost one image encoding per way.

    What nothing in the image fits (roles ``false`` and ``foreign``) is asked in an encoding of its own, so
    that the findings of the report meet the same company in every way.

    Args:
        reports: Ways of asking, see :data:`medsegr.evaluation.reports.ReportMode`.
        foreign: Also ask each case for something that such a picture cannot show.

    Raises:
        ConfigError: Unknown way of asking, or no case in the split.
    """
    check_modes(reports)
    lexicon = lexicon or load_lexicon()
    cohort, first = Cohort.of(folder, split, limit, seed, lexicon=lexicon), "true" if "true" in reports else reports[0]
    for name in cohort.names:
        case = folder.load(name, lexicon)
        asked = questions_of(case, folder, lexicon)
        stranger = foreign_question(case, folder, lexicon, seed) if foreign else None
        asked += [stranger] if stranger else []
        content = case_hash(case)
        for mode in reports:
            lent = cohort.lent(name) if mode == "other" else []
            answers = dict(answered(predictor, case, asked, mode, lent, first=mode == first, lexicon=lexicon))
            images = image_overlaps(case, asked, {number: found.mask for number, found in answers.items()})
            for number, found in answers.items():
                question = asked[number]
                yield Answer(
                    data=folder.name,
                    case=name,
                    patient=cohort.patients[name],
                    suite=case.suite or "",
                    look=case.look or "",
                    origin=case.report_origin or "none",
                    finding=number,
                    target=question.finding.target,
                    presence=question.finding.presence,
                    role=question.role,
                    report=mode,
                    **vars(measure(found.mask, question, case, tolerance or Tolerance())),
                    image=images[number],
                    support=found.support,
                    content=content,
                )


def check_modes(reports: Sequence[str]) -> None:
    """Refuse unknown and repeated ways of asking.

    Raises:
        ConfigError: With the known ones.
    """
    unknown = [mode for mode in reports if mode not in MODES]
    if unknown or not reports:
        raise ConfigError(f"Unknown report '{(unknown or [''])[0]}': expected one of {', '.join(MODES)}.")
    if len(set(reports)) < len(reports):
        raise ConfigError(f"A report is named twice in {', '.join(reports)}: name each once.")


def answered(  # noqa: PLR0917 - one case, one call
    predictor: Predictor,
    case: Case,
    asked: Sequence[Asked],
    mode: ReportMode,
    lent: Sequence[Finding] = (),
    first: bool = True,
    lexicon: Lexicon | None = None,
) -> Iterator[tuple[int, FindingResult]]:
    """Ask one case in one way.

    Denials and false descriptions belong to the own report and are asked with mode ``true`` alone; foreign
    targets, always bare names, in one way.

    Args:
        lent: What other patients' reports describe.
        first: Whether foreign targets are asked in this way.

    Yields:
        Number of the question, and what the model says.
    """
    wanted = {*ASKED_ANYWAY, *(("denied", "false") if mode == "true" else ()), *(("foreign",) if first else ())}
    text = "" if mode == "other" else case.report or ""
    for company in (("described", "denied", "named"), ("false", "foreign")):
        numbers = [n for n, question in enumerate(asked) if question.role in wanted and question.role in company]
        findings = [told(asked[n].finding, mode, lent) for n in numbers]
        yield from zip(numbers, ask(predictor, case, findings, text, lexicon), strict=True)


def image_overlaps(case: Case, asked: Sequence[Asked], masks: Mapping[int, np.ndarray]) -> dict[int, Overlap]:
    """Masks and truths of all findings of one target taken together: what a measure per image is about.

    The truth is the data set's whole mask of the target where there is one, also where the report speaks of
    one side alone, as papers count it.

    Args:
        masks: Number of a question -> its mask, bool.

    Returns:
        Number of the question -> pixels. What the image does not show stands for itself (denied, false, foreign).
    """
    of_target: dict[str, list[int]] = {}
    for number in masks:
        if asked[number].role in ASKED_ANYWAY:
            of_target.setdefault(asked[number].finding.target, []).append(number)
    found = {number: Overlap.of(mask, asked[number].truth) for number, mask in masks.items()}
    for target, numbers in of_target.items():
        mask = np.logical_or.reduce([masks[number] for number in numbers])
        truth = np.logical_or.reduce([asked[number].truth for number in numbers])
        whole = None if case.findings else case.structures.get(target)
        found |= dict.fromkeys(numbers, Overlap.of(mask, truth if whole is None else whole))
    return found


def ask(
    predictor: Predictor, case: Case, findings: Sequence[Finding], text: str = "", lexicon: Lexicon | None = None
) -> tuple[FindingResult, ...]:
    """Ask one image for some findings, all in one encoding; nothing is asked for none.

    What the model was not trained for is drawn as well, for it is to be measured.

    Args:
        text: The report that their evidence points into, for models that read its words; canonical names without it.
    """
    if not findings:
        return ()
    priors = ReportPriors(tuple(findings), text, case.image.modality)
    modality = case.image.modality
    return predictor.segment(case.image, priors, modality=modality, lexicon=lexicon, untrained="draw").findings
