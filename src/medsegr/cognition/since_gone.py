"""What a later sentence says is gone: "It was excluded.", "Since resolved.", "Both have cleared."."""

from collections.abc import Sequence

from medsegr.cognition.drafts import Draft
from medsegr.cognition.grammar import Grammar
from medsegr.cognition.tags import Sentence


def since_gone(sentence: Sentence, drafts: Sequence[Draft], grammar: Grammar) -> tuple[Draft, ...] | None:
    """Findings that were told, the last or the last two of them absent now; None where a sentence does not say so.

    A sentence without a pronoun must say no more than that something has gone, for what is "cleared for surgery" has
    not.
    """
    cue = next(iter(sentence.of("absent_after")), None)
    if cue is None or "target" in sentence.kinds or not drafts or sentence.of("side", "zone"):
        return None
    ahead, behind = sentence.words[: cue.first], sentence.words[cue.last :]
    both = not grammar["both_of_findings"].isdisjoint(ahead)
    named = both or not grammar["relatives"].isdisjoint(ahead)
    gone = not grammar["gone_by_itself"].isdisjoint(sentence.words[cue.first : cue.last])
    led = (grammar["before_resolved"] | grammar["both_of_findings"]).issuperset(ahead)
    if not led or not (named or (gone and grammar["signs"].issuperset(behind))):
        return None
    kept = len(drafts) - (2 if both and not _is_several(drafts[-1]) else 1)
    return (*drafts[:kept], *(draft._replace(presence="absent", cues=(sentence.span(cue),)) for draft in drafts[kept:]))


def _is_several(draft: Draft) -> bool:
    return bool(draft.of("count")) or any(side.name == "bilateral" for side in draft.of("side"))
