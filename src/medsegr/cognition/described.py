"""What a sentence says of its findings, and of earlier ones that it goes on about."""

from collections.abc import Iterator, Sequence

from medsegr.cognition.attributes import attach
from medsegr.cognition.drafts import Draft, stand_in
from medsegr.cognition.groups import inherited, joined, members, pronoun, referred, resumes, single_out
from medsegr.cognition.heads import Heads
from medsegr.cognition.presence import Scopes
from medsegr.cognition.sharing import share

_SPEAKS_AGAIN = frozenset({"member", "including", "latter", "former"})
"""Kinds of words that speak of another finding, or single one out."""


def described(
    scopes: Scopes, heads: Heads, known: tuple[Draft, ...], new: list[Draft]
) -> tuple[tuple[Draft, ...], list[Draft]]:
    """The earlier findings and the new ones, with what a sentence says of them."""
    sentence, clauses = scopes.sentence, scopes.clauses
    shown = [number for number, draft in enumerate(known) if draft.presence != "absent"]
    going_on = resumes(sentence, scopes.grammar) if shown else None
    if going_on is None and sentence.kinds.isdisjoint(_SPEAKS_AGAIN):
        return known, by_itself(scopes, heads, new)
    grouped = members(scopes, new, known[shown[-1]] if shown else None) if "member" in sentence.kinds else []
    groups = {id(m): _group_of(m, new, known, shown) for m in grouped}
    new = sorted([*new, *grouped], key=_first)
    stands = list(_stand_ins(scopes, going_on, known, shown, new))
    told_of = sorted([*(draft for draft, _ in stands), *new], key=_first)
    owned = attach(clauses, told_of, heads.regions)
    by_old = {id(old): fresh for old, fresh in zip(told_of, owned, strict=True)}
    fresh = [by_old[id(draft)] for draft in new]
    fresh = [
        inherited(draft, by_old.get(id(groups[id(old)]), groups[id(old)])) if id(old) in groups else draft
        for old, draft in zip(new, fresh, strict=True)
    ]
    earlier, fresh = _given_back(known, fresh, [(by_old[id(draft)], number) for draft, number in stands])
    if not sentence.kinds.isdisjoint(("member", "including")):
        fresh = single_out(clauses, fresh)
    return earlier, joined(clauses, share(clauses, fresh))


def by_itself(scopes: Scopes, heads: Heads, new: list[Draft]) -> list[Draft]:
    """The findings of a sentence that says nothing of earlier ones, with what it says of them."""
    clauses = scopes.clauses
    return joined(clauses, share(clauses, attach(clauses, new, heads.regions))) if new else []


def goes_on(scopes: Scopes) -> bool:
    """True where a sentence may say something of earlier findings."""
    sentence = scopes.sentence
    return not sentence.kinds.isdisjoint(_SPEAKS_AGAIN) or resumes(sentence, scopes.grammar) is not None


def _first(draft: Draft) -> int:
    return draft.target.first


def _group_of(member: Draft, new: Sequence[Draft], known: Sequence[Draft], shown: Sequence[int]) -> Draft:
    before = [draft for draft in new if draft.target.last <= member.target.first]
    return before[-1] if before else known[shown[-1]]


def _stand_ins(
    scopes: Scopes, going_on: str | None, known: Sequence[Draft], shown: Sequence[int], new: Sequence[Draft]
) -> Iterator[tuple[Draft, int]]:
    """Stand-ins for findings that pronouns mean, each with the number of what is meant: of an earlier one, or, below
    zero, of a new one counted from the end."""
    if going_on is not None:
        number = shown[0] if going_on == "first" else shown[-1]
        yield stand_in(known[number]), number
    for tag in scopes.sentence.of("latter", "former"):
        meant = referred(scopes.clauses, tag, new, [known[number] for number in shown])
        if meant is not None:
            number = shown[meant] if meant < 0 else meant - len(new)
            yield pronoun(scopes, tag, known[number] if meant < 0 else new[meant]), number


def _given_back(
    known: tuple[Draft, ...], new: Sequence[Draft], told: Sequence[tuple[Draft, int]]
) -> tuple[tuple[Draft, ...], list[Draft]]:
    """Earlier and new findings with what was said of their stand-ins."""
    if not told:
        return known, list(new)
    earlier, fresh = list(known), list(new)
    for draft, number in told:
        table, own = (fresh, number) if number < 0 else (earlier, number)
        more = [one.from_afar() for one in draft.attributes if one.kind != "count"]
        whole = table[own].having(more)._replace(words=(*table[own].words, *draft.words))
        table[own] = whole._replace(presence="absent", cues=draft.cues) if draft.presence == "absent" else whole
    return tuple(earlier), fresh
