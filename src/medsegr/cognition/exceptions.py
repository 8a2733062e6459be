"""The "but" that leaves a place out: "in all lobes but the right middle lobe", "everywhere but the left apex"."""

from collections.abc import Sequence

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.tags import PLACES, Tag
from medsegr.cognition.vocabulary import Wording


def with_exceptions(wording: Wording, tags: list[Tag], grammar: Grammar) -> list[Tag]:
    """The tags, with every "but" that stands between all places and one of them read as "except"."""
    words = wording.words
    covered = {place for tag in tags if tag.kind in PLACES for place in range(tag.first, tag.last)}
    found = [place for place, word in enumerate(words) if word == "but"]
    found = [place for place in found if _follows_all(words, place, covered, grammar)]
    cuts = [place for place in found if _leaves_out(words, place, covered, grammar)]
    if not cuts:
        return tags
    kept = [tag for tag in tags if tag.first not in cuts]
    return [*kept, *(Tag("except", "except", place, place + 1) for place in cuts)]


def _follows_all(words: Sequence[str], but: int, covered: set[int], grammar: Grammar) -> bool:
    """True where nothing but names of places leads from "all" or "every" to the word."""
    place = but - 1
    while place >= 0 and words[place] not in grammar["quantifies"] and _names(words, place, covered, grammar):
        place -= 1
    return place >= 0 and words[place] in grammar["quantifies"]


def _leaves_out(words: Sequence[str], but: int, covered: set[int], grammar: Grammar) -> bool:
    """True where a place follows the word at once, and nothing is said of it."""
    place = but + 1
    while place < len(words) and (words[place] == "and" or _names(words, place, covered, grammar)):
        place += 1
    ends = place == len(words) or words[place] in grammar["signs"] or words[place] == ")"
    return ends and not covered.isdisjoint(range(but + 1, place)) and words[but + 1] not in grammar["at"]


def _names(words: Sequence[str], place: int, covered: set[int], grammar: Grammar) -> bool:
    word = words[place]
    nouns = word in grammar["place_nouns"] or word in grammar["body_parts"] or word in grammar.organs
    return place in covered or nouns or word in ("the", "of", "segment", "region", "area", "quadrant")
