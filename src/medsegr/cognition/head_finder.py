"""Finds stretches that speak of a finding without its name, and those that speak of none."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from medsegr.cognition.clauses import Clauses, Stretch
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.presence import Scopes
from medsegr.cognition.priors import Presence
from medsegr.cognition.tags import ATTRIBUTES, PLACES, Sentence, Tag


class Earlier(NamedTuple):
    """The finding last spoken of before a sentence: name, presence, its places as (kind, name), has it a degree,
    does it head a list."""

    name: str
    presence: Presence
    places: frozenset[tuple[str, str]] = frozenset()
    graded: bool = False
    listed: bool = False


class Head(NamedTuple):
    """A head put in, and the words [first, last) that speak of it alone."""

    tag: Tag | None
    first: int
    last: int


class HeadFinder:
    """Finds the stretches of a sentence that speak of a finding without its name."""

    def __init__(self, scopes: Scopes, earlier: Earlier | None) -> None:
        self.scopes = scopes
        self.clauses: Clauses = scopes.clauses
        self.sentence: Sentence = scopes.sentence
        self.grammar: Grammar = scopes.grammar
        self.earlier = earlier
        organs = self.grammar.organ_targets
        self.targets = [tag for tag in self.clauses.targets if tag.name not in organs]

    def heads(self) -> Iterator[Head]:
        """Heads and mute stretches, in order."""
        for first, last in self._stretches():
            head = self._other_place(first, last) or self._head(first, last)
            if head is not None:
                yield head
        yield from self._compared_sides()

    def item(self) -> Iterator[Head]:
        """ "RUL 5 mm" and "calcified, on the left", in a list that the finding before heads: the whole speaks of it."""
        words, grammar, earlier = self.sentence.words, self.grammar, self.earlier
        tags = self.sentence.of(*ATTRIBUTES)
        placed = not self.sentence.kinds.isdisjoint(PLACES) and words[0] not in grammar["goes_on"]
        if earlier is None or not earlier.listed or "target" in self.sentence.kinds or not placed:
            return
        cues = self.sentence.of("uncertain_before", "uncertain_after")
        covered = {place for tag in (*tags, *cues) for place in range(tag.first, tag.last)}
        plain, known = grammar["bare_words"] | {";"}, self.sentence.known
        told = all(place in covered or words[place] in plain for place in range(len(words)))
        if told and known.isdisjoint(grammar["not_looked_at"] | grammar["calls_normal"] | grammar["denies"]):
            presence: Presence = "present" if known.isdisjoint(grammar["hedges"]) and not cues else "uncertain"
            tag = Tag("target", earlier.name, tags[0].first, tags[0].last, presence)
            yield Head(tag, 0, len(words))

    def _stretches(self) -> Iterator[Stretch]:
        """Stretches of one place each: "... on the right | not seen on the left"."""
        stretches = [*self.clauses.stretches()]
        while stretches:
            first, last = stretches.pop(0)
            if stretches and self._is_place_then_degree(first, last, *stretches[0]):
                last = stretches.pop(0)[1]
            while stretches and self._lists_exceptions(first, last, *stretches[0]):
                last = stretches.pop(0)[1]
            yield from self._with_exceptions(first, last)

    def _lists_exceptions(self, first: int, last: int, start: int, end: int) -> bool:
        """True for the "lingula" of "except the right middle lobe and the lingula"."""
        excepted = self.sentence.within(first, last, "except")
        if not excepted or self.sentence.words[last] not in ("and", "&") or start != last + 1:
            return False
        led = self._targets(excepted[0].last, end) or not self._places(excepted[0].last, last)
        plain = self.grammar["leads_a_place"] | self.grammar["body_parts"] | self.grammar["place_nouns"]
        return not led and bool(self._places(start, end)) and plain.issuperset(self.sentence.between(start, end))

    def _is_place_then_degree(self, first: int, last: int, start: int, end: int) -> bool:
        """True for "in the left eye, large"."""
        if self.sentence.words[last] != "," or self._targets(first, end) or self._places(start, end):
            return False
        return bool(self._places(first, last)) and not self._graded(first, last) and self._graded(start, end)

    def _with_exceptions(self, first: int, last: int) -> Iterator[Stretch]:
        places = self._places(first, last)
        ends, begins = {tag.last for tag in places}, {tag.first for tag in places}
        cuts = [at for at in ends if self.sentence.word(at) == "not" and at + 1 in begins]
        cut = min([*cuts, *(tag.first for tag in self.sentence.within(first + 1, last, "except"))], default=first)
        if cut > first:
            yield first, cut
        yield cut, last

    def _targets(self, first: int, last: int) -> list[Tag]:
        return [tag for tag in self.targets if first <= tag.first < last]

    def _places(self, first: int, last: int) -> list[Tag]:
        return self.sentence.within(first, last, *PLACES)

    def _before(self, first: int) -> Earlier | None:
        """What was last spoken of before a word."""
        before = [tag for tag in self.targets if tag.last <= first]
        if not before:
            return self.earlier if not self.targets else None
        target = before[-1]
        start = max((a for a, b in self.clauses.stretches() if a <= target.first < b), default=0)
        graded = self._graded(start, first) and bool(self._places(start, first))
        return Earlier(target.name, self.scopes.of(target).presence, _names(self._places(start, first)), graded)

    def _denied_ahead(self, first: int, last: int) -> Earlier | None:
        """The "effusion" of "no right, but a small left effusion", which is named behind the place without one."""
        target = next((tag for tag in self.targets if tag.first > last), None)
        denies = self.grammar["denies"] - self.grammar["half_denials"]
        if target is None or denies.isdisjoint(self.sentence.words[first:last]):
            return None
        presence, places = self.scopes.of(target).presence, _names(self._places(last, len(self.sentence)))
        return Earlier(target.name, presence, places) if places and presence != "absent" else None

    def _other_place(self, first: int, last: int) -> Head | None:
        """ "... on the right is not seen on the left": a denial with a place of its own behind one with another."""
        targets = self._targets(first, last)
        place = next((at for at in range(first + 1, last - 1) if self._denies_place(at)), None)
        if place is not None and len(targets) == 1 and targets[0].last <= place and self._places(place, last):
            return Head(Tag("target", targets[0].name, place, place + 1, "absent"), place, last)
        for cue in self.sentence.within(first, last, "absent_after") if len(targets) == 1 else ():
            behind = self._places(cue.last, last)
            ahead = self._places(first, cue.first)
            led = self.sentence.word(cue.last) in self.grammar["at"]
            if led and ahead and behind and targets[0].last <= cue.first and _differ(_names(ahead), behind):
                return Head(Tag("target", targets[0].name, cue.first, cue.last, "absent"), cue.first, last)
        return None

    def _denies_place(self, at: int) -> bool:
        """True for the "not" of "is seen not on the right"."""
        words = self.sentence.words
        return words[at] == "not" and words[at + 1] in self.grammar["at"]

    def _head(self, first: int, last: int) -> Head | None:
        words = self.sentence.words
        exception = next((tag for tag in self.sentence.within(first, first + 1, "except")), None)
        places = self._places(first, last)
        if self._targets(first, last) or not places:
            return None
        if exception is not None:
            return self._left_free(exception, first, last)
        if not self._is_bare(first, last):
            return None
        if not self.grammar["not_looked_at"].isdisjoint(words[first:last]) or self._is_unseen_organ(first, last):
            return Head(None, first, last)
        before = self._before(first) or self._denied_ahead(first, last)
        presence = self._presence(first, last, before, places)
        if presence is None or before is None:
            normal = self._is_normal(first, last)
            return Head(None, first, last) if normal and self.targets and self._tells_apart(first, last) else None
        at = self._stands_for(first, last, places)
        return Head(Tag("target", before.name, *at, presence), first, last)

    def _is_unseen_organ(self, first: int, last: int) -> bool:
        """True for "the left kidney is not seen": no finding is denied in it."""
        cue = next(iter(self.sentence.within(first, last, "absent_after")), None)
        if cue is None or self.sentence.words[cue.last - 1] not in self.grammar["seen"] or not self._before(first):
            return False
        named = self.grammar.organs.keys() | self.grammar["body_parts"]
        ahead = self.sentence.words[first : cue.first]
        return not named.isdisjoint(ahead) and self.grammar["at"].isdisjoint(ahead)

    def _is_normal(self, first: int, last: int) -> bool:
        """True for "normal right lung", and for the lungs of "normal heart and lungs"."""
        listed = self.sentence.word(first - 1) in ("and", "&")
        start = next((a for a, b in self.clauses.stretches() if listed and b == first - 1), first)
        plain = start < first and not self._targets(start, first)
        return not self.grammar["calls_normal"].isdisjoint(self.sentence.words[start if plain else first : last])

    def _is_bare(self, first: int, last: int) -> bool:
        """True for words that say nothing but place, size, degree and whether something is there."""
        plain = self.grammar["bare_words"]
        tags = self.sentence.within(first, last, *PLACES, "size", "shape", "count", "absent_after")
        covered = {place for tag in tags for place in range(tag.first, tag.last)}
        return all(place in covered or self.sentence.words[place] in plain for place in range(first, last))

    def _presence(self, first: int, last: int, before: Earlier | None, places: Sequence[Tag]) -> Presence | None:
        """What a stretch says of a finding at another place than before; None where it speaks of none."""
        words, grammar = set(self.sentence.words[first:last]), self.grammar
        if before is None or (before.places and not _differ(before.places, places)):
            return None
        if not grammar["denies"].isdisjoint(words) or self.sentence.within(first, last, "absent_after"):
            return "absent"
        if not grammar["calls_normal"].isdisjoint(words):
            told = not grammar["begins_verb"].isdisjoint(words) and self.sentence.word(first) == "the"
            return "absent" if told and before.presence != "absent" and len(places) == 1 else None
        hedged: Presence = "uncertain" if not grammar["hedges"].isdisjoint(words) else "present"
        if not grammar["stands_in"].isdisjoint(words) and self.sentence.words[first] not in ("it",):
            return before.presence if before.presence != "absent" else hedged
        if self._is_subject(first, last):
            return None
        graded = self._graded(first, last)
        said = graded or not grammar["affirms"].isdisjoint(words)
        if before.presence == "absent":
            turned = self.sentence.word(first - 1) in grammar["turns"] and bool(before.places)
            return hedged if (said and before.places) or turned else None
        return hedged if graded and before.graded else None

    def _is_subject(self, first: int, last: int) -> bool:
        """True for "the left kidney is small": an organ is described, and no finding in it."""
        words, grammar = self.sentence.words[first:last], self.grammar
        organ = any(word in grammar.organs or word in grammar["body_parts"] for word in words)
        organ = organ or (words[0] == "the" and not self._graded(first, last))
        says = not grammar["copulas"].isdisjoint(words) or self._measures_organ(first, last)
        return organ and grammar["at"].isdisjoint(words[:2]) and says

    def _measures_organ(self, first: int, last: int) -> bool:
        """True for "Left kidney: 11 cm", which measures no finding spoken of before."""
        words, grammar = self.sentence.words[first:last], self.grammar
        measured = ":" in words and not self.targets and bool(self.sentence.within(first, last, "size"))
        return measured and any(word in grammar.organs for word in words) and grammar["answers"].isdisjoint(words)

    def _graded(self, first: int, last: int) -> bool:
        sizes = self.grammar["own_sizes"]
        return any(
            tag.kind == "size" or tag.name in sizes for tag in self.sentence.within(first, last, "size", "shape")
        )

    def _stands_for(self, first: int, last: int, places: Sequence[Tag]) -> Stretch:
        """The words that stand for the finding: the degree or denial, else the place."""
        grammar, words = self.grammar, self.sentence.words
        stands = [(place, place + 1) for place in range(first, last) if words[place] in grammar["stands_in"]]
        said = grammar["denies"] | grammar["affirms"]
        sizes = [(tag.first, tag.last) for tag in self.sentence.within(first, last, "size")]
        found = [(place, place + 1) for place in range(first, last) if words[place] in said] + sizes
        return stands[0] if stands else max(found) if found else (places[0].first, places[0].last)

    def _left_free(self, exception: Tag, first: int, last: int) -> Head | None:
        """What "except" turns round: it is there where nothing else is, and is not where the rest is."""
        before = self._before(first)
        if before is None or (self._targets(last, len(self.sentence))[:1] and self.sentence.word(last) == ""):
            return None
        free = not self.grammar["left_free"].isdisjoint(self.sentence.words[exception.first : exception.last])
        if before.presence == "absent" and free:
            return None
        presence: Presence = "present" if before.presence == "absent" else "absent"
        return Head(Tag("target", before.name, exception.first, exception.last, presence), first, last)

    def _tells_apart(self, first: int, last: int) -> bool:
        """True where the place of what is normal cannot be that of the finding."""
        sides = {tag.name for tag in self._places(first, last) if tag.kind == "side"}
        others = {tag.name for tag in self.sentence.of("side") if tag.last <= first or tag.first >= last}
        led = self.sentence.words[first] in self.grammar["prepositions"]
        before = any(tag.last <= first for tag in self.targets)
        return bool(sides) and not led and ("bilateral" in sides or bool(others - sides) or before)

    def _compared_sides(self) -> Iterator[Head]:
        """ "compared with the right", "relative to the left": the side is a measure."""
        words, grammar = self.sentence.words, self.grammar
        for side in self.sentence.of("side"):
            place = side.first - 1
            while place >= 0 and words[place] in ("the", "to", "with"):
                place -= 1
            behind = self.sentence.word(side.last)
            alone = not behind.isalpha() or behind in grammar["sided_nouns"] or behind in grammar.organs
            if 0 <= place < side.first - 1 and words[place] in grammar["comparing_sides"] and alone:
                yield Head(None, place, side.last)


def _names(places: Sequence[Tag]) -> frozenset[tuple[str, str]]:
    return frozenset((tag.kind, tag.name) for tag in places)


def _differ(names: frozenset[tuple[str, str]], places: Sequence[Tag]) -> bool:
    """True for two places of which neither holds the other: the sides differ, or the zones do."""
    for kind in PLACES:
        one, other = {name for k, name in names if k == kind}, {tag.name for tag in places if tag.kind == kind}
        if one and other and one.isdisjoint(other) and "bilateral" not in one | other:
            return True
    return False
