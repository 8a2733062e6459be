"""Several mentions, one finding: the same target, side and presence are joined."""

from collections.abc import Sequence
from dataclasses import fields, replace

from medsegr.cognition.priors import Evidence, Finding, Location, Shape, Texture


def merge(mentioned: Sequence[tuple[Finding, bool]]) -> list[Finding]:
    """Join what is said of the same finding in several places.

    Args:
        mentioned: Findings in the order of the report, and whether each was
            introduced by an indefinite article. Two that were, and that differ
            in what they state ("a round nodule ...", "an oval nodule ..."), stay
            two.

    Returns:
        Findings; one that is hedged here and stated outright there is present.
    """
    joined: list[tuple[Finding, bool, list[Finding]]] = []
    for finding, article in mentioned:
        same = (i for i, (known, first, _) in enumerate(joined) if _same(known, finding, first and article))
        place = next(same, None)
        if place is None:
            joined.append((finding, article, [finding]))
        else:
            known, first, members = joined[place]
            members.append(finding)
            joined[place] = (_join(known, finding), first, members)
    return [replace(finding, evidence=_evidence(finding, members)) for finding, _, members in joined]


def _same(one: Finding, other: Finding, both_introduced: bool) -> bool:
    side, other_side = one.location.laterality, other.location.laterality
    if one.target != other.target or ("absent" in (one.presence, other.presence) and one.presence != other.presence):
        return False
    unlike = (
        _apart(one.location.zones, other.location.zones)
        or _apart(one.texture.attributes, other.texture.attributes)
        or _apart(one.shape.attributes, other.shape.attributes)
    )
    if both_introduced and (unlike or side != other_side):
        return False
    if one.presence != other.presence:
        return (side == other_side or None in (side, other_side)) and not unlike
    if one.shape.size_mm and other.shape.size_mm and one.shape.size_mm != other.shape.size_mm:
        return False
    if one.presence == "absent":
        return one.location == other.location
    return side == other_side or (None in (side, other_side) and not both_introduced and not unlike)


def _apart(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool(one and other and not set(one) & set(other))


def _evidence(finding: Finding, members: Sequence[Finding]) -> Evidence:
    """The words of all mentions; triggers only of those that say what the finding is."""
    spans = {
        f.name: tuple(dict.fromkeys(span for member in members for span in getattr(member.evidence, f.name)))
        for f in fields(Evidence)
    }
    told = [member for member in members if member.presence == finding.presence]
    spans["presence"] = tuple(dict.fromkeys(span for member in told for span in member.evidence.presence))
    return Evidence(**spans)


def _join(one: Finding, other: Finding) -> Finding:
    """Both as one; evidence is gathered at the end."""
    return replace(
        one,
        presence=one.presence if one.presence == other.presence else "present",
        location=Location(
            one.location.laterality or other.location.laterality,
            _union(one.location.zones, other.location.zones),
            one.location.frame,
        ),
        texture=Texture(_union(one.texture.attributes, other.texture.attributes)),
        shape=Shape(
            _union(one.shape.attributes, other.shape.attributes),
            one.shape.size_mm or other.shape.size_mm,
            one.shape.count if one.shape.count is not None else other.shape.count,
        ),
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other]))
