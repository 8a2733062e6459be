"""Where a scope ends: the one place that knows which links part clauses, and for whom.

A link is a word or sign between two stretches of a sentence: a comma, "and", "but", "which", a colon, a full stop
without a blank. What an attribute may pass, what a denial reaches ahead, and what a cue reaches back differ by link.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.tags import Sentence, Tag

Stretch = tuple[int, int]
"""Words [first, last)."""

_RUNS_ON = 3
"""Words within which a cue must follow a link that it looks back over."""


class Clauses:
    """The links of one sentence."""

    def __init__(self, sentence: Sentence, grammar: Grammar) -> None:
        self.sentence = sentence
        self.grammar = grammar
        self.breaks = [tag[2] for tag in sentence.of("breaks", "except") if not self._is_subordinate(tag[2])]
        links = grammar["links_words"]
        joins = [] if links.isdisjoint(sentence.known) else [w for w in enumerate(sentence.words) if w[1] in links]
        self.ands, self.ors, self.signs = list[int](), list[int](), list[int]()
        for at, word in joins:
            (self.ands if word in ("and", "&") else self.ors if word in ("or", "nor") else self.signs).append(at)
        self.targets = sentence.of("target")
        self._stretches: list[Stretch] | None = None

    @property
    def firm_breaks(self) -> list[int]:
        """The breaks that end more than a companion does."""
        return [at for at in self.breaks if self.sentence.words[at] not in self.grammar["soft_breaks"]]

    def _is_subordinate(self, place: int) -> bool:
        """True for the "there is" of "unclear whether there is", the "contains" of "neither lung contains"."""
        words, grammar = self.sentence.words, self.grammar
        ahead = words[max(0, place - 8) : place]
        subject = words[place] in grammar["shows"] and not grammar["says_neither"].isdisjoint(ahead)
        return (subject or not grammar["conjunctions"].isdisjoint(ahead)) and "," not in ahead

    def parted(self, first: int, last: int) -> bool:
        """True when a clause ends among the words [first, last), for a place, texture, shape, size or count."""
        if self.breaks and any_in(self.breaks, first, last):
            return True
        words = self.sentence.words
        for at in self.signs:
            if first <= at < last and (words[at] in (";", ":") or self._opens_thought(at) or self.is_stop(at)):
                return True
        return False

    def _opens_thought(self, at: int) -> bool:
        """True for the comma of ", there is ..."."""
        return self.sentence.words[at] == "," and self.sentence.word(at + 1) in self.grammar["new_thoughts"]

    def ahead(self, first: int, *, denying: bool) -> int:
        """The first word that a cue before ``first`` does not reach.

        A denial does not pass a question mark, nor a comma, dash or "and" before what is described as seen, unless
        the list goes on with "or"; nor an article right behind a target ("removal of the drain a pneumothorax").
        """
        words, articles = self.sentence.words, self.grammar["articles"]
        anew = [t.last for t in self.targets if first <= t.first and self.sentence.word(t.last) in articles]
        links = {*self.breaks, *self.signs, *((*self.ands, *anew) if denying else ())}
        if not links:
            return len(words)
        begin = self._past_colon(first)
        if not denying and first <= 2 and self.sentence.word(first) == ",":
            begin = first + (3 if self.sentence.word(first + 1) == "there" else 1)
        listing = words[begin - 1] == ":"
        for at in sorted(links):
            goes_on = at < begin or (listing and words[at] == ";")
            if not goes_on and (at in self.breaks or self._stops_ahead(at, begin, denying)):
                return at
        return len(words)

    def _past_colon(self, first: int) -> int:
        """One past the colon that heads a list right behind a cue ("No evidence of the following: ...")."""
        words, place = self.sentence.words, first
        while place < len(words) and words[place] in self.grammar["list_heads"]:
            place += 1
        return place if place > first and words[place - 1] == ":" else first

    def _stops_ahead(self, at: int, first: int, denying: bool) -> bool:
        word = self.sentence.words[at]
        if word in (";", ":") or self.is_stop(at) or (word == "?" and denying):
            return True
        if word.isalpha() and word in self.grammar["articles"]:
            return True
        if self._opens_thought(at):
            return True
        if not denying:
            return False
        following = next((tag for tag in self.targets if tag.first > at), None)
        if following is None:
            return False
        if self._elsewhere_again(first, at, following) or self._is_hedged(at + 1):
            return True
        if word in ("and", "&"):
            denied = any(first <= tag.first < at for tag in (*self.targets, *self.sentence.of("side")))
            return denied and self.is_described(at + 1, following.first)
        return word != "?" and self._describes_anew(first, at + 1, following)

    def _is_hedged(self, place: int) -> bool:
        """True for ", possible effusion": what is hedged is denied no more."""
        return any(tag.first == place for tag in self.sentence.of("uncertain_before"))

    def _elsewhere_again(self, first: int, at: int, target: Tag) -> bool:
        """True for "no mass and in the left breast a mass": the same finding, at another place."""
        again = any(first <= tag.first < at and tag.name == target.name for tag in self.targets)
        return again and bool(self.sentence.within(at, target.first, "side", "zone"))

    def is_described(self, first: int, last: int) -> bool:
        """True for the words [first, last) of "small effusion" and "unchanged effusion", where no "or" follows."""
        if self.ors and self.ors[-1] >= first:
            return False
        words, states = self.sentence.words, self.grammar["own_states"]
        if any(words[place] in states for place in range(first, last)):
            return True
        sizes = self.grammar["own_sizes"]
        return any(tag.kind in ("size", "count") or tag.name in sizes for tag in self.sentence.within(
            first, last, "size", "count", "shape"))  # fmt: skip

    def _describes_anew(self, denied: int, first: int, target: Tag) -> bool:
        """True for ", small effusion" and ", left effusion", where no "or" goes on with the list from ``denied``."""
        if self.is_described(first, target.first) or self._is_opposite(denied, first, target):
            return True
        here = self.sentence.within(first, target.first, "side")
        there = self.sentence.within(denied, first, "side")
        return bool(here) and not there and not self._listed(denied)

    def _listed(self, first: int) -> bool:
        return bool(self.ors and self.ors[-1] >= first) or bool(self.ands and self.ands[-1] >= first)

    def _is_opposite(self, denied: int, first: int, target: Tag) -> bool:
        """True for "on the right, chest tube on the left", where no "or" or "and" goes on with the list."""
        if self._listed(denied):
            return False
        limit = next((tag.first for tag in self.targets if tag.first > target.first), len(self.sentence))
        there, here = self.sentence.within(denied, first, "side"), self.sentence.within(first, limit, "side")
        return len(there) == len(here) == 1 and {there[0].name, here[0].name} == {"left", "right"}

    def behind(self, last: int, *, finite: bool = False, resumes: bool = False) -> int:
        """The first word that a cue that begins at ``last`` reaches back to.

        Args:
            last: First word of the cue.
            finite: It begins with a verb of its own ("is not excluded").
            resumes: It may say so of what a pronoun stands for ("which has resolved", "; this has resolved").
        """
        links = {*self.breaks, *self.signs, *self.ands}
        if not links:
            return 0
        start = self._past_pronoun(last) if resumes else last
        inserted = self._inserted() if len(self.signs) > 1 else ()
        for at in sorted(links, reverse=True):
            if at < start and at not in inserted and self._stops_behind(at, last, start, finite):
                return at + 1
        return 0

    def _inserted(self) -> set[int]:
        """Words of ", which was 6 mm," and its like: what stands behind goes on with what stands before."""
        commas = [at for at in self.signs if self.sentence.words[at] == ","]
        relatives = self.grammar["opens_insert"]
        return {at for a, b in pairwise(commas) if self.sentence.word(a + 1) in relatives for at in range(a, b + 1)}

    def _past_pronoun(self, last: int) -> int:
        """Where what "which", "this" or a comma before a cue stands for ends, less its link; else the cue's place."""
        words, grammar = self.sentence.words, self.grammar
        place = last - 1
        while place > 0 and words[place] in grammar["auxiliaries"]:
            place -= 1
        if place > 0 and words[place] == ",":
            return place
        if place <= 0 or words[place] not in grammar["relatives"]:
            return last
        while place > 0 and words[place - 1] in grammar["before_relatives"]:
            place -= 1
        return place

    def _stops_behind(self, at: int, last: int, start: int, finite: bool) -> bool:
        words = self.sentence.words
        if at in self.breaks:
            whole = next((tag.last for tag in self.sentence.of("breaks") if tag.first == at), at)
            return whole != last and last - at > self._reach_over(words[at])
        if words[at] in ("and", "&"):
            return self._new_clause(at, start, finite)
        if words[at] == ";" or self.is_stop(at):
            return True
        if words[at] == "(":
            return ")" not in words[at:last] and any(at < tag.first < last for tag in self.targets)
        if words[at] != ",":
            return False
        listed = any(words[place] in ("and", "or", "nor", "&") for place in range(at, start))
        return self.sentence.word(at + 1) in self.grammar["new_thoughts"] or not listed

    def _reach_over(self, link: str) -> int:
        """Words within which a cue must follow a link to look back over it."""
        return _RUNS_ON if link in self.grammar["runs_on_over"] else 0

    def _new_clause(self, at: int, last: int, finite: bool) -> bool:
        """True for "the effusion has increased and the consolidation ...": another finding is spoken of."""
        named = (*self.targets, *self.sentence.of("member"))
        if not any(at <= tag.first < last for tag in named):
            return False
        before = [tag for tag in self.targets if tag.last <= at]
        if not before:
            return False
        words, verbs = self.sentence.words, self.grammar["tells"]
        told = any(words[place] in verbs for place in range(before[-1].last, at))
        led = finite and any(words[b] == "there" and b < before[-1].first for b in self.breaks)
        return told or led

    def is_stop(self, at: int) -> bool:
        """True for a full stop within a unit, less that of a number in a list."""
        if self.sentence.words[at] != ".":
            return False
        near = self.sentence.word(at - 1), self.sentence.word(at + 1)
        return "." not in near and not near[0].isdigit() and near[0] not in self.grammar["short_words"]

    def stretches(self) -> Sequence[Stretch]:
        """The words [first, last) between the links that part clauses."""
        if self._stretches is None:
            ends, words = self.grammar["parts_clauses"], self.sentence.words
            cuts = [] if ends.isdisjoint(self.sentence.known) else [at for at, word in enumerate(words) if word in ends]
            if "except" in self.sentence.kinds:
                cuts = [at for at in cuts if not any(tag.covers(at) for tag in self.sentence.of("except"))]
            edges = pairwise((-1, *cuts, len(words)))
            self._stretches = [(one + 1, other) for one, other in edges if other > one + 1]
        return self._stretches


def any_in(places: Sequence[int], first: int, last: int) -> bool:
    """True when one of the places, in order, is in [first, last)."""
    at = bisect_left(places, first)
    return at < len(places) and places[at] < last
