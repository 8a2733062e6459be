"""Clauses about the other side: what is denied on one side is there on the other, or the other side is normal."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from medsegr.cognition.attachment import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.presence import decided
from medsegr.cognition.priors import Presence

_OTHER = {"left": "right", "right": "left"}
_BUT = "but"
_TURNS = frozenset({_BUT, "however", "while", "whereas", "although", "though", "yet"})
_ANDS = frozenset({"and", "&"})
_ENDS = frozenset({",", ";", ".", *_ANDS, *_TURNS})
_PARTS = frozenset({",", ";", ".", "with", *_TURNS})
_NORMAL = frozenset({"clear", "normal", "unremarkable", "free", "intact", "negative"})
_ORGANS = frozenset({"heart", "mediastinum", "pleura", "aorta", "trachea"})
_DENIES = frozenset({"no", "not", "never", "without", "otherwise"})
_DEGREES = frozenset({
    "tiny", "small", "trace", "minimal", "mild", "minor", "slight", "subtle", "moderate", "large", "big", "marked",
    "severe", "massive", "extensive", "considerable", "new", "old", "persistent", "persist", "residual", "present",
    "seen", "visible", "evident", "noted", "one", "ones",
})  # fmt: skip
"""What says of a finding without its name that it is there ("small on the left")."""

_AFFIRMS = _DEGREES | {_BUT}
_HEDGES = frozenset({"possible", "possibly", "probable", "probably", "likely", "perhaps", "questionable"})
_PLACED = ("side", "zone", "size")
_ARTICLES = frozenset({"a", "an", "the"})
_AT = frozenset({"on", "in", "at"})
_SAY_NOTHING = frozenset({
    *_ARTICLES, *_AT, "is", "are", "there", "of", "only", "just", "very", "also", "side", "base",
    "amount", "however", "now", "it", "with",
})  # fmt: skip


def on_the_other_side(sentence: Sentence, earlier: Draft | None, grammar: Grammar) -> Sentence:
    """The sentence, with a target where a clause says that what is denied on one side is on the other.

    Args:
        sentence: Its words, each with one reading.
        earlier: The last finding before the sentence, or None.
        grammar: Sets of words.
    """
    if _OTHER.keys().isdisjoint(sentence.words):
        return sentence
    if _AFFIRMS.isdisjoint(sentence.words) and "size" not in sentence.kinds:
        return sentence
    found: list[Mention] = []
    for first, last in _clauses(sentence, _ENDS):
        side = _only_side(sentence, first, last, grammar)
        name = _denied_opposite(sentence, first, side.name, earlier, grammar) if side else None
        words = _head(sentence, first, last, side) if side and name else None
        if words and name:
            hedged = any(token.word in _HEDGES for token in sentence.tokens[first:last])
            found.append(_target(sentence, name, *words, "uncertain" if hedged else "present"))
    return Sentence(sentence.wording, sorted([*sentence.mentions, *found], key=_place)) if found else sentence


def without_normal_sides(sentence: Sentence, grammar: Grammar) -> Sentence:
    """The sentence, less the sides of what it calls normal beside a finding: "cyst on the left, right normal"."""
    if _NORMAL.isdisjoint(sentence.words) or not {"side", "target"} <= sentence.kinds:
        return sentence
    gone: list[Mention] = []
    for first, last in _clauses(sentence, _PARTS):
        whole = _is_normal(sentence, first, last, grammar)
        for one, other in [(first, last)] if whole else _clauses(sentence, _ANDS, first, last):
            if _is_normal(sentence, one, other, grammar) and _tells_apart(sentence, one, other):
                gone += _within(sentence, ["side", "zone"], one, other)
    return Sentence(sentence.wording, [m for m in sentence.mentions if m not in gone]) if gone else sentence


def _is_normal(sentence: Sentence, first: int, last: int, grammar: Grammar) -> bool:
    """True for "right kidney is normal" and "normal right lung", not for "in the normal right lung"."""
    words = [token.word for token in sentence.tokens[first:last]]
    if _NORMAL.isdisjoint(words) or not _DENIES.isdisjoint(words) or _within(sentence, ["target"], first, last):
        return False
    if next((word for word in words if word not in _ARTICLES), "") in grammar.prepositions:
        return False
    behind = max(place for place, word in enumerate(words) if word in _NORMAL) + 1
    covered = {p for m in _within(sentence, ["side", "zone"], first, last) for p in range(m.first, m.last)}
    plain = grammar.body_parts | grammar.organs.keys() | _ORGANS | _SAY_NOTHING | _ANDS
    return all(first + at in covered or words[at] in plain for at in range(behind, len(words)))


def _tells_apart(sentence: Sentence, first: int, last: int) -> bool:
    """True where the side of what is normal cannot be that of the finding: another is named, or the finding before."""
    sides = {m.name for m in _within(sentence, ["side"], first, last)}
    others = {m.name for m in sentence.of("side") if m.last <= first or m.first >= last}
    return bool(sides) and (
        "bilateral" in sides or bool(others - sides) or any(m.last <= first for m in sentence.of("target"))
    )


def _place(mention: Mention) -> tuple[int, int]:
    return mention.first, mention.last


def _clauses(
    sentence: Sentence, ends: frozenset[str], start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int]]:
    """The words [first, last) between signs and words that part clauses, from ``start`` to ``end``."""
    end = len(sentence.tokens) if end is None else end
    cuts = [place for place in range(start, end) if sentence.tokens[place].word in ends]
    for one, other in pairwise((start - 1, *cuts, end)):
        if other > one + 1:
            yield one + 1, other


def _within(sentence: Sentence, kinds: Sequence[str], first: int, last: int) -> list[Mention]:
    return [m for m in sentence.of(*kinds) if m.first < last and first < m.last]


def _only_side(sentence: Sentence, first: int, last: int, grammar: Grammar) -> Mention | None:
    """The one side of a clause that names no finding and says nothing but place, size and degree.

    A part of the body must be where it is: "small in the left kidney", not "the left kidney is small".
    """
    sides = _within(sentence, ["side"], first, last)
    if len(sides) != 1 or sides[0].name not in _OTHER or _within(sentence, ["target"], first, last):
        return None
    ahead = [token.word for token in sentence.tokens[first : sides[0].first] if token.word not in _ARTICLES]
    led = bool(ahead) and ahead[-1] in _AT
    covered = {p for m in _within(sentence, _PLACED if led else ["side"], first, last) for p in range(m.first, m.last)}
    plain = _SAY_NOTHING | _DEGREES | _HEDGES | (grammar.body_parts if led else frozenset())
    spoken = all(p in covered or sentence.tokens[p].word in plain for p in range(first, last))
    return sides[0] if spoken else None


def _denied_opposite(sentence: Sentence, first: int, side: str, earlier: Draft | None, grammar: Grammar) -> str | None:
    """The finding last named before a clause, where it is denied on the other side alone, or None."""
    before = [(target, presence) for target, presence, _ in decided(sentence, grammar) if target.last <= first]
    if before:
        target, presence = before[-1]
        start = max((last + 1 for _, last in _clauses(sentence, _ENDS) if last <= target.first), default=0)
        name, sides = target.name, {m.name for m in _within(sentence, ["side"], start, first)}
    elif earlier is not None:
        name, presence = earlier.name, earlier.presence
        sides = {m.name for m in earlier.attributes if m.kind == "side"}
    else:
        return None
    return name if presence == "absent" and sides == {_OTHER[side]} else None


def _head(sentence: Sentence, first: int, last: int, side: Mention) -> tuple[int, int] | None:
    """The words [first, last) of a clause that stand for the finding; a bare side does behind "but"."""
    said = [(p, p + 1) for p in range(first, last) if sentence.tokens[p].word in _DEGREES]
    said += [(m.first, m.last) for m in _within(sentence, ["size"], first, last)]
    if said:
        return max(said)
    return (side.first, side.last) if first and sentence.tokens[first - 1].word == _BUT else None


def _target(sentence: Sentence, name: str, first: int, last: int, presence: Presence) -> Mention:
    wording = sentence.wording
    return Mention("target", name, first, last, wording.starts[first], wording.end(last - 1), presence)
