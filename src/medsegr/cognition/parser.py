"""From a report to its priors: choose a parser by name."""

from collections.abc import Callable

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.cognition.rule_parser import read_report
from medsegr.errors import ConfigError, ReportError

MAX_CHARACTERS = 200_000
"""Longest report that is read."""

PARSERS: dict[str, Callable[[str, str | None, Lexicon], list[Finding]]] = {"rules": read_report}
"""Name -> parser."""


def parse_report(
    text: str, modality: str | None = None, *, lexicon: Lexicon | None = None, parser: str = "rules"
) -> ReportPriors:
    """Read a report in plain words. Needs no torch.

    Args:
        text: The report; empty is allowed and gives no findings.
        modality: Canonical modality (``chest_xray``); guessed from the text when
            None.
        lexicon: Names and words; the built-in lexicon by default.
        parser: ``rules``.

    Returns:
        Findings in the order of the report, with offsets into it.

    Raises:
        ConfigError: Unknown parser or modality.
        ReportError: The report is no text, or too long.
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
    if modality is not None and modality not in lexicon.modalities:
        raise ConfigError(
            f"Unknown modality '{modality}': expected one of {', '.join(sorted(lexicon.modalities))}, or none."
        )
    seen_as = modality or guess_modality(text, lexicon)
    findings = tuple(PARSERS[parser](text, seen_as, lexicon))
    return ReportPriors(findings, text, seen_as)


def guess_modality(text: str, lexicon: Lexicon) -> str | None:
    """The modality whose words stand first in the report, or None."""
    folded = " ".join(text[:4000].lower().replace("-", " ").split())
    places = {
        modality.name: min(found)
        for modality in lexicon.modalities.values()
        if (found := [folded.find(w) for word in modality.words if (w := word.replace("-", " ")) and w in folded])
    }
    return min(places, key=lambda name: places[name]) if places else None
