"""What a report says of this image: its sections, and the sentences that speak of something else."""

import re
from collections.abc import Sequence
from functools import lru_cache

from medsegr.cognition.attachment import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.phrases import tokenise

_SHORT_EXAMS = frozenset({"us", "usg"})
_TITLE_ENDS = frozenset({":", "-", "\u2013", "("})
_CUTS = frozenset({":", "-"})
_ELSEWHERE = frozenset({"general", "elsewhere", "elsewhere_heads"})
_FORMER = frozenset({"prev", "previous", "prior", "old", "earlier", "last", "recent", "outside"})
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_STOP = re.compile(r"[.!?](?=\s|$)|\n")
_WORD = re.compile(r"\w")
_HEADED = re.compile(r"[:\n\u2013]|-(?=\s)")
"""What stands behind some heading of a report that has any."""

_REST = r"[ \t]*(?::|[-\u2013](?=\s)|(?=\r?\n)|$)"
_BULLET = r"[ \t]*(?:[*#>-]{1,3}[ \t]*)?(?:\d{1,2}[.)][ \t]*)?"
_BEFORE = re.compile(r"[\n.;!?>](?:(?<=\n)| )")
"""What a line or sentence begins behind."""


@lru_cache(maxsize=4)
def _heading_pattern(lexicon: Lexicon) -> "re.Pattern[str]":
    def either(kind: str) -> str:
        words = sorted(lexicon.triggers.get(kind, ()), key=len, reverse=True)
        return "|".join(re.escape(word).replace(r"\ ", "[ \t]+") for word in words) or "(?!)"

    return re.compile(
        rf"{_BULLET}(?:(?P<elsewhere>{either('elsewhere_heads')})|(?P<here>{either('image_heads')})){_REST}", re.I
    )


