"""Findings meet masks: which mask is the truth of which finding.

With records (``findings.jsonl``) a parsed finding meets the described record
that it agrees with best. Without, it meets the mask of its target and side.
A finding that meets nothing is not supervised: a report may well name what
nobody outlined.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.case import Case, FindingRecord
from medsegr.view import View

WRONG_SIDE_MARGIN = 0.1
"""A centroid this share of the width beyond the midline lies clearly on the other side."""


BROADER = {
    "airspace_opacity": ("ground_glass_opacity", "consolidation"),
    "pneumonia": ("ground_glass_opacity", "consolidation"),
}
"""A word that reports use -> narrower structures whose union it means where it is not outlined itself."""


@dataclass(frozen=True)
class Match:
    """A finding and its truth.

    Attributes:
        finding: As handed in.
        mask: (H, W) bool, or None where nothing is to be found or nothing is known.
        supervised: True when the truth is known; then ``mask`` None means "empty".
    """

    finding: Finding
    mask: np.ndarray | None
    supervised: bool


def match_findings(findings: Sequence[Finding], case: Case) -> list[Match]:
    """Find each finding's mask in a case.

    Args:
        findings: From the report, or asked for by name.
        case: Image with structures, and records where the data set has them; its view says where a side lies.

    Returns:
        One match per finding, in order. Absent findings that the truth bears
        out are supervised with mask None.
    """
    if case.findings:
        return _match_records(findings, case)
    return [_match_structures(finding, case) for finding in findings]


def finding_of_record(record: FindingRecord) -> Finding:
    """A record of ``findings.jsonl`` as the finding that describes it."""
    return Finding(
        target=record.target,
        presence=record.presence,  # type: ignore[arg-type]
        location=Location(record.laterality, tuple(record.zones)),  # type: ignore[arg-type]
        texture=Texture(tuple(record.texture)),
        shape=Shape(tuple(record.shape), tuple(record.size_mm), record.count),
    )


def fits(finding: Finding, truth: Finding) -> bool:
    """True when nothing that ``finding`` states contradicts ``truth``, a full description of an object.

    Every stated zone, texture and shape attribute has to be among the
    object's; sides agree, where "bilateral" holds both; sizes are within a
    quarter where the object's are known.
    """
    side, true_side = finding.location.laterality, truth.location.laterality
    sides = ("left", "right", true_side) if true_side == "bilateral" else (true_side,)
    if finding.target != truth.target or (side is not None and side not in sides):
        return False
    if not all(stated <= true for stated, true in _aspects(finding, truth)):
        return False
    sizes = truth.shape.size_mm
    return not sizes or all(any(abs(s - t) <= 0.25 * t for t in sizes) for s in finding.shape.size_mm)


def contradicts(finding: Finding, truth: Finding) -> bool:
    """True when ``finding`` cannot be this object: another target, or an aspect that both state differently.

    Between fitting and contradicting lies what cannot be known: a description
    that is finer than the record, or states what the record leaves open.
    """
    if finding.target != truth.target or _opposite(finding, truth):
        return True
    return any(stated and true and not stated & true for stated, true in _aspects(finding, truth))


def _opposite(one: Finding, other: Finding) -> bool:
    return {one.location.laterality, other.location.laterality} == {"left", "right"}


def _aspects(one: Finding, other: Finding) -> list[tuple[set[str], set[str]]]:
    """What two findings state of zones, texture and shape."""
    stated = ((f.location.zones, f.texture.attributes, f.shape.attributes) for f in (one, other))
    return [(set(first), set(second)) for first, second in zip(*stated, strict=True)]


def agreement(finding: Finding, truth: Finding) -> float:
    """How well two findings of the same target agree; -inf for left against right."""
    side, other = finding.location.laterality, truth.location.laterality
    if _opposite(finding, truth):
        return float("-inf")
    score = 2.0 if side is not None and side == other else 0.0
    for weight, (first, second) in zip((1.5, 1.0, 1.0), _aspects(finding, truth), strict=True):
        if first or second:
            score += weight * len(first & second) / len(first | second)
    same_presence = (finding.presence == "absent") == (truth.presence == "absent")
    return score if same_presence else score - 10.0


def _match_records(findings: Sequence[Finding], case: Case) -> list[Match]:
    """One to one, best agreement first."""
    described = [record for record in case.findings if record.role == "described"]
    truths = [finding_of_record(record) for record in described]
    pairs = [
        (agreement(finding, truth), f, r)
        for f, finding in enumerate(findings)
        for r, truth in enumerate(truths)
        if finding.target == truth.target
    ]
    pairs = sorted((p for p in pairs if p[0] > -5), key=lambda pair: (-pair[0], pair[1], pair[2]))
    partner: dict[int, int] = {}
    for _, f, r in pairs:
        if f not in partner and r not in partner.values():
            partner[f] = r
    shown = {record.target for record in case.findings if record.id in case.masks}
    matches = []
    for f, finding in enumerate(findings):
        record = described[partner[f]] if f in partner else None
        mask = case.masks.get(record.id) if record is not None else None
        known_absent = finding.presence == "absent" and (record is not None or finding.target not in shown)
        matches.append(Match(finding, mask, mask is not None or known_absent))
    return matches


def _match_structures(finding: Finding, case: Case) -> Match:
    mask = structure_mask(finding, case)
    if finding.presence == "absent":
        meant = {finding.target, *BROADER.get(finding.target, ())}
        outlined = mask is None and not meant.isdisjoint(case.structures)
        return Match(finding, None, outlined)
    return Match(finding, mask, mask is not None)


def structure_mask(finding: Finding, case: Case) -> np.ndarray | None:
    """The mask of a finding's target and side, or None where the case has none that fits.

    A broader word (:data:`BROADER`) means all its narrower structures together.
    """
    target, side = finding.target, finding.location.laterality
    present = {name: mask for name, mask in case.structures.items() if mask.any()}
    meant = (target,) if target in case.structures else BROADER.get(target, ())
    if found := [present[name] for name in meant if name in present]:
        whole = found[0] if len(found) == 1 else np.logical_or.reduce(found)
        return on_side(whole, side, case.image.view)
    sided = [f"{s}_{target}" for s in ((side,) if side in ("left", "right") else ("left", "right"))]
    return union(present[name] for name in sided if name in present)


def union(masks: Iterable[np.ndarray]) -> np.ndarray | None:
    """All masks in one, or None when there are none."""
    listed = list(masks)
    return np.logical_or.reduce(listed) if listed else None


def on_side(mask: np.ndarray, side: str | None, view: View) -> np.ndarray | None:
    """The connected components of a mask whose centroid lies on the stated side.

    The whole mask where no side is stated, where a side is no place in the
    picture, and where all components are on the stated side or near the midline;
    None where the mask lies clearly on the other side.

    Args:
        mask: (H, W) or (D, H, W) bool, as displayed: columns, the last axis, run from side to side.
        side: ``left`` or ``right`` select; anything else does not.
        view: Of the picture.
    """
    half = view.half(side)
    if half is None:
        return mask
    labelled, count = ndimage.label(mask, np.ones((3,) * mask.ndim, int))
    columns = np.array([c[-1] for c in ndimage.center_of_mass(mask, labelled, range(1, count + 1))])
    offset = (columns + 0.5) / mask.shape[-1] - 0.5
    if half[0] == 0.0:
        offset = -offset
    chosen = offset >= 0
    if not chosen.any():
        return mask if offset.max() >= -WRONG_SIDE_MARGIN else None
    return mask if chosen.all() else np.isin(labelled, 1 + np.flatnonzero(chosen))
