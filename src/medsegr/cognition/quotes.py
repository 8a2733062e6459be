"""Where quoted words stand in a report. Words that do not stand there are found nowhere."""

import re
from collections.abc import Sequence

from medsegr.cognition.priors import Span

MAX_QUOTE = 1500
"""Characters; nothing that is quoted as evidence is longer."""

_ALIKE = {char: f"[{group}]" for group in ("‐‑‒–—−-", "'’‘`´", '"“”„', "x×") for char in group}
"""Characters that are written for each other when words are copied."""


class QuotedReport:
    """Finds quotes in one report.

    A quote is found as it stands; else with other white space, case, dashes,
    quotation marks and plural. It begins and ends with a word: "no" does not
    stand in "nodule".
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: dict[str, tuple[Span, ...]] = {}

    def places(self, quote: str) -> tuple[Span, ...]:
        """All places of a quote, in order."""
        quote = quote.strip()
        if quote not in self._known:
            self._known[quote] = self._find(quote)
        return self._known[quote]

    def _find(self, quote: str) -> tuple[Span, ...]:
        if not quote or len(quote) > MAX_QUOTE:
            return ()
        exact = tuple(m.span() for m in re.finditer(_bounded(quote, re.escape(quote), False), self.text))
        if exact:
            return exact
        loose = r"\s+".join("".join(_ALIKE.get(c, re.escape(c)) for c in word) for word in quote.split())
        return tuple(m.span() for m in re.finditer(_bounded(quote, loose, True), self.text, re.IGNORECASE))

    def following(self, quote: str, start: int) -> Span | None:
        """The first place at or behind an offset, else the last one before it."""
        places = self.places(quote)
        return next((place for place in places if place[0] >= start), places[-1] if places else None)

    def nearest(self, quote: str, anchors: Sequence[Span], within: Span | None) -> Span | None:
        """The place nearest to one of the anchors, inside ``within`` where it is there at all."""
        places = self.places(quote)
        inside = inside_of(places, within) or places
        return min(inside, key=lambda place: min(_gap(place, anchor) for anchor in anchors), default=None)


def inside_of(places: Sequence[Span], within: Span | None) -> list[Span]:
    """The places that lie in a stretch; none for None."""
    return [] if within is None else [place for place in places if within[0] <= place[0] and place[1] <= within[1]]


def _bounded(quote: str, pattern: str, plural: bool) -> str:
    """A pattern that matches whole words and whole numbers only."""
    before = r"(?<!\w)(?<!\d[.,])" if quote[0].isalnum() else ""
    last = quote[-1]
    behind = r"(?!\w)(?![.,]\d)" if last.isdigit() else r"(?!\w)" if last.isalnum() else ""
    some = "(?:e?s)?" if plural and last.isalpha() and len(quote) >= 4 else ""
    return before + pattern + some + behind


def _gap(one: Span, other: Span) -> int:
    """Characters between two stretches; 0 where they touch."""
    return max(0, other[0] - one[1], one[0] - other[1])
