"""Which target a place, texture, shape, size or count belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.mentions import ATTRIBUTES, Mention, Sentence
from medsegr.cognition.presence import clause_ends
from medsegr.cognition.priors import Presence
from medsegr.cognition.readings import after_preposition

EXPLAINS = frozenset({"explains", "uncertain_before"})
"""Kinds of words that lead from a finding to the diagnosis that explains it."""


@dataclass(slots=True, eq=False)
class Draft:
    """A target with what was found to belong to it.

    Attributes:
        target: Its words; those of a pronoun where it is spoken of again.
        name: Canonical name of the target.
        presence, triggers: What is said of it, and the words that say so.
        attributes: What describes it.
        article: Introduced as something new ("a nodule").
        apart: Singled out of a group ("the largest").
    """

    target: Mention
    name: str
    presence: Presence
    triggers: list[Mention]
    attributes: list[Mention] = field(default_factory=list)
    article: bool = False
    apart: bool = False

    def places(self) -> list[Mention]:
        """Its sides and zones."""
        return [
            mention for mention in self.attributes if mention.kind in ("side", "zone")
        ]


def attach(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Give every attribute of a sentence to the target it belongs to."""
    if not drafts:
        return
    for mention in sentence.mentions:
        if mention.kind in ATTRIBUTES and not _compares(sentence, mention, grammar):
            for draft in _owners(sentence, mention, drafts, grammar):
                if mention not in draft.attributes:
                    draft.attributes.append(mention)
    for draft in drafts:
        draft.article = _introduced(sentence, draft)


def _compares(sentence: Sentence, mention: Mention, grammar: Grammar) -> bool:
    """True for what stands in a comparison ("less severe at the apices")."""
    return any(
        m.kind == "less"
        and m.last <= mention.first
        and not clause_ends(sentence, grammar, m.last, mention.first)
        for m in sentence.mentions
    )


def _introduced(sentence: Sentence, draft: Draft) -> bool:
    """True for "a round nodule" and "possible round nodule": a lesion that was not spoken of before."""
    place = draft.target.first - 1
    own = {p for m in draft.attributes for p in range(m.first, m.last)}
    while place >= 0 and (place in own or sentence.tokens[place].word == ","):
        place -= 1
    hedged = any(
        m.kind == "uncertain_before" and m.last == place + 1 for m in sentence.mentions
    )
    return place >= 0 and (
        hedged or sentence.tokens[place].word in ("a", "an", "one", "another", "second")
    )


def _owners(
    sentence: Sentence, mention: Mention, drafts: Sequence[Draft], grammar: Grammar
) -> Sequence[Draft]:
    before = after = None
    for draft in drafts:
        if draft.target.first <= mention.first and mention.last <= draft.target.last:
            return [d for d in drafts if d.target.first == draft.target.first]
        if draft.target.last <= mention.first:
            before = draft
        elif draft.target.first >= mention.last:
            after = draft
            break
    if after is None:
        return [before] if before is not None and mention.kind != "count" else []
    gap = sentence.between(mention.last, after.target.first)
    open_ = not clause_ends(sentence, grammar, mention.last, after.target.first)
    direct = open_ and grammar.links.isdisjoint(gap)
    if mention.kind == "count":
        return [after] if direct and "," not in gap else []
    if before is None:
        if direct or mention.kind not in ("side", "zone"):
            return (
                [d for d in drafts if d.target.first == after.target.first]
                if open_
                else []
            )
        return [
            d
            for d in drafts
            if d is after
            or not clause_ends(sentence, grammar, mention.last, d.target.first)
        ]
    if not direct or "," in gap or _is_noun(sentence, mention, grammar, gap):
        return [before]
    if gap and after_preposition(sentence, mention, grammar):
        return [before]
    return [after]


def _is_noun(
    sentence: Sentence, mention: Mention, grammar: Grammar, gap: Sequence[str]
) -> bool:
    """True for "posterior shadowing" and the "spiculated" of "spiculated margins", unless a target follows at once."""
    if mention.kind not in ("texture", "shape") or not gap:
        return False
    words = [
        token.word for token in sentence.tokens[mention.last - 1 : mention.last + 2]
    ]
    return not grammar.attribute_nouns.isdisjoint(words)


def share(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Targets in a list share a place that stands before or after it, a companion that of its finding."""
    if len(drafts) < 2:
        return
    _share_forward(sentence, drafts, grammar)
    pairs = [
        (a, b) for a, b in pairwise(drafts) if "absent" not in (a.presence, b.presence)
    ]
    for one, other in reversed(pairs):
        gap = set(sentence.between(one.target.last, other.target.first))
        if not one.places() and gap <= grammar.list_words:
            one.attributes += [
                m for m in other.places() if m.first >= other.target.last
            ]


def _share_forward(
    sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar
) -> None:
    shown = [draft for draft in drafts if draft.presence != "absent"]
    for number, (one, other) in enumerate(pairwise(shown)):
        if other.places():
            continue
        gap = set(sentence.between(one.target.last, other.target.first))
        explained = number == 0 and _explains(sentence, one, other)
        if not explained and any(
            one.target.last <= at < other.target.first for at in sentence.breaks
        ):
            continue
        with_it = bool(gap & grammar.companions)
        lung = one.name in grammar.lung_findings and other.name in grammar.lung_findings
        if explained:
            other.attributes += one.places()
        elif gap <= grammar.list_words | grammar.companions | grammar.fillers:
            led = [m for m in one.places() if m.first < one.target.first or with_it]
            other.attributes += [
                m for m in led if m.kind == "side" or lung or not with_it
            ]


def _explains(sentence: Sentence, one: Draft, other: Draft) -> bool:
    """True for a diagnosis behind the only finding it explains ("suspicious for infarct")."""
    return any(
        m.kind in EXPLAINS and one.target.last <= m.first < other.target.first
        for m in sentence.mentions
    )
