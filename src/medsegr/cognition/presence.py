"""Present, absent or uncertain: which triggers of negation and hedging reach a target (after NegEx and ConText)."""

from medsegr.cognition.mentions import Mention, Sentence
from medsegr.cognition.priors import Presence

ATTRIBUTES = frozenset({"side", "zone", "texture", "shape", "size", "count"})
_NEW_THOUGHT = frozenset({"a", "an", "the", "there", "with", "while"})


def presence_of(sentence: Sentence, target: Mention) -> tuple[Presence, list[Mention]]:
    """What the sentence says of a target, and the triggers that say so.

    A trigger before a target reaches forward, one behind it reaches back,
    neither across the end of a clause ("but", ";", ", a ...").
    """
    if target.presence is not None:
        return target.presence, []
    found: dict[str, Mention] = {}
    for trigger in sentence.mentions:
        for kind in {trigger.kind, trigger.other[0] if trigger.other else trigger.kind}:
            if _reaches(sentence, trigger, kind, target):
                found.setdefault(kind, trigger)
    order = ("uncertain_after", "absent_after", "absent_before", "uncertain_before")
    deciding = next((kind for kind in order if kind in found), None)
    if deciding is None:
        return "present", []
    return ("absent" if deciding.startswith("absent") else "uncertain"), [found[deciding]]


def _reaches(sentence: Sentence, trigger: Mention, kind: str, target: Mention) -> bool:
    if kind.endswith("_before") and trigger.last <= target.first:
        return not clause_ends(sentence, trigger.last, target.first)
    if kind.endswith("_after") and target.last <= trigger.first:
        describes = any(m.first == trigger.last and m.kind in ATTRIBUTES for m in sentence.mentions)
        return not describes and not clause_ends(sentence, target.last, trigger.first, looking_back=True)
    return False


def clause_ends(sentence: Sentence, first: int, last: int, looking_back: bool = False) -> bool:
    """True when a clause ends among the words [first, last)."""
    if any(m.kind == "breaks" and first <= m.first < last for m in sentence.mentions):
        return True
    for place in range(first, last):
        word = sentence.tokens[place].word
        if word == ";" or (word == ":" and not looking_back):
            return True
        if word == "," and place + 1 < len(sentence.tokens):
            after = {token.word for token in sentence.tokens[place:last]}
            if sentence.tokens[place + 1].word in _NEW_THOUGHT:
                return True
            if looking_back and not after & {"and", "or", "nor"}:
                return True
    return False
