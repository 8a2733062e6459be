"""Findings -> a report that is read back as exactly these findings, or as fewer, never as others.

Every sentence is read as soon as it is written. One that is misread is worded
anew, then as plainly as possible; if that does not help, the attributes that do
not survive are left out, and at last the finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.describe import words
from medsegr.describe.wording import Speaker

TRIES = 4
"""Varied wordings before the plain one."""

Said = tuple[object, ...]


@dataclass(frozen=True)
class DerivedReport:
    """A report and what it says.

    Attributes:
        text: The report; empty where nothing could be said.
        findings: What it is read as, in its order.
    """

    text: str
    findings: tuple[Finding, ...]


def write_report(
    findings: Sequence[Finding], modality: str | None, rng: np.random.Generator, lexicon: Lexicon
) -> DerivedReport:
    """Say findings in varied wording.

    Args:
        findings: Present or absent, canonical names, no evidence.
        modality: Canonical modality, or None.
        rng: Picks order and wording; the same state gives the same report.

    Returns:
        The report with the findings that it is read as: those given, less what cannot be said.
    """
    shown = [finding for finding in findings if finding.presence != "absent"]
    denied = [finding for finding in findings if finding.presence == "absent"]
    groups = [[shown[i]] for i in rng.permutation(len(shown))]
    denied = [denied[i] for i in rng.permutation(len(denied))]
    denials = [denied] if rng.random() < 0.6 else [[finding] for finding in denied]
    groups = [*denials, *groups] if rng.random() < 0.25 else [*groups, *denials]
    writer = _Writer(modality, rng, lexicon)
    for group in groups:
        writer.add(group)
    return DerivedReport(writer.text(), tuple(writer.findings))


def said(finding: Finding) -> Said:
    """What a finding says, without evidence and without the order of its attributes."""
    return (
        finding.target,
        finding.presence,
        finding.location.laterality,
        frozenset(finding.location.zones),
        frozenset(finding.texture.attributes),
        frozenset(finding.shape.attributes),
        finding.shape.size_mm,
        finding.shape.count,
    )


class _Writer:
    """A report in the making; what it holds is read back at every step."""

    def __init__(self, modality: str | None, rng: np.random.Generator, lexicon: Lexicon) -> None:
        self.modality, self.rng, self.lexicon = modality, rng, lexicon
        self.findings: list[Finding] = []
        self.sentences: list[str] = []
        self.separator = "\n" if rng.random() < 0.2 else " "
        openings = words.OPENINGS.get(modality or "", ())
        wanted = rng.random() < 0.5
        if openings and wanted:
            opening = openings[int(rng.integers(len(openings)))]
            self.sentences = [] if self._readings([opening]) else [opening]

    def text(self) -> str:
        """The report; empty while nothing was said."""
        return self.separator.join(self.sentences) if self.findings else ""

    def add(self, group: list[Finding]) -> None:
        """Say one present finding, or deny several."""
        if not group:
            return
        speakers = [Speaker(self.lexicon, self.rng)] * TRIES + [Speaker(self.lexicon)]
        if group[0].presence == "absent":
            told = any(self._try(s.deny([self._noun(f, s) for f in group]), group) for s in speakers)
            if not told and len(group) > 1:
                for finding in group:
                    self.add([finding])
            return
        finding, nouns = group[0], nouns_of(group[0].target, self.modality, self.lexicon)
        if any(self._try(speaker.describe(finding, nouns), group) for speaker in speakers if nouns):
            return
        for noun in nouns:
            strongest = self._strongest(finding, noun)
            if strongest and self._try(Speaker(self.lexicon).describe(strongest, [noun]), [strongest]):
                return

    def _strongest(self, finding: Finding, noun: tuple[str, str]) -> Finding | None:
        """The finding with all attributes that are read as they are said; None if not even its name is."""
        kept: list[tuple[str, Any]] = []
        for more in [None, *_attributes(finding)]:
            trial = _with(finding, [*kept, *([more] if more else [])])
            if self._reads(Speaker(self.lexicon).describe(trial, [noun]), [trial]):
                kept += [more] if more else []
            elif more is None:
                return None
        return _with(finding, kept)

    def _noun(self, finding: Finding, speaker: Speaker) -> str:
        nouns = [noun for noun, _ in nouns_of(finding.target, self.modality, self.lexicon)]
        return speaker.pick(nouns or [finding.target.replace("_", " ")])

    def _try(self, sentence: str, group: list[Finding]) -> bool:
        """Keep the sentence if the report is then read as what it held before and the group."""
        if not self._reads(sentence, group):
            return False
        self.sentences.append(sentence)
        self.findings += group
        return True

    def _reads(self, sentence: str, group: list[Finding]) -> bool:
        wanted = [said(finding) for finding in (*self.findings, *group)]
        return self._readings([*self.sentences, sentence]) == wanted

    def _readings(self, sentences: list[str]) -> list[Said]:
        text = self.separator.join(sentences)
        return [said(finding) for finding in parse_report(text, self.modality, lexicon=self.lexicon)]


@lru_cache(maxsize=512)
def nouns_of(target: str, modality: str | None, lexicon: Lexicon) -> tuple[tuple[str, str], ...]:
    """Words for a target that are read as this target and nothing more, as (singular, plural)."""
    entry = lexicon.targets[target]
    named = target.replace("_", " ")
    options = [*words.NOUNS.get(target, ((named, _plural(named)),)), *((w, _plural(w)) for w in entry.words)]
    template = "The {} is seen." if entry.group == "anatomy" else "There is a {}."
    wanted = [said(Finding(target))]

    def fits(noun: str) -> bool:
        return [said(f) for f in parse_report(template.format(noun), modality, lexicon=lexicon)] == wanted

    usable = [pair for pair in options if fits(pair[0])]
    curated = [pair for pair in usable if pair in words.NOUNS.get(target, ())]
    return tuple(curated or usable[:1])


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def _attributes(finding: Finding) -> list[tuple[str, Any]]:
    """Everything that a finding states, as (kind, value); what helps most to find the place comes first."""
    place, shape = finding.location, finding.shape
    return [
        *([("side", place.laterality)] if place.laterality else []),
        *(("zone", zone) for zone in place.zones),
        *([("size", shape.size_mm)] if shape.size_mm else []),
        *(("shape", name) for name in shape.attributes),
        *([("count", shape.count)] if shape.count is not None else []),
        *(("texture", name) for name in finding.texture.attributes),
    ]


def _with(finding: Finding, attributes: Sequence[tuple[str, Any]]) -> Finding:
    """The finding with these of its attributes and no others."""

    def values(kind: str) -> tuple[Any, ...]:
        return tuple(value for known, value in attributes if known == kind)

    return replace(
        finding,
        location=Location(next(iter(values("side")), None), values("zone")),
        texture=Texture(values("texture")),
        shape=Shape(values("shape"), next(iter(values("size")), ()), next(iter(values("count")), None)),
    )
