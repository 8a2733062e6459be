"""Report -> priors by rules: deterministic, offline, every field with the words that say so.

Sentence by sentence: find what the words mention, give each place, texture,
shape, size and count to the target it belongs to, decide presence, and join
mentions of the same finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from medsegr.cognition.lexicon import Lexicon, frame_of
from medsegr.cognition.mentions import Mention, Sentence, read_sentences
from medsegr.cognition.merging import merge
from medsegr.cognition.presence import ATTRIBUTES, clause_ends, presence_of
from medsegr.cognition.priors import Evidence, Finding, Frame, Location, Presence, Shape, Span, Texture

_PREPOSITIONS = frozenset(
    [
        "in",
        "of",
        "at",
        "on",
        "over",
        "within",
        "along",
        "from",
        "to",
        "near",
        "into",
        "behind",
        "below",
        "above",
        "involving",
        "around",
        "towards",
        "overlying",
        "throughout",
        "across",
        "through",
        "projecting",
        "projected",
        "abutting",
        "adjacent",
        "occupying",
        "beneath",
        "under",
    ]
)
_LINKS = _PREPOSITIONS | frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "with",
        "show",
        "shows",
        "there",
        "measuring",
        "measures",
        "which",
        ":",
        "appear",
        "appears",
        "remain",
        "remains",
        "than",
        "contain",
        "contains",
        "containing",
        "be",
        "been",
    ]
)
_FILL = frozenset(
    ["the", "a", "an", "its", "both", "and", "or", ",", "to", "mostly", "predominantly", "also", "more", "-", "mainly"]
)
_LIST = frozenset(["and", "or", ",", "&", "/", "plus", "a", "an", "nor", "+"])
_WITH = frozenset(["with", "w", "associated", "containing", "accompanying"])
_GOES_ON = frozenset(
    [
        "it",
        "they",
        "this",
        "these",
        "its",
        "margin",
        "shape",
        "size",
        "echogenicity",
        "measuring",
        "internally",
        "measure",
    ]
)
_PAIRED = frozenset(
    [
        "upper_lobe",
        "lower_lobe",
        "upper_zone",
        "mid_zone",
        "lower_zone",
        "apical",
        "basal",
        "hilar",
        "costophrenic_angle",
        "hemidiaphragm",
    ]
)


@dataclass
class Draft:
    """A target with what was found to belong to it."""

    target: Mention
    sentence: Sentence
    presence: Presence
    triggers: list[Mention]
    attributes: list[Mention] = field(default_factory=list)
    article: bool = False

    def places(self) -> list[Mention]:
        """Its sides and zones."""
        return [mention for mention in self.attributes if mention.kind in ("side", "zone")]


def read_report(text: str, modality: str | None, lexicon: Lexicon) -> list[Finding]:
    """The findings of a report, in its order.

    Args:
        text: The report.
        modality: Canonical modality, or None.
        lexicon: Names and words.
    """
    drafts: list[Draft] = []
    heading_side: Mention | None = None
    for unsettled in read_sentences(text, lexicon, modality):
        if _elsewhere(unsettled):
            continue
        sentence = _settle(unsettled, lexicon)
        new = [Draft(t, sentence, *presence_of(sentence, t)) for t in sentence.of("target")]
        if not new and not drafts and heading_side is None:
            heading_side = next(iter(sentence.of("side")), None)
        _attach(sentence, new, drafts)
        _share_places(sentence, new, lexicon)
        drafts += new
    if heading_side is not None:
        for draft in drafts:
            if draft.presence != "absent" and not any(m.kind == "side" for m in draft.attributes):
                draft.attributes.append(heading_side)
    frame = frame_of(modality, lexicon)
    return merge([(_finding(draft, frame, text), draft.article) for draft in drafts])


def _elsewhere(sentence: Sentence) -> bool:
    """True for history, technique, other examinations and advice."""
    first = next((m.first for m in sentence.mentions if m.kind == "target"), len(sentence.tokens))
    for mention in sentence.mentions:
        if mention.kind == "elsewhere_heads" and mention.first <= 1:
            following = sentence.tokens[mention.last].word if mention.last < len(sentence.tokens) else ":"
            if following == ":" or mention.first == 0:
                return True
        if mention.kind == "elsewhere" and mention.first < first:
            return True
    return False


def _settle(sentence: Sentence, lexicon: Lexicon) -> Sentence:
    """Choose between two readings of a word: finding or texture, organ or place."""
    settled: list[Mention] = []
    targets = sentence.of("target")
    findings = [t for t in targets if lexicon.targets[t.name].group != "anatomy"]
    for mention in sentence.mentions:
        if mention.kind != "target":
            settled.append(mention)
        elif lexicon.targets[mention.name].group == "anatomy":
            alone = not [t for t in findings if t is not mention]
            if alone and not _after_preposition(sentence, mention):
                settled.append(mention)
            else:
                settled += _as_place(mention, lexicon)
        elif mention.other and mention.other[0] == "texture" and _modifies(sentence, mention, targets):
            settled.append(_renamed(mention, *mention.other))
        else:
            settled.append(mention)
    return Sentence(sentence.tokens, tuple(settled))


def _as_place(mention: Mention, lexicon: Lexicon) -> list[Mention]:
    """An organ that only says where something is."""
    side = lexicon.targets[mention.name].side
    if side:
        return [_renamed(mention, "side", side)]
    return [_renamed(mention, *mention.other)] if mention.other and mention.other[0] == "zone" else []


def _renamed(mention: Mention, kind: str, name: str) -> Mention:
    return Mention(kind, name, mention.first, mention.last, mention.start, mention.end)


def _modifies(sentence: Sentence, mention: Mention, targets: Sequence[Mention]) -> bool:
    """True when a target follows at once, so that this word only describes it."""
    following = next((t for t in targets if t.first >= mention.last), None)
    return following is not None and set(sentence.between(mention.last, following.first)) <= {","}


def _after_preposition(sentence: Sentence, mention: Mention) -> bool:
    """True when the words before, attributes and articles left out, end with a preposition."""
    covered = {p for m in sentence.mentions if m.kind in ATTRIBUTES for p in range(m.first, m.last)}
    place = mention.first - 1
    while place >= 0 and (place in covered or sentence.tokens[place].word in _FILL | {"left", "right", "part"}):
        place -= 1
    return place >= 0 and sentence.tokens[place].word in _PREPOSITIONS


def _attach(sentence: Sentence, drafts: list[Draft], earlier: list[Draft]) -> None:
    """Give every attribute of a sentence to the target it belongs to."""
    for mention in sentence.of(*ATTRIBUTES):
        for draft in _owners(sentence, mention, drafts) if drafts else _resumed(sentence, mention, earlier):
            if mention not in draft.attributes:
                draft.attributes.append(mention)
    for draft in drafts:
        draft.article = _introduced(sentence, draft)


def _introduced(sentence: Sentence, draft: Draft) -> bool:
    """True for "a round nodule" and "possible round nodule": a lesion that was not spoken of before."""
    covered = {p for m in draft.attributes for p in range(m.first, m.last)}
    place = draft.target.first - 1
    while place >= 0 and (place in covered or sentence.tokens[place].word == ","):
        place -= 1
    hedged = any(m.kind == "uncertain_before" and m.last == place + 1 for m in sentence.mentions)
    return place >= 0 and (hedged or sentence.tokens[place].word in ("a", "an", "one", "another", "second"))


def _resumed(sentence: Sentence, mention: Mention, earlier: list[Draft]) -> list[Draft]:
    """A sentence without a target that goes on about the one before ("It measures 9 mm", "Colours: brown")."""
    shown = [draft for draft in earlier if draft.presence != "absent"]
    first = next((t.word for t in sentence.tokens if t.word not in ("the", "-")), "")
    if not shown or mention.kind == "count":
        return []
    if first == "color":
        return shown[:1]
    return shown[-1:] if first in _GOES_ON else []


def _owners(sentence: Sentence, mention: Mention, drafts: list[Draft]) -> list[Draft]:
    inside = [d for d in drafts if d.target.first <= mention.first and mention.last <= d.target.last]
    if inside:
        return inside if mention.kind != "zone" else []
    before = next((d for d in reversed(drafts) if d.target.last <= mention.first), None)
    after = next((d for d in drafts if d.target.first >= mention.last), None)
    gap = sentence.between(mention.last, after.target.first) if after else []
    open_ = after is not None and not clause_ends(sentence, mention.last, after.target.first)
    direct = open_ and not set(gap) & _LINKS
    if mention.kind == "count":
        return [after] if after and direct and "," not in gap else []
    led = _after_preposition(sentence, mention)
    if direct and after and not (before and (led or "," in gap)):
        return [after]
    if before is not None:
        return [before]
    if after is None or mention.kind not in ("side", "zone"):
        return [after] if after and open_ else []
    return [d for d in drafts if not clause_ends(sentence, mention.last, d.target.first) or d is after]


def _share_places(sentence: Sentence, drafts: list[Draft], lexicon: Lexicon) -> None:
    """Targets in a list share a place that stands before or after the list; not so what is absent."""
    pairs = [(a, b) for a, b in pairwise(drafts) if "absent" not in (a.presence, b.presence)]
    for one, other in pairs:
        gap = set(sentence.between(one.target.last, other.target.first))
        if not other.places() and gap <= _LIST | _WITH:
            led = [m for m in one.places() if m.first < one.target.first or gap & _WITH]
            lung = all(lexicon.targets[d.target.name].region == "chest" for d in (one, other))
            other.attributes += [m for m in led if m.kind == "side" or lung or not gap & _WITH]
    for one, other in reversed(pairs):
        gap = set(sentence.between(one.target.last, other.target.first))
        if not one.places() and gap <= _LIST:
            one.attributes += [m for m in other.places() if m.first >= other.target.last]


def _finding(draft: Draft, frame: Frame, text: str) -> Finding:
    """The draft as structured priors with evidence."""
    absent = draft.presence == "absent"
    kept = [m for m in draft.attributes if not absent or m.kind in ("side", "zone")]

    def names(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.name for m in kept if m.kind == kind))

    def spans(*kinds: str) -> tuple[Span, ...]:
        return tuple(dict.fromkeys((m.start, m.end) for m in kept if m.kind in kinds))

    sizes = tuple(float(value) for name in names("size") for value in name.split(";"))
    count = next((m.name for m in kept if m.kind == "count"), None)
    return Finding(
        target=draft.target.name,
        presence=draft.presence,
        location=Location(_side(draft, kept, text), names("zone"), frame),
        texture=Texture(names("texture")),
        shape=Shape(names("shape"), sizes, count if count in (None, "multiple") else int(count)),  # type: ignore[arg-type]
        evidence=Evidence(
            target=((draft.target.start, draft.target.end),),
            presence=tuple((m.start, m.end) for m in draft.triggers),
            location=spans("side", "zone"),
            texture=spans("texture"),
            shape=spans("shape", "size", "count"),
        ),
    )


def _side(draft: Draft, kept: list[Mention], text: str):
    sides = {m.name for m in kept if m.kind == "side"}
    if len(sides) > 1:
        return "bilateral"
    if sides or draft.presence == "absent":
        return next(iter(sides), None)
    plural = any(m.kind == "zone" and m.name in _PAIRED and text[m.end - 1] in "s" for m in kept)
    apices = any(text[m.start : m.end].lower() in ("apices", "hila") for m in kept if m.kind == "zone")
    return "bilateral" if plural or apices else None
