"""Sides told by another: "ipsilateral", "on this side", "on the opposite side", "contralateral to the right mass"."""

from collections.abc import Sequence

from medsegr.cognition.tags import Sentence, Tag

SAME, OTHER = "same_side", "other_side"
"""Kinds of words that tell a side by the one spoken of last."""

_OPPOSITE = {"left": "right", "right": "left"}


def with_sides(sentence: Sentence, before: str | None) -> Sentence:
    """The sentence with the sides that its relative words mean; they mean none where no side was spoken of.

    Args:
        sentence: With its tags.
        before: The side spoken of last before it.
    """
    if sentence.kinds.isdisjoint((SAME, OTHER)):
        return sentence
    tags = [_meant(tag, sentence.of("side"), before) if tag.kind in (SAME, OTHER) else tag for tag in sentence.tags]
    return sentence.with_tags([tag for tag in tags if tag is not None])


def _meant(tag: Tag, sides: Sequence[Tag], before: str | None) -> Tag | None:
    told = [side for side in sides if side.name in _OPPOSITE]
    spoken = [before] if before and before in _OPPOSITE else []
    near = [side.name for side in told if side.last <= tag.first][-1:] or spoken or [side.name for side in told][:1]
    if not near:
        return None
    return tag.named("side", near[0] if tag.kind == SAME else _OPPOSITE[near[0]])
