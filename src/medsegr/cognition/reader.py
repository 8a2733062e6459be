"""Reads sentences: finds what they mention, and remembers sentences that come again."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

from medsegr.cognition.grammar import grammar_of
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meanings
from medsegr.cognition.measurements import find_sizes
from medsegr.cognition.mentions import Mention, Sentence, new_mention
from medsegr.cognition.phrases import is_plural, phrases_at
from medsegr.cognition.statements import find_statements
from medsegr.cognition.vocabulary import Vocabulary, Wording, lower

REMEMBERED, REMEMBERED_LENGTH, SEEN = 4096, 300, 65536
"""Sentences that are remembered, the longest such, in characters, and sentences known to have come once."""

_SIDE_WORDS = {"left": "left", "right": "right", "both": "bilateral", "bilateral": "bilateral"}
_COPULAS = frozenset({"is", "are"})
_BETWEEN_PLACES = frozenset({"and", "to", "or", ",", "&", *_SIDE_WORDS})
_HEADS = frozenset({":", "-", "\u2013", "\u2014"})
"""What stands behind a heading: the "Lungs" of "Lungs: nodule on the left" says no side."""

_DIGIT = re.compile(r"\d")
_PLACE = itemgetter(2, 3)
_SEGMENT = "segment_"
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}


@lru_cache(maxsize=4)
def reader_of(lexicon: Lexicon) -> "Reader":
    """The reader of a lexicon, made once."""
    return Reader(lexicon)


class Reader:
    """Finds what sentences mention."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.grammar = grammar_of(lexicon)
        self.vocabulary = Vocabulary(lexicon)
        self._meanings: dict[str | None, Meanings] = {}
        self._remembered: dict[tuple[str, str | None], Sentence] = {}
        self._seen_once: set[int] = set()

    def meanings_for(self, modality: str | None) -> Meanings:
        """What phrases mean in pictures of a modality."""
        if modality not in self._meanings:
            self._meanings[modality] = Meanings(self.lexicon, self.grammar, modality)
        return self._meanings[modality]

    def read(self, text: str, modality: str | None) -> Sentence:
        """A sentence and what it mentions; offsets count from its start. Reports say much in the same words."""
        known = self._remembered.get((text, modality))
        return known if known is not None else self._read(text, modality)

    def _read(self, text: str, modality: str | None) -> Sentence:
        wording = self.vocabulary.wording_of(text)
        lowered = lower(text)
        meanings = self.meanings_for(modality)
        mentions = _phrases(wording, meanings)
        stated = [m for m in self._stated(text, lowered, wording) if meanings.may_speak_of(m.name)]
        blocked = {place for m in stated for place in range(m.first, m.last)}
        if stated:
            mentions = stated + [m for m in mentions if m.first not in blocked or _stays(m, meanings)]
        mentions += self._inside(wording, mentions, meanings)
        mentions = self._completed(wording, mentions, meanings)
        if _DIGIT.search(text):
            mentions += [m for m in _sizes(text, lowered, wording) if m.first not in blocked]
            mentions += _numerals(wording, mentions)
        mentions.sort(key=_PLACE)
        sentence = Sentence(wording, mentions)
        self._remember(text, modality, sentence)
        return sentence

    def _remember(self, text: str, modality: str | None, sentence: Sentence) -> None:
        """Keep a sentence that comes the second time; most never do."""
        seen, key = self._seen_once, hash((text, modality))
        if key not in seen:
            if len(seen) >= SEEN:
                seen.clear()
            seen.add(key)
        elif len(text) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[text, modality] = sentence

    def _stated(self, text: str, lowered: str, wording: Wording) -> Iterator[Mention]:
        starts = wording.starts
        rules = self.vocabulary.statements.possible([token.states for token in wording.tokens if token.states])
        for stated in find_statements(rules, text, lowered) if rules else ():
            places = [i for i in range(len(starts)) if starts[i] < stated.end and stated.start < wording.end(i)]
            for name in stated.targets if places else ():
                yield Mention(
                    "target", name, places[0], places[-1] + 1, stated.start, stated.end, stated.presence
                )  # fmt: skip

    def _inside(self, wording: Wording, mentions: Sequence[Mention], meanings: Meanings) -> list[Mention]:
        """Sides and zones within the words of a target, and sides within those of a zone."""
        found: list[Mention] = []
        words = wording.words
        for m in mentions:
            if m.last - m.first < 2 or m.kind not in ("target", "zone"):
                continue
            target = self.lexicon.targets[m.name] if m.kind == "target" else None
            for place in range(m.first, m.last) if not (target and target.side) else ():
                side = _SIDE_WORDS.get(words[place])
                if side and side not in m.name and not any(o.kind == "side" and o.first == place for o in mentions):
                    found.append(_mention(wording, "side", side, place))
            if target and sum(o.kind == "target" and o.first == m.first for o in mentions) == 1:
                own = tuple(words[m.first : m.last])
                for name, first, last in meanings.zones_within(self.vocabulary.begins, m.name, own):
                    found.append(_mention(wording, "zone", name, m.first + first, m.first + last))
        return found

    def _completed(self, wording: Wording, mentions: list[Mention], meanings: Meanings) -> list[Mention]:
        """The mentions, less pronouns, and those that only the words around them give a meaning."""
        grammar, words = self.grammar, wording.known
        if "both" in words:
            mentions = [m for m in mentions if not (m.kind == "side" and _is_pronoun(wording, m))]
        if "segment" in words:
            mentions += self._more_segments(wording, mentions)
        if not grammar.paired_organs.isdisjoint(words):
            mentions += self._pairs(wording, mentions)
        if not grammar.bare_places.isdisjoint(words):
            mentions += self._short_places(wording, mentions, meanings)
        if not _COPULAS.isdisjoint(words):
            around = self._around_places(wording, mentions, meanings)
            taken = {place for m in around for place in range(m.first, m.last)}
            mentions = [m for m in mentions if m.first not in taken] + around if around else mentions
        return mentions

    def _around_places(self, wording: Wording, mentions: Sequence[Mention], meanings: Meanings) -> list[Mention]:
        """ "density ... is high" in "the density in the upper right is high": a place stands within the phrase."""
        words, found = wording.words, []
        for place, token in enumerate(wording.tokens):
            begins = token.begins
            if begins is None or not ("is" in begins.longer or "are" in begins.longer):
                continue
            copula = self._after_place(words, mentions, place + 1)
            joined = (*words[: place + 1], *words[copula:])
            for last, phrase in phrases_at(begins, joined, place) if copula > place + 1 else ():
                said = [
                    choice for choice in meanings.choose(phrase, joined, last) if choice.kind in ("texture", "shape")
                ]
                if last > place + 2 and said:
                    ends = copula + last - place - 1
                    for kind, name, _ in said:
                        found.append(_mention(wording, kind, name, place))
                        found.append(_mention(wording, kind, name, copula + 1, ends))
                    break
        return found

    def _after_place(self, words: Sequence[str], mentions: Sequence[Mention], place: int) -> int:
        """Where a copula stands with nothing but a place before it, from ``place`` on; 0 where none does."""
        skipped = self.grammar.prepositions | self.grammar.fillers
        covered = {i for m in mentions if m.kind in ("zone", "side") for i in range(m.first, m.last)}
        start = place
        while place < len(words) and (place in covered or words[place] in skipped) and words[place] not in _COPULAS:
            place += 1
        told = any(i in covered for i in range(start, place))
        return place if told and place < len(words) and words[place] in _COPULAS else 0

    def _more_segments(self, wording: Wording, mentions: Sequence[Mention]) -> list[Mention]:
        """The "VII" of "segments VI and VII"."""
        found: list[Mention] = []
        for zone in mentions:
            if zone.kind != "zone" or not zone.name.startswith(_SEGMENT):
                continue
            for place in range(zone.last, len(wording.tokens)):
                word = wording.tokens[place].word
                name = _SEGMENT + _ROMAN.get(word, word)
                if name in self.lexicon.zones:
                    found.append(_mention(wording, "zone", name, place))
                elif word not in ("and", ",", "&", "to"):
                    break
        return [m for m in found if not any(o.first <= m.first < o.last for o in mentions)]

    def _pairs(self, wording: Wording, mentions: Sequence[Mention]) -> Iterator[Mention]:
        """Both sides, where an organ that exists twice stands in the plural ("the lungs")."""
        for place, token in enumerate(wording.tokens):
            if token.word not in self.grammar.paired_organs or not is_plural(token.text):
                continue
            if place == 0 and len(wording.tokens) > 1 and wording.tokens[1].word in _HEADS:
                continue
            if not any(m.first <= place < m.last for m in mentions if m.kind in ("target", "zone", "side")):
                yield _mention(wording, "side", "bilateral", place)

    def _short_places(self, wording: Wording, mentions: Sequence[Mention], meanings: Meanings) -> list[Mention]:
        """ "mid" in "mid to lower zones" and "upper" in "right upper and left lower zones": the noun comes later."""
        bare, words = self.grammar.bare_places, wording.words
        found: list[Mention] = []
        for zone in mentions:
            noun = wording.tokens[zone.last - 1].word
            if zone.kind != "zone" or noun not in self.grammar.place_nouns:
                continue
            place = zone.first - 1
            while place >= 0 and (words[place] in bare or words[place] in _BETWEEN_PLACES):
                if words[place] in bare:
                    named = meanings.zones_within(self.vocabulary.begins, "", (words[place], noun))
                    found += [_mention(wording, "zone", name, place) for name, _, _ in named[:1]]
                place -= 1
        return [m for m in found if not any(o.first <= m.first < o.last for o in mentions)]


