"""Which target a place, texture, shape, size or count belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import ATTRIBUTES, Mention, Sentence
from medsegr.cognition.presence import clause_ends
from medsegr.cognition.priors import Presence
from medsegr.cognition.readings import after_preposition

EXPLAINS = frozenset({"explains", "uncertain_before"})
"""Kinds of words that lead from a finding to the diagnosis that explains it."""

_NEXT_OF_LIST = frozenset({"and", "&", "plus"})
_VERBS = frozenset({"is", "are", "was", "were", "appear", "look"})
_TURNS = frozenset({";", "but", "while", "whereas"})
_PAST_SIZES = frozenset({")", ";", "and", "while", "whereas", "but"})
_SUBORDINATE = frozenset({"but", "although", "though", "while", "whereas", "despite", "however", "because"})
_SHOW = frozenset({"shows", "show", "demonstrates", "demonstrate", "contains"})
_SAY_NOTHING = frozenset({"less", "absent_before", "texture"})
"""Kinds of words beside which an attribute may say nothing of a target."""


@dataclass(slots=True, eq=False)
class Draft:
    """A target with what was found to belong to it.

    Attributes:
        start: Character at which its sentence begins; offsets count from there.
        target: Its words; those of a pronoun where it is spoken of again.
        name: Canonical name of the target.
        presence, triggers: What is said of it, and the words that say so.
        attributes: What describes it.
        article: Introduced as something new ("a nodule").
        apart: Singled out of a group ("the largest").
        more: Other words of the sentence for the same target.
        group: What it was singled out of, where no noun says so.
    """

    start: int
    target: Mention
    name: str
    presence: Presence
    triggers: Sequence[Mention]
    attributes: list[Mention] = field(default_factory=list)
    article: bool = False
    apart: bool = False
    more: Sequence[Mention] = ()
    group: "Draft | None" = None

    def take(self, mentions: Iterable[Mention], start: int) -> None:
        """Add attributes that another sentence states, which begins at character ``start``."""
        self.attributes += [mention.moved(start - self.start) for mention in mentions]

    def has_side(self) -> bool:
        """True when a side is among its attributes."""
        return any(mention.kind == "side" for mention in self.attributes)

    def places(self) -> list[Mention]:
        """Its sides and zones."""
        return [mention for mention in self.attributes if mention.kind in ("side", "zone")]


def attach(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Give every attribute of a sentence to the target it belongs to."""
    if not drafts:
        return
    doubtful = not _SAY_NOTHING.isdisjoint(sentence.kinds)
    for mention in sentence.mentions if not sentence.kinds.isdisjoint(ATTRIBUTES) else ():
        if mention.kind in ATTRIBUTES and not (doubtful and _says_nothing(sentence, mention, drafts, grammar)):
            for draft in _owners(sentence, mention, drafts, grammar):
                if mention not in draft.attributes:
                    draft.attributes.append(mention)
    for draft in drafts:
        draft.article = _introduced(sentence, draft)


def _says_nothing(sentence: Sentence, mention: Mention, drafts: Sequence[Draft], grammar: Grammar) -> bool:
    """True for a degree of an attribute ("moderately hyperintense"), for what is compared, and for what is denied."""
    if mention.kind == "shape" and "texture" in sentence.kinds:
        degree = sentence.tokens[mention.last - 1].word.endswith("ly")
        if degree and any(m.first == mention.last and m.kind == "texture" for m in sentence.mentions):
            return True
    if "less" in sentence.kinds and _compares(sentence, mention, grammar):
        return True
    if "absent_before" not in sentence.kinds:
        return False
    denial = next((m for m in sentence.mentions if m.kind == "absent_before" and m.last == mention.first), None)
    if denial is None or denial.other is not None:
        return False
    following = next((d.target.first for d in drafts if d.target.first >= mention.first), None)
    return following is None or clause_ends(sentence, grammar, mention.last, following, denying=True)


