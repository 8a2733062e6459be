"""What a client asked for, as the library takes it: priors and names that the lexicon knows, and nothing else."""

from typing import Any

from medsegr.cognition.examinations import examination_named
from medsegr.cognition.lexicon import Lexicon, canonical_target
from medsegr.cognition.priors import ASPECTS, Evidence, Finding, Location, ReportPriors, Shape, Texture
from medsegr.errors import ConfigError, ReportError
from medsegr.inference.given_priors import checked_finding
from medsegr.serve.config import Limits
from medsegr.serve.schemas import PriorFinding, Priors, SegmentRequest


def check_request(asked: SegmentRequest, lexicon: Lexicon, limits: Limits) -> SegmentRequest:
    """The request with canonical targets.

    Raises:
        ConfigError: Nothing to look for, or an unknown name.
        ReportError: The report is too long, or there are too many findings.
    """
    check_report(asked.report or "", limits)
    modality = check_modality(asked.modality, lexicon)
    targets = [canonical_target(name, lexicon, modality) for name in asked.targets]
    asked = asked.model_copy(update={"targets": targets})
    if asked.priors is not None:
        priors_of(asked.priors, asked.report or "", lexicon)
    if asked.report is None and asked.priors is None and not asked.targets:
        raise ConfigError("Nothing to look for: send 'report', 'priors' or 'targets'.")
    if asked.report is not None and not (asked.report.strip() or asked.targets or asked.priors):
        raise ReportError("The report is empty. Send its text, or name a structure with 'targets'.")
    check_count(len(asked.targets) + len(asked.priors.findings if asked.priors else ()), limits)
    return asked


def check_report(text: str, limits: Limits) -> None:
    """Raise a ReportError for a report that is longer than one study's."""
    if len(text) > limits.report_characters:
        raise ReportError(
            f"The report has {len(text)} characters; at most {limits.report_characters} are read. Send one study's."
        )


def check_count(findings: int, limits: Limits) -> None:
    """Raise a ReportError for more findings than one picture is asked for."""
    if findings > limits.findings:
        raise ReportError(f"{findings} findings are asked for; at most {limits.findings} are possible for one picture.")


def check_modality(name: str | None, lexicon: Lexicon) -> str | None:
    """Our name of a modality that may be called as people do ("liver MRI"); None stays None.

    Raises:
        ConfigError: It means none that the lexicon knows. What may be a report is not repeated.
    """
    return None if name is None else examination_named(name, lexicon).modality


def priors_of(asked: Priors, text: str, lexicon: Lexicon) -> ReportPriors:
    """Priors as the library has them. Offsets point into the report's text; without one they are left out.

    Raises:
        ConfigError: A name that the lexicon does not have, or an offset beyond the report.
    """
    modality = check_modality(asked.modality, lexicon)
    return ReportPriors(tuple(_finding(one, text, lexicon) for one in asked.findings), text, modality)


def words_of(priors: ReportPriors) -> list[dict[str, Any]]:
    """The words of a report, each with the finding and the aspect that it tells, in the order of the report."""
    told = [
        (span, number, aspect)
        for number, finding in enumerate(priors)
        for aspect in (*ASPECTS, "presence")
        for span in getattr(finding.evidence, aspect)
    ]
    return [{"finding": number, "aspect": aspect, "span": span} for span, number, aspect in sorted(told)]


def _finding(asked: PriorFinding, text: str, lexicon: Lexicon) -> Finding:
    if any(not 0 <= start < end <= len(text) for start, end in (*asked.evidence, *asked.trigger) if text):
        raise ConfigError("An offset in 'evidence' or 'trigger' lies beyond the report. Send the report it belongs to.")
    if isinstance(asked.count, int) and not 0 <= asked.count <= 1_000:
        raise ConfigError(f"'count' is {asked.count}; expected a number from 0 to 1,000, 'multiple' or null.")
    finding = Finding(
        asked.target,
        asked.presence,
        Location(asked.laterality, tuple(asked.zones)),
        Texture(tuple(asked.texture)),
        Shape(tuple(asked.shape), tuple(asked.size_mm), asked.count),
        Evidence(target=tuple(asked.evidence), presence=tuple(asked.trigger)) if text else Evidence(),
    )
    return checked_finding(finding, lexicon)