def spans_elsewhere(text: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Stretches of a report under a heading that is not about this image (history, technique, comparison), in order.

    A heading alone in its line rules until the next heading or an empty line.
    One at the start of a line rules the line, if more lines follow, or what
    stands before the next heading; else its own sentence.
    """
    if _HEADED.search(text) is None:
        return []
    heads = _headings(text, _heading_pattern(lexicon))
    spans: list[tuple[int, int]] = []
    for number, head in enumerate(heads):
        if head.lastgroup != "elsewhere":
            continue
        following = heads[number + 1] if number + 1 < len(heads) else None
        limit = following.start() if following else len(text)
        spans.append((head.start(), _end_of(text, head.end(), limit, following is not None)))
    return spans


def _headings(text: str, pattern: "re.Pattern[str]") -> list["re.Match[str]"]:
    """The headings of a text, each where a line or sentence begins."""
    found: list[re.Match[str]] = []
    end = 0
    for begin in (0, *(match.end() for match in _BEFORE.finditer(text))):
        head = pattern.match(text, begin) if begin >= end else None
        if head is not None:
            found.append(head)
            end = head.end()
    return found


def _end_of(text: str, start: int, limit: int, headed: bool) -> int:
    line_end = text.find("\n", start, limit)
    if text[start : line_end if line_end >= 0 else limit].strip(" \t\r:") == "" and line_end >= 0:
        blank = _BLANK_LINE.search(text, line_end + 1, limit)
        return blank.start() if blank and text[line_end : blank.start()].strip() else limit
    if line_end >= 0 and _WORD.search(text, line_end):
        return line_end
    if headed:
        return limit
    stop = _STOP.search(text, start, limit)
    return stop.end() if stop else limit


def outside(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches of a text that lie in none of the spans."""
    free: list[tuple[int, int]] = []
    start = 0
    for first, last in spans:
        if start < first:
            free.append((start, first))
        start = max(start, last)
    if start < len(text):
        free.append((start, len(text)))
    return free


@lru_cache(maxsize=64)
def own_words(lexicon: Lexicon, modality: str | None) -> frozenset[str]:
    """The words that name an examination of this modality."""
    known = lexicon.modalities.get(modality or "")
    if known is None:
        return frozenset()
    return frozenset(token.word for name in (known.name.replace("_", " "), *known.words) for token in tokenise(name))


class Subject:
    """Tells which sentences speak of this image, one sentence after the other."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, modality: str | None) -> None:
        self.grammar = grammar
        self._own = own_words(lexicon, modality)
        self._elsewhere_until = -1
        self._side: Mention | None = None

    def is_elsewhere(self, sentence: Sentence, text: str, span: tuple[int, int]) -> bool:
        """True for history, symptoms, laboratory, general knowledge, other examinations and advice."""
        start, end = span
        if not self.grammar.exams.isdisjoint(sentence.words) and self._other_examination(sentence):
            if self._elsewhere_until < end:
                line_end = text.find("\n", end)
                self._elsewhere_until = line_end if line_end >= 0 else len(text)
            return True
        if start < self._elsewhere_until:
            if self._is_told_as_past(sentence):
                return True
            self._elsewhere_until = -1
        if _ELSEWHERE.isdisjoint(sentence.kinds):
            return False
        first = _first_target(sentence)
        for mention in sentence.mentions:
            if mention.kind == "general":
                return True
            if mention.kind == "elsewhere" and mention.first < first:
                return True
            if mention.kind == "elsewhere_heads" and mention.first == 0 and self._is_head(sentence, mention):
                return True
        return False

    def _is_head(self, sentence: Sentence, mention: Mention) -> bool:
        """True for "HISTORY cough" and "Comparison is made with ...", not for "Background liver"."""
        behind = sentence.tokens[mention.last].word if mention.last < len(sentence.tokens) else ":"
        shouted = all(token.text.isupper() for token in sentence.tokens[: mention.last])
        quiet = not all(token.text.isupper() for token in sentence.tokens[: mention.last + 4] if token.text.isalpha())
        return (
            behind in (":", "-", "is", "none", "with", "to")
            or (shouted and quiet)
            or (sentence.tokens[0].word in ("history", "indication", "technique", "comparison", "recommendation"))
        )

    def running_side(self, sentence: Sentence, drafts: Sequence[Draft], start: int) -> None:
        """Give what is shown the side that heads this sentence or one before it ("OS: ...", "Right kidney: ...")."""
        cut = 0 if _CUTS.isdisjoint(sentence.words) else self._cut(sentence)
        if cut:
            heads = [m for m in sentence.of("side") if m.last <= cut]
            self._side = heads[0].moved(start) if heads and heads[0].first == 0 and heads[0].name != "midline" else None
        elif self._side is not None:
            for draft in drafts:
                if draft.presence != "absent" and not draft.has_side():
                    draft.take([self._side], 0)

    def _cut(self, sentence: Sentence) -> int:
        """Words before the colon or dash behind a short heading; 0 where there is none."""
        return next((place for place, token in enumerate(sentence.tokens[:5]) if token.word in _CUTS), 0)

    def is_advice(self, sentence: Sentence, target: Mention) -> bool:
        """True for what is only looked for ("to exclude an underlying mass")."""
        return any(
            m.last <= target.first and not any(m.last <= at < target.first for at in sentence.breaks)
            for m in sentence.of("advice")
        )

    def side_of_title(self, sentence: Sentence, start: int) -> Mention | None:
        """The side right behind the name of the examination that a sentence begins with ("US of the left breast")."""
        side = next(iter(sentence.of("side")), None)
        words = [token.word for token in sentence.tokens[: side.first if side else 0]]
        while words and words[-1] in ("of", "the"):
            words.pop()
        named = len(words) < 4 and words[-1:] and (words[-1] in self.grammar.exams or words[-1] in _SHORT_EXAMS)
        return side.moved(start) if side is not None and named else None

    def side_of_heading(self, sentence: Sentence, start: int) -> Mention | None:
        """The side in the title of the examination ("ULTRASOUND LEFT BREAST"), or None."""
        side = next(iter(sentence.of("side")), None)
        if side is None:
            return None
        words = [token.word for token in sentence.tokens]
        if "target" not in sentence.kinds:
            return None if "for" in words[: side.first] else side.moved(start)
        first = _first_target(sentence)
        named = any(word in self.grammar.exams or word in _SHORT_EXAMS for word in words[: side.first][:4])
        told = self.grammar.exam_verbs.intersection(words[: side.first])
        apart = _TITLE_ENDS.intersection(words[side.last : first])
        return side.moved(start) if named and apart and not told else None

    def _other_examination(self, sentence: Sentence) -> bool:
        """True when another kind of examination shows what follows ("a CT showed", "on the recent CT")."""
        tokens, exams = sentence.tokens, self.grammar.exams
        for place, token in enumerate(tokens[: _first_target(sentence)]):
            if token.word not in exams or not self._own:
                continue
            if token.word in self._own:
                if self._is_former(sentence, place):
                    return True
                continue
            behind = [t.word for t in tokens[place + 1 : place + 5]]
            if not self.grammar.exam_verbs.isdisjoint(behind):
                return True
            ahead = [t.word for t in tokens[max(0, place - 4) : place]]
            if "on" in ahead and not {"compared", "since", "than", "from", "to"} & set(ahead):
                return True
        return False

    def _is_former(self, sentence: Sentence, place: int) -> bool:
        """True for "the previous MRI showed"."""
        ahead = {token.word for token in sentence.tokens[max(0, place - 2) : place]}
        behind = {token.word for token in sentence.tokens[place + 1 : place + 5]}
        return bool(ahead & _FORMER) and bool(behind & {"showed", "demonstrated", "revealed", "reported", "found"})

    def _is_told_as_past(self, sentence: Sentence) -> bool:
        return any(token.word in ("was", "were", "had", "wa") for token in sentence.tokens)


def _first_target(sentence: Sentence) -> int:
    """The word at which the first target stands; the number of words where there is none."""
    return next((m.first for m in sentence.of("target")), len(sentence.tokens))