def _compares(sentence: Sentence, mention: Mention, grammar: Grammar) -> bool:
    """True for what stands in a comparison ("less severe at the apices")."""
    return any(
        m.kind == "less"
        and m.last <= mention.first
        and not clause_ends(sentence, grammar, m.last, mention.first)
        and grammar.companions.isdisjoint(sentence.between(m.last, mention.first))
        for m in sentence.mentions
    )


def _introduced(sentence: Sentence, draft: Draft) -> bool:
    """True for "a round nodule" and "possible round nodule": a lesion that was not spoken of before."""
    place = draft.target.first - 1
    if place < 0:
        return False
    own = {p for m in draft.attributes for p in range(m.first, m.last)} if draft.attributes else ()
    while place >= 0 and (place in own or sentence.tokens[place].word == ","):
        place -= 1
    if place < 0:
        return False
    if sentence.tokens[place].word in ("a", "an", "one", "another", "second"):
        return True
    return "uncertain_before" in sentence.kinds and any(
        m.kind == "uncertain_before" and m.last == place + 1 for m in sentence.mentions
    )


def _owners(sentence: Sentence, mention: Mention, drafts: Sequence[Draft], grammar: Grammar) -> Sequence[Draft]:
    before = after = None
    for draft in drafts:
        if draft.target.first <= mention.first and mention.last <= draft.target.last:
            return [d for d in drafts if d.target.first == draft.target.first]
        if draft.target.last <= mention.first:
            before = draft
        elif draft.target.first >= mention.last:
            after = draft
            break
    if after is None or (before is not None and _closes(sentence, mention)):
        return [before] if before is not None and _goes_back(sentence, mention, before, grammar) else ()
    if before is None and mention.kind != "count":
        return _led_by(sentence, mention, drafts, after, grammar)
    gap = _gap(sentence, mention, after)
    ends = clause_ends(sentence, grammar, mention.last, after.target.first)
    direct = not ends and grammar.links.isdisjoint(gap)
    place = mention.kind in ("side", "zone")
    if before is None or mention.kind == "count":
        return [after] if direct and ("," not in gap or before is None) else []
    if place and not ends and not _stays_with(sentence, before, mention):
        return [after]
    if place and ends and _is_subject(sentence, before, mention, grammar):
        return _led_by(sentence, mention, drafts, after, grammar)
    if direct and explains(sentence, mention.last, after) and _stays_with(sentence, before, mention):
        return [before] if _goes_back(sentence, mention, before, grammar) else []
    if not direct or _is_noun(sentence, mention, grammar, gap):
        return [before] if _goes_back(sentence, mention, before, grammar) else []
    if "," in gap:
        chain = sentence.tokens[mention.last : after.target.first]
        plain = all(t.word == "," or sentence.is_attribute(mention.last + i) for i, t in enumerate(chain))
        return [after] if gap == [","] and plain and _opens_chain(sentence, mention, grammar) else [before]
    back = gap and (after_preposition(sentence, mention, grammar) or _is_predicate(sentence, mention, before, grammar))
    return [before] if back else [after]


def _led_by(
    sentence: Sentence, mention: Mention, drafts: Sequence[Draft], after: Draft, grammar: Grammar
) -> Sequence[Draft]:
    """The owners of an attribute that stands before every target: the next; after "Place:" all of the clause."""
    first = after.target.first
    ends = clause_ends(sentence, grammar, mention.last, first)
    if ends:
        if mention.kind not in ("side", "zone"):
            return []
        if ":" in sentence.between(mention.last, first):
            return [d for d in drafts if d is after or not clause_ends(sentence, grammar, first, d.target.first)]
    return [d for d in drafts if d.target.first == first and (not ends or d.presence != "absent")]


def _closes(sentence: Sentence, mention: Mention) -> bool:
    """True for the "3 cm" of "effusion of 3 cm and ..." and "effusion (3 cm) ...": it measures nothing behind it."""
    place = mention.last
    return mention.kind == "size" and place < len(sentence.tokens) and sentence.tokens[place].word in _PAST_SIZES


