"""Numbers that are no sizes: those that count findings, and those of further places ("segments VI and VII")."""

from collections.abc import Iterator, Sequence

from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.tags import Tag
from medsegr.cognition.vocabulary import Wording
from medsegr.word_forms import is_plural


def more_numbers(wording: Wording, tags: Sequence[Tag], lexicon: Lexicon, grammar: Grammar) -> list[Tag]:
    """The "VII" of "segments VI and VII", the "1" of "at 1 and 3 o'clock"; not the "8" of "segment 6, 8 mm"."""
    found: list[Tag] = []
    words, numerals = wording.words, lexicon.triggers.get("words_roman_numerals", ())
    roman = {numeral: str(number) for number, numeral in enumerate(numerals, 1)}
    for zone in tags:
        kind = zone.name.rstrip("0123456789") if zone.kind == "zone" else ""
        ahead = words[zone.first].isdigit()
        numbers = range(zone.first - 1, -1, -1) if ahead else range(zone.last, len(words))
        for place in numbers if kind and kind != zone.name else ():
            name = f"{kind}{roman.get(words[place], words[place])}"
            measured = place + 1 < len(words) and words[place + 1] in grammar["units"]
            if name in lexicon.zones and not measured:
                found.append(Tag("zone", name, place, place + 1))
            elif words[place] not in grammar["between_numbers"]:
                break
    return [tag for tag in found if not any(o.covers(tag.first) for o in tags)]


def counts(wording: Wording, tags: Sequence[Tag]) -> Iterator[Tag]:
    """Digits that count: "3 small nodules"."""
    tokens = wording.tokens
    counted = [tag for tag in tags if tag.kind == "target" and is_plural(tokens[tag.last - 1].text)]
    if not counted:
        return
    digits = [i for i, t in enumerate(tokens) if t.text.isdecimal() and len(t.text) <= 2 and t.text.isascii()]
    for place in digits:
        if any(tag.covers(place) for tag in tags) or int(tokens[place].text) == 0:
            continue
        following = next((tag for tag in tags if tag.kind == "target" and tag.first > place), None)
        if following not in counted or following is None or following.first - place > 5:
            continue
        if all(any(tag.covers(i) for tag in tags) for i in range(place + 1, following.first)):
            yield Tag("count", str(int(tokens[place].text)), place, place + 1)
