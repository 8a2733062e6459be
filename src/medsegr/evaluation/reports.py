"""What the model is told in a measurement: the case's own report, none, another case's, or one less an aspect."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from medsegr.cognition.priors import Finding

ReportMode = Literal["true", "none", "other", "no-location", "no-texture", "no-shape"]
"""``true`` the case's own; ``none`` the target's name alone; ``other`` another case's description of
the same target; ``no-...`` the own report without the words of one aspect."""

MODES: tuple[ReportMode, ...] = get_args(ReportMode)


def told(finding: Finding, mode: ReportMode, foreign: Sequence[Finding] = ()) -> Finding:
    """The finding as the model is told of it.

    Args:
        mode: See :data:`ReportMode`.
        foreign: Findings of other cases' reports, in the order of preference.
    """
    if mode == "none":
        return finding.named_only()
    if mode == "other":
        return redescribed(finding, foreign)
    return finding.without(mode.removeprefix("no-")) if mode.startswith("no-") else finding


def redescribed(finding: Finding, foreign: Sequence[Finding]) -> Finding:
    """The finding's target with the description of another case's finding.

    The first of the same target that says something else is taken, then the
    first of any target; the bare name where there is none.
    """
    own = (finding.location, finding.texture, finding.shape)
    described = [
        f
        for f in foreign
        if f.presence != "absent"
        and (f.location, f.texture, f.shape) != own
        and (f.location.stated or f.texture.attributes or f.shape.attributes)
    ]
    same = [f for f in described if f.target == finding.target] or described
    if not same:
        return finding.named_only()
    return replace(finding, location=same[0].location, texture=same[0].texture, shape=same[0].shape)
