"""Reads sentences: one longest-match pass finds what their words mean, and gives typed tags."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from medsegr.cognition.exceptions import with_exceptions
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.group_members import counts_two, with_members
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meanings
from medsegr.cognition.numerals import counts, more_numbers
from medsegr.cognition.phrases import phrases_at
from medsegr.cognition.sizes import SizeFinder
from medsegr.cognition.tags import PLACES, Sentence, Tag, place_of
from medsegr.cognition.vocabulary import Vocabulary, Wording, lower
from medsegr.word_forms import is_plural

_tag = tuple.__new__
"""Makes a tag of all its parts at once; many are made."""

_DIGIT = re.compile(r"\d")


class Tagger:
    """Finds what sentences say, in pictures of any modality."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.vocabulary = Vocabulary(lexicon)
        self._sizes = SizeFinder(lexicon)
        self._meanings: dict[str | None, Meanings] = {}

    def meanings_for(self, modality: str | None) -> Meanings:
        """What phrases mean in pictures of a modality."""
        if modality not in self._meanings:
            self._meanings[modality] = Meanings(self.lexicon, self.grammar, modality)
        return self._meanings[modality]

    def read(self, text: str, modality: str | None, start: int = 0) -> Sentence:
        """The sentence ``text``, which begins at a character of a report, with all readings of its words."""
        wording = self.vocabulary.wording_of(text)
        lowered = lower(text)
        meanings = self.meanings_for(modality)
        tags = _phrases(wording, meanings)
        if not self.grammar["of_a_patient"].isdisjoint(wording.known):
            tags = [tag for tag in tags if self._is_meant(wording, tag)]
        stated = [tag for tag in self._stated(text, lowered, wording) if meanings.may_speak_of(tag.name)]
        stated = [tag for tag in stated if not self._describes(wording, tag, tags)]
        blocked: set[int] = set()
        if stated:
            blocked.update(place for tag in stated for place in tag.places())
            tags = [_up_to(wording, tag, blocked) for tag in tags]
            tags = stated + [tag for tag in tags if tag.first not in blocked or _stays(tag, meanings)]
        told = len(tags)
        tags += self._inside(wording, tags, meanings)
        tags = self._completed(wording, tags, meanings)
        if _DIGIT.search(text) or "metre" in lowered or "meter" in lowered:
            sizes = list(self._measured(text, lowered, wording))
            if sizes:
                measured = {place for tag in sizes for place in range(tag.first, tag.last)}
                tags = [tag for tag in tags if tag.first not in measured] + sizes
            tags += counts(wording, tags)
            tags.sort(key=place_of)
        elif stated or len(tags) > told:
            tags.sort(key=place_of)
        return Sentence(wording, with_members(wording, tags, self.grammar), start)

    def _is_meant(self, wording: Wording, tag: Tag) -> bool:
        """False for the "#" that is a number or a heading, the "V" that is one, and a side that is the patient's."""
        if tag.kind == "versus":
            ahead = wording.words[tag.first - 1] if tag.first else ""
            numbered = self.grammar["numbered"] | self.grammar["between_numbers"]
            return wording.tokens[tag.first].text != "V" and ahead not in numbered
        if wording.words[tag.first] == "#" and tag.last == tag.first + 1:
            return self._breaks_a_bone(wording, tag.first)
        return tag.kind != "side" or not self._of_the_patient(wording, tag)

    def _breaks_a_bone(self, wording: Wording, place: int) -> bool:
        words, bones = wording.words, self.grammar["bones"]
        behind = words[place + 1 : place + 5]
        if place > 0 and words[place - 1] in bones and not (behind and behind[0][:1].isdigit()):
            return True
        if not behind or not behind[0].isalpha():
            return False
        heading = place == 0 and len(words) <= 3 and all(word.isalpha() or word == ":" for word in words[1:])
        return not heading and not bones.isdisjoint(behind)

    def _of_the_patient(self, wording: Wording, tag: Tag) -> bool:
        """True for "left-handed", "right-sided weakness", "rotated to the right", "marker on the right"."""
        words, grammar = wording.words, self.grammar
        behind = [word for word in words[tag.last : tag.last + 3] if word not in grammar["side_words"]][:2]
        if not grammar["of_the_patient"].isdisjoint(behind):
            return True
        if len(behind) == 2 and behind[0] in grammar["bare_places"] and behind[1] in grammar["quadrants"]:
            return True
        ahead = [word for word in words[max(0, tag.first - 4) : tag.first] if word not in grammar["to_a_patient"]]
        return bool(ahead) and ahead[-1] in grammar["patient_verbs"]

    def _stated(self, text: str, lowered: str, wording: Wording) -> Iterator[Tag]:
        states = [token.states for token in wording.tokens if token.states]
        statements = self.vocabulary.statements
        rules = statements.possible(states)
        for stated in statements.of(rules, text, lowered) if rules else ():
            own = _words_in(wording, stated.start, stated.end)
            said = _words_in(wording, *stated.said) if stated.said else None
            if own is None:
                continue
            hedged = any(self._is_hedged(wording, *words) for words in (own, said) if words)
            told = "absent" if self._is_denied(wording, own[0]) else stated.presence
            for name in stated.targets:
                yield Tag("target", name, *own, "uncertain" if hedged else told, said=said)

    def _is_denied(self, wording: Wording, first: int) -> bool:
        """True for "no enlarged spleen", "no longer intubated"."""
        ahead = [word for word in wording.words[max(0, first - 2) : first] if word != "longer"]
        return bool(ahead) and ahead[-1] in self.grammar["negators"]

    def _describes(self, wording: Wording, stated: Tag, tags: Sequence[Tag]) -> bool:
        """True for the "fine" of "Lungs: fine nodules", the "free" of "pleural space: free fluid"."""
        last = (stated.said[1] if stated.said else stated.last) - 1
        return wording.words[last] in self.grammar["also_looks"] and any(
            tag.first <= last + 1 < tag.last and tag.kind in ("target", "texture", "combined") for tag in tags
        )

    def _is_hedged(self, wording: Wording, first: int, last: int) -> bool:
        """True for "the heart is possibly enlarged", "the lungs are probably clear", "whether a hilum is large"."""
        doubts, words = self.grammar["doubts"], wording.words
        while first > 0 and (words[first - 1] in doubts or words[first - 1] in self.grammar["inserts"]):
            first -= 1
        return not doubts.isdisjoint(words[first:last])

    def _inside(self, wording: Wording, tags: Sequence[Tag], meanings: Meanings) -> list[Tag]:
        """Sides and zones within the words of a target, and sides within those of a zone."""
        found: list[Tag] = []
        words = wording.words
        sided = not self.grammar["sides"].isdisjoint(wording.known)
        for tag in tags:
            if tag[3] - tag[2] < 2 or tag[0] not in ("target", "zone", "member"):
                continue
            target = self.lexicon.targets[tag.name] if tag.kind == "target" else None
            for place in range(tag.first, tag.last) if sided and not (target and target.side) else ():
                side = self._side_of(words[place])
                if side and side not in tag.name and not any(o.kind == "side" and o.first == place for o in tags):
                    found.append(Tag("side", side, place, place + 1))
            if target and sum(o.kind == "target" and o.first == tag.first for o in tags) == 1:
                own = tuple(words[tag.first : tag.last])
                for name, first, last in meanings.zones_within(self.vocabulary.begins, tag.name, own):
                    if tag.presence is not None and self.lexicon.zones[name].region == "any":
                        continue
                    found.append(Tag("zone", name, tag.first + first, tag.first + last))
        return found

    def _measured(self, text: str, lowered: str, wording: Wording) -> Iterator[Tag]:
        for size in self._sizes.find(text, lowered):
            first, last = bisect_left(wording.starts, size.start), bisect_left(wording.starts, size.end)
            if first < last:
                yield Tag("size", ";".join(f"{axis:g}" for axis in size.axes_mm), first, last)

    def _side_of(self, word: str) -> str | None:
        if word in ("left", "right"):
            return word
        return "bilateral" if word in self.grammar["both_sides"] else None

    def _completed(self, wording: Wording, tags: list[Tag], meanings: Meanings) -> list[Tag]:
        """The tags, less pronouns, and those that only the words around them give a meaning."""
        grammar, words = self.grammar, wording.known
        if not grammar["both_of_findings"].isdisjoint(words):
            tags = [tag for tag in tags if not (tag.kind == "side" and counts_two(wording, tag, tags, grammar))]
        if not grammar["movements"].isdisjoint(words):
            tags = [tag for tag in tags if not self._is_a_direction(wording, tag)]
        if not grammar["numbered"].isdisjoint(words):
            tags += more_numbers(wording, tags, self.lexicon, grammar)
        if not grammar["paired_organs"].isdisjoint(words):
            tags += self._pairs(wording, tags)
        if not grammar["bare_places"].isdisjoint(words):
            tags += self._short_places(wording, tags, meanings)
        if "but" in words and not grammar["quantifies"].isdisjoint(words):
            tags = with_exceptions(wording, tags, grammar)
        if not grammar["copulas"].isdisjoint(words):
            around = self._around_places(wording, tags, meanings)
            taken = {place for tag in around for place in range(tag.first, tag.last)}
            tags = [tag for tag in tags if tag.first not in taken] + around if around else tags
        return tags

    def _around_places(self, wording: Wording, tags: Sequence[Tag], meanings: Meanings) -> list[Tag]:
        """ "density ... is high" in "the density in the upper right is high": a place stands within the phrase."""
        words, found = wording.words, []
        for place, token in enumerate(wording.tokens):
            begins = token.begins
            if begins is None or not ("is" in begins.longer or "are" in begins.longer):
                continue
            copula = self._after_place(words, tags, place + 1)
            joined = (*words[: place + 1], *words[copula:])
            if copula <= place + 1:
                continue
            for last, phrase in phrases_at(begins, joined, place, self.grammar["inserts"]):
                said = [c for c in meanings.choose(phrase, joined, last) if c.kind in ("texture", "shape")]
                if last > place + 2 and said:
                    ends = copula + last - place - 1
                    for kind, name, _ in said:
                        found += [Tag(kind, name, place, place + 1), Tag(kind, name, copula + 1, ends)]
                    break
        return found

    def _after_place(self, words: Sequence[str], tags: Sequence[Tag], place: int) -> int:
        """Where a copula stands with nothing but a place before it, from ``place`` on; 0 where none does."""
        skipped, copulas = self.grammar["leads_and_fills"] - self.grammar["copulas"], self.grammar["copulas"]
        covered = {i for tag in tags if tag.kind in PLACES for i in range(tag.first, tag.last)}
        start = place
        while place < len(words) and (place in covered or words[place] in skipped):
            place += 1
        told = not covered.isdisjoint(range(start, place))
        return place if told and place < len(words) and words[place] in copulas else 0

    def _is_a_direction(self, wording: Wording, tag: Tag) -> bool:
        """True for the "dorsal" of "dorsal angulation"."""
        if tag.kind != "zone" or self.lexicon.zones[tag.name].region != "any":
            return False
        return not self.grammar["movements"].isdisjoint(wording.words[tag.last : tag.last + 1])

    def _pairs(self, wording: Wording, tags: Sequence[Tag]) -> Iterator[Tag]:
        """Both sides, where an organ that exists twice stands in the plural ("the lungs")."""
        for place, token in enumerate(wording.tokens):
            if token.word not in self.grammar["paired_organs"] or not is_plural(token.text):
                continue
            if place == 0 and len(wording.words) > 1 and wording.words[1] in self.grammar["behind_a_heading"]:
                continue
            if not any(tag.covers(place) for tag in tags if tag.kind in ("target", "zone", "side")):
                yield Tag("side", "bilateral", place, place + 1)

    def _short_places(self, wording: Wording, tags: Sequence[Tag], meanings: Meanings) -> list[Tag]:
        """ "mid" in "mid to lower zones" and "upper" in "right upper and left lower zones": the noun comes later."""
        bare, words = self.grammar["bare_places"], wording.words
        found: list[Tag] = []
        for zone in tags:
            noun = words[zone.last - 1]
            if zone.kind != "zone" or noun not in self.grammar["place_nouns"]:
                continue
            place = zone.first - 1
            while place >= 0 and (words[place] in bare or words[place] in self.grammar["between_places"]):
                if words[place] in bare:
                    named = meanings.zones_within(self.vocabulary.begins, "", (words[place], noun))
                    found += [Tag("zone", name, place, place + 1) for name, _, _ in named[:1]]
                place -= 1
        return [tag for tag in found if not any(o.covers(tag.first) for o in tags)]


