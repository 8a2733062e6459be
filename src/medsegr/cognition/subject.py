"""What sentences speak of: this image; or history, symptoms, relatives, other examinations, findings in general."""

from collections.abc import Sequence
from typing import NamedTuple

from medsegr.cognition.clauses import Clauses
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.phrases import tokenise
from medsegr.cognition.presence import HEADING_CUES
from medsegr.cognition.tags import Sentence, Tag

_ELSEWHERE = frozenset({"general", "elsewhere", "elsewhere_heads"})
_THEN = frozenset({"then", "then_after"})


def own_words(lexicon: Lexicon, modality: str | None) -> frozenset[str]:
    """The words that name an examination of this modality."""
    known = lexicon.modalities.get(modality or "")
    if known is None:
        return frozenset()
    return frozenset(token.word for name in (known.name.replace("_", " "), *known.words) for token in tokenise(name))


class Heading(NamedTuple):
    """A side that holds for what follows.

    Attributes:
        tag: Its words.
        title: It stands in the title of the examination, and holds for what is present until the end.
        closes: It ends what an earlier heading said, and says nothing itself.
    """

    tag: Tag | None
    title: bool = False


class Subject:
    """Tells what sentences speak of, in reports of one modality."""

    def __init__(self, grammar: Grammar, own: frozenset[str]) -> None:
        self.grammar = grammar
        self._own = own
        self._unplain = grammar["unplain"] | (grammar["exams"] if own else frozenset())

    def is_plain(self, sentence: Sentence) -> bool:
        """True for what speaks of this image, heads nothing, and takes nothing from what stands before it."""
        if not (self._unplain.isdisjoint(sentence.known) and _ELSEWHERE.isdisjoint(sentence.kinds)):
            return False
        return "target" in sentence.kinds or HEADING_CUES.isdisjoint(sentence.kinds)

    def other_examination(self, sentence: Sentence) -> bool:
        """True when another kind of examination shows what follows ("a CT showed", "on the recent CT")."""
        grammar, words = self.grammar, sentence.words
        if not self._own or grammar["exams"].isdisjoint(sentence.known):
            return False
        for place, word in enumerate(words[: first_target(sentence)]):
            if word not in grammar["exams"]:
                continue
            if word in self._own:
                if self._is_former(words, place):
                    return True
                continue
            if not grammar["exam_verbs"].isdisjoint(words[place + 1 : place + 5]):
                return True
            ahead = words[max(0, place - 4) : place]
            if "on" in ahead and grammar["compared"].isdisjoint(ahead):
                return True
        return False

    def _is_former(self, words: Sequence[str], place: int) -> bool:
        """True for "the previous MRI showed"."""
        ahead, behind = [*words[max(0, place - 2) : place], *words[place + 1 : place + 3]], words[place + 1 : place + 6]
        return not self.grammar["former_exams"].isdisjoint(ahead) and not self.grammar["showed"].isdisjoint(behind)

    def told_as_past(self, sentence: Sentence) -> bool:
        """True for sentences that go on about an earlier examination."""
        return not self.grammar["past"].isdisjoint(sentence.known)

    def is_elsewhere(self, sentence: Sentence) -> bool:
        """True for history, symptoms, laboratory, general knowledge and advice."""
        if _ELSEWHERE.isdisjoint(sentence.kinds):
            return False
        first = first_target(sentence)
        for tag in sentence.of(*_ELSEWHERE):
            if tag.kind == "general" or (
                tag.kind == "elsewhere" and tag.first < first and not self._compared(sentence, tag)
            ):
                return True
            if tag.kind == "elsewhere_heads" and tag.first == 0 and self._is_head(sentence, tag):
                return True
        return False

    def _compared(self, sentence: Sentence, tag: Tag) -> bool:
        """True for the "3 days ago" that a finding is compared with."""
        return not self.grammar["compared"].isdisjoint(sentence.words[max(0, tag.first - 8) : tag.first])

    def _is_head(self, sentence: Sentence, tag: Tag) -> bool:
        """True for "HISTORY cough" and "Comparison is made with ...", not for "Background liver"."""
        tokens = sentence.wording.tokens
        behind = sentence.word(tag.last) or ":"
        shouted = all(token.text.isupper() for token in tokens[: tag.last])
        quiet = not all(token.text.isupper() for token in tokens[: tag.last + 4] if token.text.isalpha())
        opens = sentence.words[0] in self.grammar["opens_head"]
        return behind in self.grammar["behind_head"] or (shouted and quiet) or opens

    def may_tell_of_then(self, sentence: Sentence) -> bool:
        """False for sentences of one time."""
        return not (_THEN.isdisjoint(sentence.kinds) and self.grammar["now"].isdisjoint(sentence.known))

    def is_then(self, clauses: Clauses, target: Tag) -> bool:
        """True for what was so at another time: "on the prior study there was ...", "when there was ..."."""
        sentence, now, place = clauses.sentence, self.grammar["now"], target.first + 1
        told_now = not now.isdisjoint(sentence.words[place:]) and now.isdisjoint(sentence.words[:place])
        if told_now and self.other_examination(sentence):
            return True
        if sentence.kinds.isdisjoint(_THEN):
            return False
        return any(
            tag.last <= target.first and not _cut_off(clauses, tag.last, target.first)
            for tag in clauses.sentence.of("then")
        ) or any(tag.first >= target.last and not clauses.parted(target.last, tag.first)
                 for tag in clauses.sentence.of("then_after"))  # fmt: skip

    def is_advice(self, clauses: Clauses, target: Tag) -> bool:
        """True for what is only looked for ("to exclude an underlying mass")."""
        return any(
            tag.last <= target.first and not any(tag.last <= at < target.first for at in clauses.breaks)
            for tag in clauses.sentence.of("advice")
        )

    def is_condition(self, sentence: Sentence, target: Tag) -> bool:
        """True for what may come: "if the effusion persists, ...", "should pneumonia develop"."""
        words = sentence.words
        if words[0] not in self.grammar["opens_condition"] or sentence.word(1) in self.grammar["no_condition"]:
            return False
        return "," not in words[: target.first]

    def heading(self, sentence: Sentence, whole_line: bool, opening: bool) -> Heading | None:
        """The side that a sentence gives to what follows it; None where it is no heading.

        Args:
            sentence: Its words.
            whole_line: It has its line for itself.
            opening: Nothing was said before it.
        """
        if not (whole_line or opening):
            return None
        side = next((tag for tag in sentence.of("side") if self._is_told(sentence, tag)), None)
        words, organs = sentence.words, self.grammar.organ_targets
        first = next((tag.first for tag in sentence.of("target") if tag.name not in organs), len(words))
        side = side or self._organ_side(sentence)
        if opening and side is not None and self._is_title(sentence, side, first, whole_line):
            return Heading(side, title=True)
        if not whole_line or first < len(words) or not self._is_short(sentence):
            return None
        names_exam = not self.grammar["any_exams"].isdisjoint(words)
        return Heading(side, title=names_exam and opening) if side or not names_exam else None

    def _is_told(self, sentence: Sentence, side: Tag) -> bool:
        """False for the "lungs" of "CT of the lungs": they are on both sides, and say none."""
        if side.name != "bilateral":
            return True
        words = set(sentence.words[side.first : side.last])
        return not words.isdisjoint(self.grammar["both_sides"]) or {"left", "right"} <= words

    def _organ_side(self, sentence: Sentence) -> Tag | None:
        """The side in the name of an organ ("RIGHT LUNG")."""
        sides = (tag for tag in sentence.tags if sentence.words[tag.first] in ("left", "right"))
        return next((tag.named("side", sentence.words[tag.first])._replace(last=tag.first + 1) for tag in sides), None)

    def _is_short(self, sentence: Sentence) -> bool:
        words = [word for word in sentence.words if word.isalpha()]
        described = sentence.of(
            "shape", "texture", "size", "count", "absent_before", "absent_after", "uncertain_before"
        )
        return (
            0 < len(words) <= 6
            and not described
            and self.grammar["tells_or_answers"].isdisjoint(words)
            and ("," not in sentence.known or len(words) < 4)
        )

    def _is_title(self, sentence: Sentence, side: Tag, first: int, whole_line: bool) -> bool:
        """True for "ULTRASOUND LEFT BREAST", "US of the left breast was performed", "MRI left knee:", "Left eye"."""
        words, grammar = sentence.words, self.grammar
        exams = grammar["any_exams"]
        if "for" in words[: side.first]:
            return False
        if first == len(words):
            alone = not whole_line and side.first == 0 and grammar["named_places"].issuperset(words[side.last :])
            return alone or not exams.isdisjoint(words)
        named = not exams.isdisjoint(words[: side.first][:4])
        told = not grammar["exam_verbs"].isdisjoint(words[: side.first])
        return named and not told and not grammar["title_ends"].isdisjoint(words[side.last : first])

    def field_side(self, sentence: Sentence) -> tuple[int, Tag | None]:
        """Words before the colon or dash behind a short field name, and the side that opens it ("OS: ...")."""
        if self.grammar["cuts"].isdisjoint(sentence.known):
            return 0, None
        cut = next((at for at, word in enumerate(sentence.words[:5]) if word in self.grammar["cuts"]), 0)
        heads = [tag for tag in sentence.of("side") if tag.last <= cut]
        opens = heads and heads[0].first == 0 and heads[0].name != "midline"
        return cut, heads[0] if opens else None


def _cut_off(clauses: Clauses, first: int, last: int) -> bool:
    """True where the main clause begins between: ", the lungs are clear", "has now"."""
    words = clauses.sentence.words
    return any(words[at] in (",", ";", "now", "but", "which") for at in range(first, last))


def first_target(sentence: Sentence) -> int:
    """The word at which the first target stands; the number of words where there is none."""
    return next((tag.first for tag in sentence.of("target")), len(sentence))
