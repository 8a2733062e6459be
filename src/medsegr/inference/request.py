"""What a caller asks of one image, checked before any work is done."""

from collections.abc import Iterable
from typing import Any

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import ReportPriors
from medsegr.data.given_name import quoted
from medsegr.data.image import ImageSource, MedicalImage
from medsegr.errors import ConfigError, ReportError
from medsegr.inference.trained_targets import TrainedTargets


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


def check_modality(modality: str | None, image: ImageSource, lexicon: Lexicon | None) -> None:
    """Refuse a modality that the lexicon does not know; what an image says of itself is taken as it is.

    What may be a report is not repeated.
    """
    known = sorted((lexicon or load_lexicon()).modalities)
    own = image.modality if isinstance(image, MedicalImage) else None
    if modality is not None and modality not in (own, *known):
        raise ConfigError(f"Unknown modality{quoted(modality)}: expected one of {', '.join(known)}, or none.")


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


def meant(name: str, modality: str | None, trained: TrainedTargets, lexicon: Lexicon | None) -> str:
    """The target that a canonical name means in such pictures: the name itself where the model learnt it there.

    Else it is read as a word of a report is: a mass in an ultrasound of the breast is a breast lesion.
    """
    if trained.knows(name, modality) or modality not in (lexicon or load_lexicon()).modalities:
        return name
    read = {finding.target for finding in parse_report(name.replace("_", " "), modality, lexicon=lexicon)}
    return read.pop() if len(read) == 1 else name
