"""Answers by place, as forms list them: "effusion: right none, left small"."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from medsegr.cognition.clauses import Stretch
from medsegr.cognition.head_finder import Earlier, Head, HeadFinder
from medsegr.cognition.priors import Presence
from medsegr.cognition.tags import Tag


class Rows(HeadFinder):
    """Reads the rows of a form in one sentence."""

    def tables(self, found: Sequence[Head]) -> tuple[list[Head], frozenset[int]]:
        """Answers by place, "effusion: right none, left small": their heads, and the targets that only head them."""
        heads: list[Head] = []
        dropped: set[int] = set()
        for number, target in enumerate(self.targets):
            limit = [tag.first for tag in self.targets[number + 1 :]][:1] or [len(self.sentence)]
            colon = self._field_end(target)
            rows = list(self._rows(target, colon, limit[0])) if colon else []
            if rows and len({place for _, row in rows for place in row}) >= min(2, len(rows)):
                heads += [head for head, _ in rows]
                dropped.add(target.first)
        if not self.targets and self.earlier is not None and not found:
            heads += self._loose_rows(self.earlier)
        return heads, frozenset(dropped)

    def _field_end(self, target: Tag) -> int:
        """One past the colon, dash or equals sign behind a target; 0 where there is none."""
        place = target.last
        return place + 1 if self.sentence.word(place) in self.grammar["opens_rows"] else 0

    def _rows(self, target: Tag, first: int, last: int) -> Iterator[tuple[Head, tuple[str, ...]]]:
        """Each place of a list with its answer: (head, names of the place); nothing where a row says something else."""
        rows = list(self._cut_rows(first, last))
        if len(rows) < 1 or not all(self._is_row(*row) for row in rows):
            return
        for one, other in rows:
            presence = self._row_presence(one, other)
            places = self._places(one, other)
            at = self._stands_for(one, other, places)
            yield Head(Tag("target", target.name, *at, presence), one, other), tuple(tag.name for tag in places)

    def _cut_rows(self, first: int, last: int) -> Iterator[Stretch]:
        """Stretches that begin with a place, or with a sign."""
        cuts = [at for at in range(first, last) if self.sentence.words[at] in self.grammar["parts_rows"]]
        starts = [tag.first for tag in self._places(first, last) if tag.kind == "side"]
        edges = sorted({first, last, *cuts, *(s for s in starts if self._begins_row(first, s))})
        for edge, end in pairwise(edges):
            begin = edge + (self.sentence.words[edge] in self.grammar["parts_rows"])
            if begin < end:
                yield begin, end

    def _begins_row(self, first: int, side: int) -> bool:
        """True for a side behind an answer, where the one before it stood before its answer too."""
        return side > first and bool(self._places(first, first + 1)) and self.sentence.word(side - 1) not in (
            ":", ",", "the", "on", "in", "-",
        )  # fmt: skip

    def _is_row(self, first: int, last: int) -> bool:
        places = self._places(first, last)
        if not places or not self._is_bare(first, last) or self._measures_organ(first, last):
            return False
        words = set(self.sentence.words[first:last])
        said = self.grammar["denies"] | self.grammar["affirms"] | self.grammar["hedges"] | self.grammar["answers"]
        return not said.isdisjoint(words - {":", "="} - self.grammar["dashes"]) or self._graded(first, last)

    def _row_presence(self, first: int, last: int) -> Presence:
        words = self.sentence.words[first:last]
        answer = next((a for a in self.scopes.answers if first <= a.tag.first < last), None)
        if answer is not None:
            return answer.presence
        if not self.grammar["denies"].isdisjoint(words):
            return "absent"
        return "uncertain" if not self.grammar["hedges"].isdisjoint(words) else "present"

    def _loose_rows(self, earlier: Earlier) -> Iterator[Head]:
        """A row on its own: "Left: yes." behind "Effusion: right: no."."""
        rows = list(self._cut_rows(0, len(self.sentence)))
        if rows and all(self._is_row(*row) for row in rows) and self._opens_with_place():
            for one, other in rows:
                at = self._stands_for(one, other, self._places(one, other))
                yield Head(Tag("target", earlier.name, *at, self._row_presence(one, other)), one, other)

    def _opens_with_place(self) -> bool:
        words = self.sentence.words
        behind = [tag.last for tag in self._places(0, 1)]
        asked = {":", "-", "=", "\u2013"} & set(words)
        return bool(behind) and (bool(asked) or bool(self.scopes.answers))
