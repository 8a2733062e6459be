"""From a report to its priors: choose a parser by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from medsegr.cognition.drafts import NOWHERE, Attribute
from medsegr.cognition.examinations import Examination, examination_named, side_of_label, titled
from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.cognition.priors import Finding, ReportPriors, Span
from medsegr.cognition.rule_parser import read_report
from medsegr.errors import ConfigError, ReportError

MAX_CHARACTERS = 1_000_000
"""Longest report that is read."""

Read = tuple[Sequence[Finding], Sequence[str], Sequence[Span]]
"""Findings, warnings, and stretches that look like findings and were not understood."""

Parser = Callable[[str, Examination | None, Lexicon, LlmEndpoint | None], Read]
"""Report, examination, lexicon and endpoint -> what was read."""


def _by_rules(text: str, seen: Examination | None, lexicon: Lexicon, _: LlmEndpoint | None) -> Read:
    if seen is None:
        reading = read_report(text, None, lexicon)
    else:
        title = Attribute("side", seen.side, NOWHERE, NOWHERE, seen.span) if seen.side else None
        reading = read_report(text, seen.modality, lexicon, seen.organs, title)
    return reading.findings, [], reading.not_read


def _by_model(text: str, seen: Examination | None, lexicon: Lexicon, endpoint: LlmEndpoint | None) -> Read:
    from medsegr.cognition.llm_parser import read_with_model

    return *read_with_model(text, seen.modality if seen else None, lexicon, endpoint), ()


PARSERS: dict[str, Parser] = {"rules": _by_rules, "llm": _by_model}
"""Name -> parser."""


def parse_report(
    text: str,
    modality: str | None = None,
    *,
    lexicon: Lexicon | None = None,
    parser: str = "rules",
    llm: LlmEndpoint | None = None,
) -> ReportPriors:
    """Read a report in plain words. Needs no torch.

    Args:
        text: The report; empty is allowed and gives no findings.
        modality: Canonical modality (``chest_xray``), or as people write it ("MRI right knee": its
            side is that of what has none); guessed from the text when None.
        lexicon: Names and words; the built-in lexicon by default.
        parser: ``rules``, offline; or ``llm``, a language model that is asked over
            HTTP (see docs/llm_parser.md).
        llm: Which one, and whether reports may leave the machine; from the
            environment by default.

    Returns:
        Findings in the order of the report, with offsets into it; stretches that look
        like findings and were not understood; warnings of what a language model said
        that the report does not say.

    Raises:
        ConfigError: Unknown parser or modality, or no endpoint that may be asked.
        ReportError: The report is no text, or too long.
        ParserError: The language model gives no answer, or none of use.
    """
    lexicon = lexicon or load_lexicon()
    if parser not in PARSERS:
        raise ConfigError(f"Unknown parser '{parser}': expected one of {', '.join(PARSERS)}.")
    if not isinstance(text, str):
        raise ReportError(f"A report is text: expected str, got {type(text).__name__}.")
    if len(text) > MAX_CHARACTERS:
        raise ReportError(
            f"The report has {len(text)} characters: expected at most {MAX_CHARACTERS}. Hand over one report at a time."
        )
    seen = guess_examination(text, lexicon) if modality is None else examination_named(modality, lexicon)
    labelled = side_of_label(text, lexicon) if seen and seen.side is None else None
    if seen and labelled:
        seen = replace(seen, side=labelled[0], span=labelled[1])
    findings, warnings, not_read = PARSERS[parser](text, seen, lexicon, llm)
    return ReportPriors(tuple(findings), text, seen.modality if seen else None, tuple(warnings), tuple(not_read))


def guess_examination(text: str, lexicon: Lexicon) -> Examination | None:
    """The examination that heads a report, else the modality whose words stand first in it, or None."""
    found = titled(text, lexicon)
    name = None if found else guess_modality(text, lexicon)
    return Examination(name, lexicon.modalities[name].organs) if name else found


def guess_modality(text: str, lexicon: Lexicon) -> str | None:
    """The modality whose words stand first in the report, or None."""
    folded = " ".join(text[:4000].lower().replace("-", " ").split())
    places = {
        modality.name: min(found)
        for modality in lexicon.modalities.values()
        if (found := [folded.find(w) for word in modality.words if (w := word.replace("-", " ")) and w in folded])
    }
    return min(places, key=lambda name: places[name]) if places else None