def _mention(wording: Wording, kind: str, name: str, first: int, last: int | None = None) -> Mention:
    """Words [first, last) of a sentence, or one, that mean something."""
    last = first + 1 if last is None else last
    return Mention(kind, name, first, last, wording.starts[first], wording.end(last - 1))


def _phrases(wording: Wording, meanings: Meanings) -> list[Mention]:
    """What phrases mean, from left to right, the longest first, none overlapping; what means nothing is passed by."""
    found: list[Mention] = []
    tokens, words = wording.tokens, wording.words
    plain = meanings.plain_in(wording.known)
    place, count = 0, len(words)
    while place < count:
        begins = tokens[place].begins
        following = place + 1
        for last, phrase in phrases_at(begins, words, place) if begins is not None else ():
            chosen = plain[phrase] if plain is not None else meanings.choose(phrase, words, last)
            if chosen:
                start, end = wording.starts[place], wording.end(last - 1)
                for kind, name, other in chosen:
                    found.append(new_mention(Mention, (kind, name, place, last, start, end, None, other)))
                following = last
                break
        place = following
    return found


def _stays(mention: Mention, meanings: Meanings) -> bool:
    """True for a degree or side that stands within the words of a statement: it says more than these."""
    side = mention.kind == "side" and mention.name != "midline"
    return side or meanings.is_degree(mention.kind, mention.name)