def _gap(sentence: Sentence, mention: Mention, after: Draft) -> list[str]:
    """Words between a mention and a target that no mention covers, and the "and" that begins "and another"."""
    gap = sentence.between(mention.last, after.target.first)
    return [*gap, "and"] if sentence.tokens[after.target.first].word in _NEXT_OF_LIST else gap


def _is_predicate(sentence: Sentence, mention: Mention, before: Draft, grammar: Grammar) -> bool:
    """True for the "solid" of "the nodule is solid and the mass ..."."""
    place = mention.first - 1
    while place > before.target.last and sentence.is_attribute(place):
        place -= 1
    said = place >= before.target.last and sentence.tokens[place].word in _VERBS
    return said and not clause_ends(sentence, grammar, before.target.last, mention.first)


def _is_subject(sentence: Sentence, before: Draft, mention: Mention, grammar: Grammar) -> bool:
    """True for the "right" of "the left lung is clear; the right lung shows a cavity"."""
    place = mention.last
    while place < len(sentence.tokens) and sentence.is_attribute(place):
        place += 1
    if place == len(sentence.tokens) or sentence.tokens[place].word not in _SHOW:
        return False
    words = {token.word for token in sentence.tokens[before.target.last : mention.first]}
    return not words.isdisjoint({",", *_TURNS, *_NEXT_OF_LIST}) and not after_preposition(sentence, mention, grammar)


def _stays_with(sentence: Sentence, before: Draft, mention: Mention) -> bool:
    """True when nothing new begins between a target and a mention behind it: no "and in ...", no "but"."""
    if _TURNS.isdisjoint(sentence.words) and _NEXT_OF_LIST.isdisjoint(sentence.words):
        return True
    for place in range(before.target.last, mention.first):
        word = sentence.tokens[place].word
        if word in _TURNS or (word in _NEXT_OF_LIST and not sentence.is_attribute(place + 1)):
            return False
    return True


def _goes_back(sentence: Sentence, mention: Mention, before: Draft, grammar: Grammar) -> bool:
    """True when a mention may describe the target before it; what is absent is described directly or not at all."""
    if mention.kind == "count":
        return False
    if before.presence != "absent" or mention.kind not in ("side", "zone"):
        return True
    breaks = [at for at in sentence.breaks if before.target.last <= at < mention.first]
    if any(sentence.tokens[at].word in _SUBORDINATE for at in breaks):
        return False
    gap = {*sentence.between(before.target.last, mention.first)} - {"the", "a", ":"}
    return not gap or not gap.isdisjoint(grammar.prepositions)


def _opens_chain(sentence: Sentence, mention: Mention, grammar: Grammar) -> bool:
    """True for the "pleomorphic" of "with pleomorphic, vesicular nuclei"."""
    if mention.kind not in ("texture", "shape"):
        return False
    place = mention.first - 1
    while place >= 0 and sentence.is_attribute(place):
        place -= 1
    word = sentence.tokens[place].word if place >= 0 else "a"
    return word in grammar.companions or word in ("a", "an", "the", "some", "and", "as")


def _is_noun(sentence: Sentence, mention: Mention, grammar: Grammar, gap: Sequence[str]) -> bool:
    """True for "posterior shadowing" and the "spiculated" of "spiculated margins", unless a target follows at once."""
    if mention.kind not in ("texture", "shape") or not gap:
        return False
    words = [token.word for token in sentence.tokens[mention.last - 1 : mention.last + 2]]
    return not grammar.attribute_nouns.isdisjoint(words)


def explains(sentence: Sentence, first: int, draft: Draft) -> bool:
    """True when words between ``first`` and a diagnosis say that it explains what stands before ("suspicious for")."""
    if EXPLAINS.isdisjoint(sentence.kinds):
        return False
    return any(first <= m.first < draft.target.first for m in sentence.of(*EXPLAINS))
