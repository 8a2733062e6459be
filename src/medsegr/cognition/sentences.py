"""Where sentences of a report begin and end, full stops or not."""

import re

LONGEST_SENTENCE = 1500
"""Characters; reports hold no such sentence, other files do."""

WRAPPED = 48
"""A line at least this long may go on in the next; a shorter one was ended on purpose."""

_END = re.compile(r"[.!?](?=\s|$)|\n")
_SHORT = (
    "approx",
    "ca",
    "vs",
    "cf",
    "e.g",
    "i.e",
    "dr",
    "fig",
    "incl",
    "max",
    "min",
    "resp",
    "diam",
    "esp",
    "no",
    "st",
)
_SIDES = ("rt", "lt", "bilat", "bil", "r", "l")
"""Short for a side where a word of lower case follows: "Rt. pleural effusion", "R. lower lobe"."""

_ABBREVIATED_SIDE = re.compile(rf"\b(?:{'|'.join(_SIDES)})$", re.I)
_ABBREVIATED = re.compile(rf"\b(?:{'|'.join(map(re.escape, _SHORT))})$", re.I)
_ANSWERED = re.compile(r"[:?\-\u2013][ \t]*(?:no|none|yes)[ \t\r]*$", re.I)
_ANSWER = re.compile(r"[ \t]*(?:no|none|nil|yes)\b[ \t]*(?=[.,;\n]|$)", re.I)
"""What stands behind the question mark of "Effusion? No."."""

_GOES_ON = re.compile(r"(?:\b(?:the|an?|of|in|at|on|with|and|or|to|for|is|are|by|from|no|than)|,)[ \t\r]*$", re.I)


def split_sentences(text: str, first: int = 0, last: int | None = None) -> list[tuple[int, int]]:
    """Character offsets of the sentences of text[first:last].

    A line ends one unless it is long and the next goes on in lower case, or it
    ends in a word that cannot be the last. A stretch without an end is cut every
    ``LONGEST_SENTENCE`` characters, at a space.
    """
    last = len(text) if last is None else last
    found: list[tuple[int, int]] = []
    start = first
    for match in _END.finditer(text, first, last):
        place = match.start()
        if _ends(text, start, place, last):
            _add(found, text, start, place)
            start = place + 1
    _add(found, text, start, last)
    return found


def _ends(text: str, start: int, place: int, last: int) -> bool:
    if text[place] == "?" and (_asks_for_next(text, start, place) or _ANSWER.match(text, place + 1, last)):
        return False
    if text[place] == ".":
        ahead = max(start, place - 8)
        before = text[ahead:place].lower()
        if before.endswith(_SIDES) and text[place + 1 : place + 2] == " " and text[place + 2 : place + 3].islower():
            return not _ABBREVIATED_SIDE.search(text, ahead, place)
        short = place - start >= 3 and before.endswith(_SHORT)
        return not (short and _ABBREVIATED.search(text, ahead, place) and not _ANSWERED.search(text, ahead, place))
    if text[place] != "\n":
        return True
    after = text[place + 1 : min(last, place + 40)].lstrip(" \t\r")
    if not after or after[0] == "\n":
        return True
    line = text[max(start, text.rfind("\n", start, place) + 1) : place]
    if len(line) > 400:
        line = line[-400:]
    if _GOES_ON.search(line) and not _ANSWERED.search(line):
        return False
    return not (after[0].islower() and len(line) >= WRAPPED)


def _asks_for_next(text: str, start: int, place: int) -> bool:
    """True for the "?" of "opacity ? consolidation": it stands before the word that it questions."""
    apart = place == start or text[place - 1].isspace() or text[place - 1] in ",(-"
    after = text[place + 1 : place + 3]
    return apart and after[:1] == " " and after[1:].islower()


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    """Add text[start:end], in pieces where it is long; blank pieces are left out."""
    while end - start > LONGEST_SENTENCE:
        space = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = space if space > start else start + LONGEST_SENTENCE
        if text[start:cut].strip():
            found.append((start, cut))
        start = cut
    if text[start:end].strip():
        found.append((start, end))
