"""Findings named by their side alone: "none on the right", "that on the left", "the right one has resolved"."""

from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.priors import Presence

_DENIED = frozenset({"none", "not"})
_SEEN = frozenset({"seen", "present", "visible", "evident", "identified", "noted", "found"})
_STANDS_IN = frozenset({"that", "those"})
_ONE = "one"
_AT = frozenset({"on", "in", "at", "of"})
_JOINS = frozenset({"and", "but", "while", "whereas", "although", ",", ";"})
_SAYS = frozenset({"is", "are", "has", "have", "remain", "persist"})
_CLEAR = frozenset({"clear", "normal", "unremarkable", "free"})
_COMPARED = frozenset({"to", "than", "from", "with", "like", "as", "for"})
_SIDES = frozenset({"left", "right"})
_WORDS = frozenset({*_DENIED, *_STANDS_IN, _ONE, *_JOINS})


def with_elided(sentence: Sentence, earlier: str | None) -> Sentence:
    """The sentence, with a target where a side alone stands for a finding.

    Args:
        sentence: Its words, each with one reading.
        earlier: The finding of an earlier sentence that may be meant, by name, or None.
    """
    if _SIDES.isdisjoint(sentence.words) or _WORDS.isdisjoint(sentence.words):
        return sentence
    sides = {m.first: m for m in sentence.mentions if m.kind == "side" and m.name in _SIDES}
    found: list[Mention] = []
    for place in range(len(sentence.tokens)):
        span = _stands_for_a_finding(sentence, sides, place)
        name = _meant(sentence, place, earlier) if span else None
        if span and name:
            found.append(_target(sentence, name, *span, _said(sentence, span)))
    if not found:
        return sentence
    taken = {place for m in found for place in range(m.first, m.last)}
    kept = [m for m in sentence.mentions if m.kind == "side" or taken.isdisjoint(range(m.first, m.last))]
    kept += [_side(sentence, m.first - 1) for m in found if _lost_side(sentence, sides, m)]
    return Sentence(sentence.wording, sorted([*kept, *found], key=lambda m: (m.first, m.last)))


def _stands_for_a_finding(sentence: Sentence, sides: dict[int, Mention], place: int) -> tuple[int, int] | None:
    """The words [first, last) from ``place`` on that stand for a finding, or None."""
    tokens = sentence.tokens
    word = tokens[place].word
    ahead = tokens[place - 1].word if place else ","
    if word == "not" and ahead in _JOINS and place + 1 < len(tokens) and tokens[place + 1].word in _SEEN:
        here = {m.name for m in sides.values() if m.last <= place}
        there = {m.name for m in sides.values() if m.first > place and _side_behind(sentence, sides, place + 2)}
        return (place, place + 2) if len(here) == 1 and here.isdisjoint(there) and there else None
    if word in _DENIED or word in _STANDS_IN:
        return (place, place + 1) if ahead not in _COMPARED and _side_behind(sentence, sides, place + 1) else None
    if word == _ONE:
        return (place, place + 1) if place and sentence.wording.words[place - 1] in _SIDES else None
    side = sides.get(place + 1) if word == "the" and ahead in _JOINS and place else None
    if side is not None and side.last < len(tokens) and tokens[side.last].word in _SAYS:
        return side.first, side.last
    return None


def _side_behind(sentence: Sentence, sides: dict[int, Mention], place: int) -> bool:
    """True for "on the left" at a place, with no finding of its own."""
    tokens = sentence.tokens
    if place >= len(tokens) or tokens[place].word not in _AT:
        return False
    place += 1
    if place < len(tokens) and tokens[place].word == "the":
        place += 1
    side = sides.get(place)
    return side is not None and not any(m.kind == "target" and m.first == side.last for m in sentence.mentions)


def _meant(sentence: Sentence, place: int, earlier: str | None) -> str | None:
    """The finding last named before a place."""
    before = [m.name for m in sentence.of("target") if m.last <= place]
    return before[-1] if before else earlier


def _lost_side(sentence: Sentence, sides: dict[int, Mention], target: Mention) -> bool:
    """True for the "right one" of "and the right one", which were words of one phrase."""
    one = sentence.tokens[target.first].word == _ONE
    return one and not any(m.last == target.first for m in sides.values())


def _side(sentence: Sentence, place: int) -> Mention:
    wording = sentence.wording
    return Mention("side", wording.words[place], place, place + 1, wording.starts[place], wording.end(place))


def _said(sentence: Sentence, span: tuple[int, int]) -> Presence | None:
    """What the words themselves say of the finding: "none ..." and "the right is clear" deny it."""
    tokens = sentence.tokens
    clear = span[1] + 1 < len(tokens) and tokens[span[1]].word in ("is", "are") and tokens[span[1] + 1].word in _CLEAR
    return "absent" if clear or tokens[span[0]].word in _DENIED else None


def _target(sentence: Sentence, name: str, first: int, last: int, presence: Presence | None) -> Mention:
    wording = sentence.wording
    return Mention("target", name, first, last, wording.starts[first], wording.end(last - 1), presence)