def _phrases(wording: Wording, meanings: Meanings) -> list[Tag]:
    """What phrases mean, from left to right, the longest first, none overlapping; what means nothing is passed by."""
    tokens, words = wording.tokens, wording.words
    plain, inserts = meanings.plain_in(wording.known), meanings.grammar["inserts"]
    found: list[Tag] = []
    following, count = 0, len(words)
    for place, token in enumerate(tokens):
        begins = token.begins
        if begins is None or place < following:
            continue
        goes_on = place + 1 < count and (words[place + 1] in begins.longer or words[place + 1] in inserts)
        for last, phrase in phrases_at(begins, words, place, inserts) if goes_on else ((place + 1, begins),):
            chosen = plain[phrase] if plain is not None else meanings.choose(phrase, words, last)
            if chosen:
                for kind, name, other in chosen:
                    found.append(_tag(Tag, (kind, name, place, last, None, other, None)))
                following = last
                break
    return found


def _stays(tag: Tag, meanings: Meanings) -> bool:
    """True for a degree or side that stands within the words of a statement: it says more than these."""
    side = tag.kind == "side" and tag.name != "midline"
    return side or meanings.is_degree(tag.kind, tag.name)


def _words_in(wording: Wording, start: int, end: int) -> tuple[int, int] | None:
    """Words [first, last) of which characters [start, end) of a sentence hold something."""
    first, last = bisect_right(wording.ends, start), bisect_left(wording.starts, end)
    return (first, last) if first < last else None


def _up_to(wording: Wording, tag: Tag, blocked: set[int]) -> Tag:
    """The "left" of "on the left and the right lung is clear", where another statement begins within both sides."""
    if (
        tag.kind != "side"
        or tag.name != "bilateral"
        or tag.first in blocked
        or blocked.isdisjoint(range(tag.first, tag.last))
    ):
        return tag
    word = wording.words[tag.first]
    return Tag("side", word, tag.first, tag.first + 1) if word in ("left", "right") else tag
