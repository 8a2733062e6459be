"""Attributes that a sentence denies: the "calcified" of "is not calcified", the "large" of "small, not large"."""

from collections.abc import Collection, Mapping
from itertools import pairwise

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.tags import ATTRIBUTES, PLACES, Sentence, Tag


def denied_attributes(clauses: Clauses) -> frozenset[int]:
    """First words of the attributes that a bare "not", "isn't" or "rather than" denies.

    What it denies follows it with nothing between but articles, verbs of looking and lying, and adverbs, and goes on
    with "or". "But", "and" and a comma end it, and so does a word of another kind: a place behind a look still holds.
    """
    denials = _denials(clauses)
    if not denials:
        return frozenset()
    tags = {tag.first: tag for tag in clauses.sentence.of(*ATTRIBUTES)}
    named = {place for target in clauses.targets for place in range(target.first, target.last)}
    return frozenset(at for first, last in denials for at in _from(clauses, first, last, tags, named))


def contrasts(sentence: Sentence, cue: Tag, words: frozenset[str]) -> bool:
    """True for the "rather than" of "patchy rather than diffuse opacities": it denies a look, and no finding."""
    between = sentence.is_attribute(cue.first - 1) and sentence.is_attribute(cue.last)
    return cue.first > 0 and between and sentence.words[cue.first] in words


def _denials(clauses: Clauses) -> list[tuple[int, int]]:
    """Words [first, last) of the denials, as they may deny an attribute."""
    sentence, grammar, kinds = clauses.sentence, clauses.grammar, clauses.sentence.kinds
    found: list[tuple[int, int]] = []
    if "absent_next" in kinds or "absent_before" in kinds:
        found = [(tag.first, tag.last) for tag in sentence.of("absent_next")]
        found += [(t.first, t.last) for t in sentence.of("absent_before") if t.other is None]
    if "longer" in sentence.known:
        found += [(at, at + 2) for at, pair in enumerate(pairwise(sentence.words)) if pair == ("no", "longer")]
    if "cannot" in sentence.known or "n't" in " ".join(sentence.words):
        negated = [at for at, word in enumerate(sentence.words) if word == "cannot" or word.endswith("n't")]
        found += [(at, at + 1) for at in negated if not any(tag.covers(at) for tag in sentence.tags)]
    return [one for one in found if sentence.word(one[0] - 1) not in grammar["half_denials"]] if found else found


def _from(clauses: Clauses, first: int, last: int, tags: Mapping[int, Tag], named: Collection[int]) -> list[int]:
    """First words of the attributes, by their first word, that the denial of the words [first, last) denies."""
    sentence, grammar = clauses.sentence, clauses.grammar
    led = bool(grammar["contrasts"].intersection(sentence.words[first:last])) or not sentence.within(
        first, last, "absent_before"
    )
    found: list[Tag] = []
    place = last
    while place < len(sentence) and place not in named:
        word, tag = sentence.words[place], tags.get(place)
        if word in grammar["half_denials"]:
            break
        if tag is not None:
            if found and _group(tag) != _group(found[0]):
                break
            found.append(tag)
            place = tag.last
            continue
        listed = word in grammar["alternatives"] or (word == "," and _lists_on(clauses, place))
        opening = not found or sentence.words[place - 1] in grammar["alternatives"]
        if not (listed or _is_plain(clauses, word, opening=opening and led)):
            break
        place += 1
    return [tag.first for tag in found]


def _group(tag: Tag) -> str:
    return "place" if tag.kind in PLACES else "look" if tag.kind in ("texture", "shape") else tag.kind


def _is_plain(clauses: Clauses, word: str, *, opening: bool) -> bool:
    """True for words between a denial and what it denies; prepositions lead to it only where it begins."""
    grammar = clauses.grammar
    if word in grammar["prepositions"] or word in grammar["lies"]:
        return opening
    return word in grammar["before_denied"] or word.endswith("ly")


def _lists_on(clauses: Clauses, place: int) -> bool:
    """True for the comma of "not calcified, spiculated or cavitating"."""
    sentence = clauses.sentence
    at = place + 1
    while at < len(sentence) and (sentence.is_attribute(at) or sentence.words[at] == ","):
        at += 1
    return at > place + 1 and sentence.word(at) in clauses.grammar["alternatives"] and sentence.is_attribute(at + 1)
