"""Findings spoken of again or out of a group: pronouns, "the latter", "the largest", two names for one finding."""

from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.drafts import Draft, attribute
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.group_members import is_a_member
from medsegr.cognition.presence import Scopes
from medsegr.cognition.relations import explains
from medsegr.cognition.tags import ATTRIBUTES, PLACES, Sentence, Tag
from medsegr.word_forms import fold

_OPENINGS = ("texture", "size")
"""Kinds of words that a sentence may begin with that goes on without a noun."""


def resumes(sentence: Sentence, grammar: Grammar) -> str | None:
    """Which finding a sentence goes on about ("It measures 9 mm"): ``first``, ``last``, or None."""
    place, words, skipped = 0, sentence.words, grammar["before_resuming"]
    while place < len(words) and words[place] in skipped:
        place += 1
    word = sentence.word(place)
    if not word:
        return None
    if word in grammar["of_the_first"]:
        return "first"
    if word in grammar["goes_on"] or word in grammar["pronouns"] or words[0] == "its":
        return "last"
    if "target" in sentence.kinds:
        return None
    opening = next((tag for tag in sentence.tags if tag.covers(place)), None)
    if opening is None or opening.kind not in ATTRIBUTES:
        return None
    if opening.kind not in PLACES and all(
        sentence.is_attribute(at) or sentence.words[at] in (",", "and") for at in range(place, len(words))
    ):
        return "last"
    if opening.kind not in _OPENINGS:
        return None
    behind = sentence.word(opening.last) or ","
    return "last" if opening.kind == "size" or behind in grammar["behind_opening"] else None


def members(scopes: Scopes, drafts: Sequence[Draft], earlier: Draft | None) -> list[Draft]:
    """Findings singled out of a group without a noun: "the largest in the right lower lobe", "one of them"."""
    found: list[Draft] = []
    sentence, clauses = scopes.sentence, scopes.clauses
    for tag in sentence.of("member"):
        if _noun_follows(clauses, tag) or _is_a_place(sentence, tag, clauses.grammar):
            continue
        group = next((d for d in reversed(drafts) if d.target.last <= tag.first), earlier)
        if group is not None and group.presence != "absent":
            one = attribute(sentence, tag)._replace(kind="count", name="1")
            count = (one,) if is_one(sentence, tag, clauses.grammar) else ()
            words = tag.named("target", group.name)
            said = scopes.of(words)
            presence = "absent" if said.presence == "absent" else group.presence
            cues = tuple(sentence.span(cue) for cue in said.cues)
            found.append(Draft(words, group.name, presence, cues, (sentence.span(tag),), count, apart=True))
    return found


def is_one(sentence: Sentence, tag: Tag, grammar: Grammar) -> bool:
    """True for the "one" of "one of them" and "one is calcified"."""
    behind = sentence.word(tag.first + 1)
    return sentence.words[tag.first] == "one" and (behind == "of" or behind not in grammar["prepositions"])


def inherited(member: Draft, group: Draft) -> Draft:
    """A member with the one side of its group, and its zones where it has no place of its own."""
    sides = group.of("side")
    if member.has_side() or len({one.name for one in sides}) > 1 or any(one.name == "bilateral" for one in sides):
        return member
    zones = [] if member.places() else group.of("zone")
    return member.having([one.from_afar() for one in [*sides, *zones]])


def single_out(clauses: Clauses, drafts: Sequence[Draft]) -> list[Draft]:
    """Mark "including a rounded opacity" and "the largest nodule"."""
    sentence = clauses.sentence
    heads = sentence.of("member", "including")
    marked = list(drafts)
    for number, draft in enumerate(drafts):
        first = draft.target.first
        if any(h.last <= first and _lead(clauses, h.last, first) < 2 for h in heads):
            marked[number] = draft._replace(apart=True)
    return marked


def _lead(clauses: Clauses, first: int, last: int) -> int:
    return sum(not _describes(clauses, place) for place in range(first, last))


def joined(clauses: Clauses, drafts: Sequence[Draft]) -> list[Draft]:
    """Drafts of one sentence, an apposition made one ("pulmonary infection, two infected areas")."""
    kept = list(drafts[:1])
    for one, other in pairwise(drafts):
        alone = kept[-1].target != one.target or is_a_member(clauses.sentence, other.target, clauses.grammar)
        together = None if alone else _joined(clauses.sentence, one, kept[-1], other)
        if together is None:
            kept.append(other)
        else:
            kept[-1] = together
    return kept


def _joined(sentence: Sentence, one: Draft, whole: Draft, other: Draft) -> Draft | None:
    """Two drafts as one, where they name one finding; else None."""
    if one.name != other.name or "absent" in (one.presence, other.presence) or other.apart:
        return None
    explained = explains(sentence, one.target.last, other)
    listed = one.presence == other.presence and not (one.article or other.article)
    if not explained and not (listed and sentence.between(one.target.last, other.target.first) == [","]):
        return None
    whole = whole.having(other.attributes)._replace(words=(*whole.words, *other.words))
    if explained and sentence.words[other.target.last - 1] == fold(other.name):
        return whole._replace(presence=other.presence, cues=other.cues)
    return whole


def referred(clauses: Clauses, tag: Tag, drafts: Sequence[Draft], shown: Sequence[Draft]) -> int | None:
    """Which of the findings shown before and the drafts, in that order, "the latter" or "the former" means."""
    before = [n for n, d in enumerate(drafts) if d.presence != "absent" and d.target.last <= tag.first]
    two = [*range(-len(shown), 0)][-2:] + before
    if len(two) < 2 or _noun_follows(clauses, tag):
        return None
    return two[-1] if tag.kind == "latter" else two[-2]


def pronoun(scopes: Scopes, tag: Tag, draft: Draft) -> Draft:
    """A stand-in for what "the latter" means."""
    said = scopes.of(tag.named("target", draft.name))
    presence = "absent" if said.presence == "absent" else draft.presence
    cues = tuple(scopes.sentence.span(cue) for cue in said.cues)
    return Draft(tag.named("target", draft.name), draft.name, presence, cues, (scopes.sentence.span(tag),))


def _noun_follows(clauses: Clauses, tag: Tag) -> bool:
    following = next((target for target in clauses.targets if target.first >= tag.last), None)
    return following is not None and _lead(clauses, tag.last, following.first) == 0


def _is_a_place(sentence: Sentence, tag: Tag, grammar: Grammar) -> bool:
    """True for the "third" of "in the third part of the duodenum" and "the other" of "the other kidney is normal"."""
    normal = sentence.word(tag.last) == "is" and sentence.word(tag.last + 1) in grammar["calls_normal"]
    led = sentence.word(tag.first - 1) in grammar["prepositions"]
    return led or normal or sentence.word(tag.last) in grammar["sided_nouns"]


def _describes(clauses: Clauses, place: int) -> bool:
    return clauses.sentence.is_attribute(place) or clauses.sentence.words[place] in clauses.grammar["before_a_noun"]
