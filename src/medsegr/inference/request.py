"""What a caller asks of one image, checked before any work is done."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from medsegr.cognition.examinations import examination_named
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.image import ImageSource, MedicalImage
from medsegr.errors import ConfigError, ReportError
from medsegr.inference.given_priors import checked_priors
from medsegr.model.trained_targets import TrainedTargets

MAX_FINDINGS = 200
"""More than any report of one study holds; beyond it the text is taken for something else."""


def checked_names(report: Any, targets: Any) -> tuple[str, ...]:
    """The names asked for besides, in their order.

    Raises:
        ReportError: The report is of no such kind.
        ConfigError: Targets are no list of names.
    """
    if not isinstance(report, str | ReportPriors | None):
        raise ReportError(f"A report is text, or what parse_report made of it; got {type(report).__name__}.")
    names = None if isinstance(targets, str) or not isinstance(targets, Iterable) else tuple(targets)
    if names is None or any(not isinstance(name, str) for name in names):
        raise ConfigError("targets is no list of names; expected one, for example targets=['left lung'].")
    return names


def check_modality(modality: str | None, image: ImageSource, lexicon: Lexicon) -> str | None:
    """Our name of a modality; what an image says of itself is taken as it is.

    Raises:
        ConfigError: The lexicon knows it by no name. What may be a report is not repeated.
    """
    own = image.modality if isinstance(image, MedicalImage) else None
    return modality if modality is None or modality == own else examination_named(modality, lexicon).modality


def check_thresholds(threshold: float, support_threshold: float | None) -> None:
    """Raise a ConfigError for thresholds outside 0..1."""
    for what, value in (("threshold", threshold), ("support_threshold", support_threshold)):
        if value is not None and not 0.0 <= value <= 1.0:
            raise ConfigError(f"{what} is {value}; expected a number from 0 to 1.")


def check_question(report: str | ReportPriors | None, names: list[str]) -> None:
    """Raise an error where there is neither a report nor a name."""
    if report is None and not names:
        raise ConfigError("Nothing to look for: give a report, or name a structure, for example targets=['left_lung'].")
    if isinstance(report, str) and not report.strip() and not names:
        raise ReportError("The report is empty. Give its text, or name a structure to outline instead.")


def meant(name: str, modality: str | None, trained: TrainedTargets, lexicon: Lexicon) -> str:
    """The target that a canonical name means in such pictures: the name itself where the model learnt it there.

    Else it is read as a word of a report is: a mass in an ultrasound of the breast is a breast lesion.
    """
    if trained.knows(name, modality) or modality not in lexicon.modalities:
        return name
    read = {finding.target for finding in parse_report(name.replace("_", " "), modality, lexicon=lexicon)}
    return read.pop() if len(read) == 1 else name


def read_together(
    image: MedicalImage, report: str | ReportPriors | None, lexicon: Lexicon, named: str | None = None
) -> tuple[MedicalImage, ReportPriors]:
    """A picture with its view, and its report as such pictures' reports are read.

    Where the picture's modality is not known, it is the one that the report names.

    Args:
        image: The picture.
        report: Its report, or what was read of it.
        lexicon: Names and words.
        named: What the caller calls the examination: "liver MRI" tells more than the picture's ``abdomen_mri``.

    Raises:
        ConfigError: What was read of it holds names that the lexicon does not have.
    """
    if isinstance(report, str):
        known = image.modality if image.modality in lexicon.modalities else None
        tells = named is not None and known is not None and examination_named(named, lexicon).modality == known
        report = parse_report(report, named if tells else known, lexicon=lexicon)
    priors = ReportPriors() if report is None else read_for(checked_priors(report, lexicon), image.modality, lexicon)
    return image.seen(lexicon, image.modality or priors.modality), priors


def read_for(priors: ReportPriors, modality: str | None, lexicon: Lexicon) -> ReportPriors:
    """Priors whose places mean what they say in pictures of this modality.

    What was read without knowing the modality, or for another one, is read again ("left" is the patient's in one
    kind of picture and the picture's own in another). What somebody changed since, or a language model read, stays
    as it is, with a warning where its places may mean something else.
    """
    if not priors.text or modality == priors.modality or modality not in lexicon.modalities:
        return priors
    if parse_report(priors.text, priors.modality, lexicon=lexicon).findings == priors.findings:
        return parse_report(priors.text, modality, lexicon=lexicon)
    one, other = lexicon.kind(priors.modality), lexicon.kind(modality)
    if (one.frame, one.sides) == (other.frame, other.sides) or not any(f.location.stated for f in priors):
        return priors
    read_as = f"as of {priors.modality}" if priors.modality else "without a modality"
    said = f"the report was read {read_as}, so its sides may be no places in {modality}; read it with that modality"
    return replace(priors, warnings=(*priors.warnings, said))


def joined(priors: ReportPriors, asked: list[Finding]) -> list[Finding]:
    """The report's findings, then the named targets that it does not hold."""
    told = {finding.target for finding in priors}
    findings = [*priors, *(finding for finding in asked if finding.target not in told)]
    if len(findings) > MAX_FINDINGS:
        raise ReportError(
            f"The report holds {len(findings)} findings; at most {MAX_FINDINGS} are possible for one image. "
            "Give the report of this one study."
        )
    return findings
