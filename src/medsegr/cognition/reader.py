"""Reads sentences: finds what they mention, and remembers sentences that come again."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

from medsegr.cognition.grammar import grammar_of
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.meanings import Meanings
from medsegr.cognition.measurements import find_sizes
from medsegr.cognition.mentions import Mention, Sentence, new_mention
from medsegr.cognition.phrases import Token, is_plural, phrases_at
from medsegr.cognition.statements import find_statements
from medsegr.cognition.vocabulary import Form, Vocabulary, lower

REMEMBERED, REMEMBERED_LENGTH = 4096, 300
"""Sentences that are remembered, and the longest such, in characters."""

_SIDE_WORDS = {"left": "left", "right": "right", "both": "bilateral", "bilateral": "bilateral"}
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
        tokens, forms = self.vocabulary.words_of(text)
        words = [form.word for form in forms]
        lowered = lower(text)
        meanings = self.meanings_for(modality)
        mentions = [m for m in self._stated(text, lowered, tokens, forms) if meanings.may_speak_of(m.name)]
        blocked = {place for m in mentions for place in range(m.first, m.last)}
        for mention in _phrases(tokens, forms, words, meanings):
            free = mention.first not in blocked or meanings.is_degree(mention.kind, mention.name)
            if free or (mention.kind == "side" and mention.name != "midline"):
                mentions.append(mention)
        mentions += self._inside(tokens, words, mentions, meanings)
        mentions = self._completed(tokens, words, mentions, meanings)
        if _DIGIT.search(text):
            mentions += [m for m in _sizes(text, lowered, tokens) if m.first not in blocked]
            mentions += _numerals(tokens, mentions)
        mentions.sort(key=_PLACE)
        sentence = Sentence(tokens, mentions, frozenset(words))
        self._remember(text, modality, sentence)
        return sentence

    def _remember(self, text: str, modality: str | None, sentence: Sentence) -> None:
        if len(text) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[text, modality] = sentence

    def _completed(
        self, tokens: Sequence[Token], words: Sequence[str], mentions: list[Mention], meanings: Meanings
    ) -> list[Mention]:
        """The mentions, less pronouns, and those that only the words around them give a meaning."""
        grammar = self.grammar
        if "both" in words:
            mentions = [m for m in mentions if not (m.kind == "side" and self._is_pronoun(tokens, m))]
        if "segment" in words:
            mentions += self._more_segments(tokens, mentions)
        if not grammar.paired_organs.isdisjoint(words):
            mentions += self._pairs(tokens, mentions)
        if not grammar.bare_places.isdisjoint(words):
            mentions += self._short_places(tokens, words, mentions, meanings)
        return mentions

    def _stated(self, text: str, lowered: str, tokens: Sequence[Token], forms: Sequence[Form]) -> Iterator[Mention]:
        rules = self.vocabulary.statements.possible({form.states for form in forms})
        for stated in find_statements(rules, text, lowered) if rules else ():
            places = [i for i, t in enumerate(tokens) if t.start < stated.end and stated.start < t.end]
            for name in stated.targets if places else ():
                yield Mention(
                    "target", name, places[0], places[-1] + 1, stated.start, stated.end, stated.presence
                )  # fmt: skip

    def _inside(
        self, tokens: Sequence[Token], words: Sequence[str], mentions: Sequence[Mention], meanings: Meanings
    ) -> list[Mention]:
        """Sides and zones within the words of a target, and sides within those of a zone."""
        found: list[Mention] = []
        begins = self.vocabulary.begins
        for m in mentions:
            if m.last - m.first < 2 or m.kind not in ("target", "zone"):
                continue
            target = self.lexicon.targets[m.name] if m.kind == "target" else None
            if not (target and target.side):
                for place in range(m.first, m.last):
                    side = _SIDE_WORDS.get(words[place])
                    known = (
                        side is None or side in m.name or any(o.kind == "side" and o.first == place for o in mentions)
                    )
                    if side and not known:
                        t = tokens[place]
                        found.append(Mention("side", side, place, place + 1, t.start, t.end))
            if target and sum(o.kind == "target" and o.first == m.first for o in mentions) == 1:
                for name, first, last in meanings.zones_within(begins, m.name, tuple(words[m.first : m.last])):
                    at, to = m.first + first, m.first + last
                    found.append(Mention("zone", name, at, to, tokens[at].start, tokens[to - 1].end))
        return found

    def _is_pronoun(self, tokens: Sequence[Token], side: Mention) -> bool:
        """True for the "both" of "both showing enhancement"."""
        if tokens[side.first].word != "both" or side.last >= len(tokens):
            return False
        word = tokens[side.last].word
        return word.endswith("ing") or word in ("are", "were", "have", "show", "of", ",", "measure")

    def _more_segments(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[Mention]:
        """The "VII" of "segments VI and VII"."""
        found: list[Mention] = []
        for zone in mentions:
            if zone.kind != "zone" or not zone.name.startswith(_SEGMENT):
                continue
            place = zone.last
            while place < len(tokens):
                name = _SEGMENT + _ROMAN.get(tokens[place].word, tokens[place].word)
                if name in self.lexicon.zones:
                    found.append(Mention("zone", name, place, place + 1, tokens[place].start, tokens[place].end))
                elif tokens[place].word not in ("and", ",", "&", "to"):
                    break
                place += 1
        return [m for m in found if not any(o.first <= m.first < o.last for o in mentions)]

    def _pairs(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[Mention]:
        """Both sides, where an organ that exists twice stands in the plural ("the lungs")."""
        for place, token in enumerate(tokens):
            if token.word not in self.grammar.paired_organs or not is_plural(token.text):
                continue
            if not any(m.first <= place < m.last for m in mentions if m.kind in ("target", "zone", "side")):
                yield Mention("side", "bilateral", place, place + 1, token.start, token.end)

    def _short_places(
        self, tokens: Sequence[Token], words: Sequence[str], mentions: Sequence[Mention], meanings: Meanings
    ) -> list[Mention]:
        """ "mid" in "mid to lower zones": the noun comes later."""
        grammar = self.grammar
        found: list[Mention] = []
        for zone in mentions:
            if zone.kind != "zone" or tokens[zone.last - 1].word not in grammar.place_nouns:
                continue
            place = zone.first - 1
            while place >= 0 and (words[place] in grammar.bare_places or words[place] in ("and", "to", "or", ",", "&")):
                if words[place] in grammar.bare_places:
                    phrase = (words[place], tokens[zone.last - 1].word)
                    for name, _, _ in meanings.zones_within(self.vocabulary.begins, "", phrase)[:1]:
                        t = tokens[place]
                        found.append(Mention("zone", name, place, place + 1, t.start, t.end))
                place -= 1
        return [m for m in found if not any(o.first <= m.first < o.last for o in mentions)]


def _phrases(tokens: Sequence[Token], forms: Sequence[Form], words: Sequence[str], meanings: Meanings) -> list[Mention]:
    """What phrases mean, from left to right, the longest first, none overlapping; what means nothing is passed by."""
    found: list[Mention] = []
    pictured = not meanings.grammar.picture_words.isdisjoint(words)
    place, count = 0, len(words)
    while place < count:
        begins, following = forms[place].begins, place + 1
        for last, meant in phrases_at(begins, words, place) if begins is not None else ():
            chosen = meanings.choose(meant, words, last, pictured)
            if chosen:
                start, end = tokens[place].start, tokens[last - 1].end
                for kind, name, other in chosen:
                    found.append(new_mention(Mention, (kind, name, place, last, start, end, None, other)))
                following = last
                break
        place = following
    return found


def _sizes(text: str, lowered: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    for size in find_sizes(text, lowered):
        covered = [i for i, t in enumerate(tokens) if size.start <= t.start < size.end]
        if covered:
            values = ";".join(f"{axis:g}" for axis in size.axes_mm)
            yield Mention("size", values, covered[0], covered[-1] + 1, size.start, size.end)


def _numerals(tokens: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Digits that count: "3 small nodules"."""
    digits = [i for i, t in enumerate(tokens) if t.text.isdecimal() and len(t.text) <= 2 and t.text.isascii()]
    for place in digits:
        if any(m.first <= place < m.last for m in mentions) or int(tokens[place].text) == 0:
            continue
        following = next((m for m in mentions if m.kind == "target" and m.first > place), None)
        if following is None or following.first - place > 5 or not is_plural(tokens[following.last - 1].text):
            continue
        gap = [i for i in range(place + 1, following.first) if not any(m.first <= i < m.last for m in mentions)]
        if not gap:
            yield Mention(
                "count", str(int(tokens[place].text)), place, place + 1, tokens[place].start, tokens[place].end
            )
