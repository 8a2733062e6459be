"""Report -> priors by a language model. Nothing it says is taken on trust.

The model answers with names and quotes. Names outside the lexicon, and quotes
that do not occur in the report, are dropped with a warning; so is a finding
whose target has no words in the report. What stays has the same form as what
the rule parser finds.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.llm_client import ask
from medsegr.cognition.llm_endpoint import LlmEndpoint
from medsegr.cognition.llm_schema import LATERALITY, PRESENCE, answer_schema, question, read_answer
from medsegr.cognition.priors import Count, Evidence, Finding, Laterality, Location, Presence, Shape, Span, Texture
from medsegr.cognition.quotes import QuotedReport, inside_of

MAX_QUOTES = 20
"""Of one entry; more are not looked up."""

MAX_SIZE_MM = 2000.0

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SAYS_NOTHING = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "be", "been", "by", "for", "from", "has", "have", "in", "is", "it"),
        *("no", "not", "of", "on", "or", "seen", "that", "the", "there", "this", "to", "was", "were", "with"),
    ]
)
"""Words that name no finding."""


def read_with_model(
    text: str, modality: str | None, lexicon: Lexicon, endpoint: LlmEndpoint | None = None
) -> tuple[list[Finding], list[str]]:
    """The findings of a report in its order, and warnings of what was dropped.

    Args:
        text: The report; a blank one is not sent.
        modality: Canonical modality, or None.
        lexicon: Names that findings may have.
        endpoint: Whom to ask; from the environment by default.

    Raises:
        ConfigError: The environment names no endpoint.
        ParserError: No answer, or none of use.
        MissingExtraError: The extra ``llm`` is not installed.
    """
    endpoint = endpoint or LlmEndpoint.from_environment()
    if not text.strip():
        return [], []
    answer = ask(endpoint, question(text, modality, lexicon), answer_schema(lexicon))
    findings, warnings = check_answer(read_answer(answer), text, modality, lexicon)
    if not endpoint.encrypted:
        warnings.insert(0, f"The report went to {endpoint.address} without encryption; take an https address.")
    return findings, warnings


def check_answer(
    records: list[dict[str, Any]], text: str, modality: str | None, lexicon: Lexicon
) -> tuple[list[Finding], list[str]]:
    """Hold a model's findings against the report and the lexicon.

    Args:
        records: As :func:`medsegr.cognition.llm_schema.read_answer` returns them.
        modality: Decides the frame of the places.
        lexicon: Names that findings may have.

    Returns:
        Findings in the order of the report, each at least with words for its
        target; and warnings, which number the findings as the model listed them.
    """
    check = _Check(text, lexicon)
    checked = [check.finding(number, record) for number, record in enumerate(records, 1)]
    findings = sorted({f: None for f in checked if f is not None}, key=lambda finding: finding.evidence.target[0])
    return findings, list(dict.fromkeys(check.warnings))


@dataclass(frozen=True)
class _Place:
    """Which finding is being checked, and where in the report it stands."""

    number: int
    sentence: Span | None
    target: tuple[Span, ...]


class _Check:
    """One answer against one report."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.report = QuotedReport(text)
        self.lexicon = lexicon
        self.warnings: list[str] = []
        self._reached = 0
        self._taken: set[tuple[str, Span]] = set()

    def finding(self, number: int, record: dict[str, Any]) -> Finding | None:
        """One finding, or None when it cannot be believed."""
        target, presence = _canonical(record["target"]), _canonical(record.get("presence"))
        if target not in self.lexicon.targets or presence not in PRESENCE:
            field = "presence" if target in self.lexicon.targets else "target"
            self._warn(number, f"dropped: its {field} is not in the vocabulary")
            return None
        place = self._place(number, target, record)
        if not place.target:
            self._warn(number, "dropped: the words quoted for its target do not occur in the report")
            return None
        triggers = self._spans(place, "presence", record.get("presence_quotes")) if presence != "present" else ()
        if presence != "present" and not triggers:
            self._warn(number, f"{presence}, but no words of the report are quoted that say so; check it")
        shown = presence != "absent"
        sides, side_spans = self._names(place, "laterality", record, dict.fromkeys(LATERALITY))
        zones, zone_spans = self._names(place, "zones", record, self.lexicon.zones)
        textures, texture_spans = self._names(place, "texture", record, self.lexicon.textures) if shown else ((), ())
        shape, shape_spans = self._shape(place, record) if shown else (Shape(), ())
        return Finding(
            target=target,
            presence=cast(Presence, presence),
            location=Location(_one_side(sides), zones),
            texture=Texture(textures),
            shape=shape,
            evidence=Evidence(place.target, triggers, _ordered(side_spans + zone_spans), texture_spans, shape_spans),
        )

    def _place(self, number: int, target: str, record: dict[str, Any]) -> _Place:
        """Where a finding stands: its sentence, and the words for its target."""
        sentence = record.get("sentence")
        stretch = self.report.following(sentence, self._reached) if isinstance(sentence, str) else None
        first, spans = None, []
        for quote in self._quotes(number, "target", record.get("target_quotes")):
            places = self.report.places(quote) if _names_something(quote) else ()
            free = [p for p in places if (target, p) not in self._taken and p not in spans] or places
            start = self._reached if first is None else first[1]
            span = next(iter(inside_of(free, stretch) or [p for p in free if p[0] >= start] or free[-1:]), None)
            if span is None:
                self._warn(number, "target: a quote that does not occur in the report was dropped")
                continue
            first = first or span
            spans.append(span)
            self._taken.add((target, span))
        if spans:
            self._reached = stretch[0] if stretch and inside_of(spans[:1], stretch) else spans[0][1]
        return _Place(number, stretch, tuple(dict.fromkeys(spans)))

    def _quotes(self, number: int, field: str, quotes: Any) -> list[str]:
        if isinstance(quotes, list) and all(isinstance(quote, str) for quote in quotes):
            return quotes[:MAX_QUOTES]
        if quotes is not None:
            self._warn(number, f"{field}: quotes of another form than a list of words were dropped")
        return []

    def _spans(self, place: _Place, field: str, quotes: Any) -> tuple[Span, ...]:
        """Where quotes stand, near the words for the target."""
        spans = []
        for quote in self._quotes(place.number, field, quotes):
            span = self.report.nearest(quote, place.target, place.sentence)
            if span is None:
                self._warn(place.number, f"{field}: a quote that does not occur in the report was dropped")
            else:
                spans.append(span)
        return _ordered(spans)

    def _entries(self, place: _Place, field: str, record: dict[str, Any]) -> list[tuple[Any, tuple[Span, ...]]]:
        """Name or value, and spans, of the entries that have words in the report."""
        entries = record.get(field)
        if not isinstance(entries, list):
            if entries is not None:
                self._warn(place.number, f"{field}: dropped; expected a list")
            return []
        kept = []
        for entry in entries:
            known = entry if isinstance(entry, dict) else {}
            spans = self._spans(place, field, known.get("quotes"))
            if spans:
                kept.append((known.get("name", known.get("value")), spans))
            else:
                self._warn(place.number, f"{field}: an entry without words in the report was dropped")
        return kept

    def _names(
        self, place: _Place, field: str, record: dict[str, Any], table: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], tuple[Span, ...]]:
        """The entries of a field whose names the table holds."""
        entries = [(_canonical(name), spans) for name, spans in self._entries(place, field, record)]
        if any(name not in table for name, _ in entries):
            self._warn(place.number, f"{field}: a name that is not in the vocabulary was dropped")
        kept = [(name, spans) for name, spans in entries if name in table]
        return tuple(dict.fromkeys(name for name, _ in kept)), _ordered(s for _, spans in kept for s in spans)

    def _shape(self, place: _Place, record: dict[str, Any]) -> tuple[Shape, tuple[Span, ...]]:
        """Shape words, sizes and count, with their words."""
        names, found = self._names(place, "shape", record, self.lexicon.shapes)
        spans, sizes = list(found), []
        for value, where in self._entries(place, "size_mm", record):
            if _is_size(value) and any(self._says(value, span) for span in where):
                sizes.append(float(value))
                spans += where
            else:
                self._warn(place.number, "size_mm: a size that its quote does not state was dropped")
        count: Count | None = None
        for value, where in self._entries(place, "count", record):
            read = _count(value)
            if read is None or count is not None:
                self._warn(place.number, "count: dropped; expected one number from 1, or 'multiple'")
            else:
                count = read
                spans += where
        return Shape(names, tuple(sizes), count), _ordered(spans)

    def _says(self, size_mm: float, span: Span) -> bool:
        """True when the words hold the number, in their unit; in either where they name none."""
        words = self.report.text[span[0] : span[1]].lower()
        scales = [scale for unit, scale in (("mm", 1), ("cm", 10)) if unit in words] or [1, 10]
        numbers = [float(number.replace(",", ".")) for number in _NUMBER.findall(words)]
        return any(math.isclose(number * scale, size_mm, abs_tol=0.05) for number in numbers for scale in scales)

    def _warn(self, number: int, what: str) -> None:
        self.warnings.append(f"Language model, finding {number}: {what}.")


def _canonical(name: Any) -> str:
    """A name as the lexicon writes it ("Pleural effusion" -> "pleural_effusion")."""
    return "_".join(re.split(r"[\s_-]+", name.strip().lower())) if isinstance(name, str) else ""


def _names_something(quote: str) -> bool:
    return any(word not in _SAYS_NOTHING for word in re.findall(r"[^\W\d_]+", quote.lower()))


def _one_side(sides: tuple[str, ...]) -> Laterality | None:
    return cast(Laterality, sides[0] if len(sides) == 1 else "bilateral") if sides else None


def _ordered(spans: Any) -> tuple[Span, ...]:
    return tuple(sorted(set(spans)))


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_SIZE_MM


def _count(value: Any) -> Count | None:
    if value == "multiple":
        return "multiple"
    digits = re.fullmatch(r"[1-9]\d{0,3}", str(value)) if not isinstance(value, bool) else None
    return int(digits[0]) if digits else None