def _is_pronoun(wording: Wording, side: Mention) -> bool:
    """True for the "both" of "both showing enhancement"."""
    tokens = wording.tokens
    if tokens[side.first].word != "both" or side.last >= len(tokens):
        return False
    word = tokens[side.last].word
    return word.endswith("ing") or word in ("are", "were", "have", "show", "of", ",", "measure")


def _sizes(text: str, lowered: str, wording: Wording) -> Iterator[Mention]:
    for size in find_sizes(text, lowered):
        first, last = bisect_left(wording.starts, size.start), bisect_left(wording.starts, size.end)
        if first < last:
            values = ";".join(f"{axis:g}" for axis in size.axes_mm)
            yield new_mention(Mention, ("size", values, first, last, size.start, size.end, None, None))


def _numerals(wording: Wording, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Digits that count: "3 small nodules"."""
    tokens = wording.tokens
    counted = [m for m in mentions if m.kind == "target" and is_plural(tokens[m.last - 1].text)]
    if not counted:
        return
    digits = [i for i, t in enumerate(tokens) if t.text.isdecimal() and len(t.text) <= 2 and t.text.isascii()]
    for place in digits:
        if any(m.first <= place < m.last for m in mentions) or int(tokens[place].text) == 0:
            continue
        following = next((m for m in mentions if m.kind == "target" and m.first > place), None)
        if following not in counted or following.first - place > 5:
            continue
        if all(any(m.first <= i < m.last for m in mentions) for i in range(place + 1, following.first)):
            yield _mention(wording, "count", str(int(tokens[place].text)), place)
