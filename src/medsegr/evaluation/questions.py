"""What a case is asked in a measurement, and the truth of each question."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medsegr.cognition.foreign import foreign_targets
from medsegr.cognition.lexicon import Lexicon, finding_for_target
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.model.truth import finding_of_record, match_findings

Role = Literal["described", "denied", "named", "false", "foreign"]
"""``described`` or ``denied`` by the report; ``named``: a structure that the report does not speak of;
``false``: a recorded description that nothing in the image fits; ``foreign``: the name of something
that belongs to another region of the body, which such a picture cannot show."""

ASKED_ANYWAY: tuple[Role, ...] = ("described", "named")
"""Roles that are asked in every way, so that figures of several ways are about the same findings."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A finding as the case's own report states it, its truth (bool, of the image's shape), and its role."""

    finding: Finding
    truth: np.ndarray
    role: Role


def questions_of(case: Case, folder: DatasetFolder, lexicon: Lexicon) -> list[Asked]:
    """Everything that a case can be asked, with its truth.

    What the report describes and the records know, but the parser did not
    read, is asked for by its bare name, so that a parser's miss costs.
    """
    nothing = np.zeros(case.image.mask_shape, bool)
    findings = parse_report(case.report, case.image.modality, lexicon=lexicon).findings if case.report else ()
    asked = []
    for match in match_findings(findings, case):
        if match.supervised:
            role: Role = "denied" if match.finding.presence == "absent" else "described"
            asked.append(Asked(match.finding, nothing if match.mask is None else match.mask, role))
    asked += _unread(case, asked, folder, lexicon)
    false = [record for record in case.findings if record.role == "false"]
    return asked + [Asked(finding_of_record(record), nothing, "false") for record in false]


def _unread(case: Case, asked: Sequence[Asked], folder: DatasetFolder, lexicon: Lexicon) -> list[Asked]:
    """What the report or the masks hold and the parsed report does not."""
    if case.findings:
        read = [question.truth for question in asked]
        described = [r for r in case.findings if r.role == "described" and r.id in case.masks]
        missed = [r for r in described if not any(case.masks[r.id] is truth for truth in read)]
        return [Asked(finding_of_record(r).named_only(), case.masks[r.id], "described") for r in missed]
    spoken_of = {question.finding.target for question in asked}
    return [
        Asked(finding_for_target(target, case.image.modality, lexicon), mask, "named")
        for target, mask in case.structures.items()
        if target not in spoken_of and (mask.any() or target not in folder.incomplete)
    ]


def foreign_question(case: Case, folder: DatasetFolder, lexicon: Lexicon, seed: int = 0) -> Asked | None:
    """A target that the picture cannot show, asked for by its bare name.

    Args:
        case: Draws the target, with the seed, by its name.
        folder: Its data set; targets that it outlines are not foreign.

    Returns:
        Nothing is its truth. None where the kind of picture is not known.
    """
    names = [name for name in foreign_targets(case.image.modality, lexicon) if name not in folder.targets]
    if not names:
        return None
    rng = np.random.default_rng((seed, zlib.crc32(case.name.encode())))
    target = names[int(rng.integers(len(names)))]
    return Asked(Finding(target), np.zeros(case.image.mask_shape, bool), "foreign")
