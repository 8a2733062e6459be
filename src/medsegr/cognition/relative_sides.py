"""Sides told by another: "ipsilateral", "on this side", "on the opposite side", "contralateral to the right mass"."""

from medsegr.cognition.tags import Sentence, Tag

SAME, THIS, OTHER = "same_side", "this_side", "other_side"
"""Kinds of words that tell a side by another: that of what was found, or, ``THIS``, that spoken of last."""

RELATIVE = frozenset({SAME, THIS, OTHER})

_OPPOSITE = {"left": "right", "right": "left"}


def with_sides(sentence: Sentence, found: str | None, last: str | None) -> Sentence:
    """The sentence with the sides that its relative words mean; they mean none where no side was spoken of.

    Args:
        sentence: With its tags.
        found: The side of what was found before it.
        last: The side spoken of last before it.
    """
    before = {SAME: found, THIS: last, OTHER: found}
    tags = [_meant(tag, sentence, before[tag.kind]) if tag.kind in RELATIVE else tag for tag in sentence.tags]
    return sentence.with_tags([tag for tag in tags if tag is not None])


def _meant(tag: Tag, sentence: Sentence, before: str | None) -> Tag | None:
    told = [side for side in sentence.of("side") if side.name in _OPPOSITE]
    spoken = [before] if before and before in _OPPOSITE else []
    ahead = [side for side in told if side.last <= tag.first]
    here = [side.name for side in ahead if tag.kind == THIS or not _is_denied(sentence, side, tag)]
    near = here[-1:] or spoken or [side.name for side in (*reversed(ahead), *told)][:1]
    if not near:
        return None
    return tag.named("side", _OPPOSITE[near[0]] if tag.kind == OTHER else near[0])


def _is_denied(sentence: Sentence, side: Tag, tag: Tag) -> bool:
    """True for the "right" of "no right pneumothorax, but ipsilateral atelectasis": another clause begins between."""
    ends = [at.first for at in sentence.of("breaks")] + [at for at, word in enumerate(sentence.words) if word == ";"]
    end = min((at for at in ends if side.last <= at < tag.first), default=None)
    if end is None:
        return False
    begin = max((at for at in ends if at < side.first), default=0)
    absent = any(target.presence == "absent" for target in sentence.within(begin, end, "target"))
    return absent or bool(sentence.within(begin, end, "absent_before", "absent_after", "absent_next"))
