"""Contests -> cases in which only the report can tell which object of a picture is meant.

The report states what picks the object and nothing else. It is read back as it
is built: a case is kept only if the parser finds one finding, with the target
and the attribute that pick, and if this finding fits the object and contradicts
every competitor. What is not kept is counted.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding
from medsegr.data.case import Case
from medsegr.describe.competitors import Aspect, Competitor, Contest, Unclear
from medsegr.describe.contests import find_contests
from medsegr.describe.derived_report import write_report
from medsegr.describe.place import ZONES, Scene
from medsegr.describe.zone_share import MOST_OUTSIDE, shares_in
from medsegr.model.truth import contradicts, fits

MOST_IN_EMPTY_ZONE = 0.02
"""Share of a target's pixels that may lie in a zone of which it is falsely said to be there."""


@dataclass(frozen=True, eq=False)
class ReferringCase:
    """A picture, a report that picks one of its objects, and the competitors.

    Attributes:
        aspect: What picks the object.
        picked: It and its description.
        competitors: The other objects, each with a description that fits it alone.
        false: Descriptions that nothing in the picture fits.
    """

    aspect: Aspect
    picked: Competitor
    competitors: tuple[Competitor, ...]
    false: tuple[Finding, ...]
    report: str


def referring_cases(
    case: Case, scene: Scene, most: int, seed: int, dropped: Counter[tuple[str, str]]
) -> Iterator[ReferringCase]:
    """Build the cases of one picture.

    Args:
        case: One plane, with structures, at its final size.
        most: Cases at most per aspect and target (per aspect for kinds).
        seed: Order and wording depend on it, on the picture's name and on nothing else.
        dropped: Receives (aspect, reason) of what is not built.
    """
    rng = np.random.default_rng((seed, zlib.crc32(case.name.encode())))
    for found in find_contests(case, scene):
        if isinstance(found, Unclear):
            dropped[found.aspect, found.reason] += 1
            continue
        kept = 0
        for place in rng.permutation(found.pickable):
            if kept == most:
                break
            built = _build(found, int(place), case, scene, rng)
            if isinstance(built, str):
                dropped[found.aspect, built] += 1
            else:
                kept += 1
                yield built


def picks(finding: Finding, aspect: Aspect, wanted: Finding) -> bool:
    """True when a parsed finding has the target and the attribute by which an object is to be picked."""
    if finding.target != wanted.target or finding.presence == "absent":
        return False
    if aspect == "side":
        return finding.location.laterality == wanted.location.laterality is not None
    stated, picking = {
        "zone": (finding.location.zones, wanted.location.zones),
        "size": (finding.shape.attributes, wanted.shape.attributes),
        "texture": (finding.texture.attributes, wanted.texture.attributes),
        "kind": ((wanted.target,), (finding.target,)),
    }[aspect]
    return bool(picking) and set(stated) == set(picking)


def _build(contest: Contest, place: int, case: Case, scene: Scene, rng: np.random.Generator) -> ReferringCase | str:
    """A case, or why there is none."""
    picked = contest.objects[place]
    rivals = tuple(other for number, other in enumerate(contest.objects) if number != place)
    zones = picked.finding.location.zones
    beside = [r.mask for r in rivals if r.finding.location.laterality == picked.finding.location.laterality]
    if any(shares_in(mask, zone, scene)[1] > MOST_OUTSIDE for zone in zones for mask in beside):
        return "a competitor is in the zone too"
    report = write_report([picked.finding], scene.modality, rng, scene.lexicon).text
    if not report:
        return "no words for it"
    read = parse_report(report, scene.modality, lexicon=scene.lexicon).findings
    if len(read) != 1 or not picks(read[0], contest.aspect, picked.finding):
        return "read otherwise"
    if not fits(read[0], picked.finding) or not all(contradicts(read[0], rival.finding) for rival in rivals):
        return "fits a competitor"
    false = (*_elsewhere(picked, contest, scene, rng), *_of_another_target(picked, case, scene, rng))
    return ReferringCase(contest.aspect, picked, rivals, false, report)


def _elsewhere(picked: Competitor, contest: Contest, scene: Scene, rng: np.random.Generator) -> list[Finding]:
    """The object described in a zone where the picture has none of its kind."""
    if contest.aspect != "zone":
        return []
    target = np.logical_or.reduce([each.mask for each in contest.objects])
    rivals = next(names for names in ZONES[scene.view.frame] if picked.finding.location.zones[0] in names)
    taken = {zone for each in contest.objects for zone in each.finding.location.zones}
    empty = [zone for zone in rivals if zone not in taken and shares_in(target, zone, scene)[1] <= MOST_IN_EMPTY_ZONE]
    if not empty:
        return []
    zone = empty[int(rng.integers(len(empty)))]
    return [replace(picked.finding, location=replace(picked.finding.location, zones=(zone,)))]


def _of_another_target(picked: Competitor, case: Case, scene: Scene, rng: np.random.Generator) -> list[Finding]:
    """A finding that is annotated everywhere and is not in the picture, said to be where the object is."""
    absent = [t for t, mask in sorted(case.structures.items()) if not mask.any() and scene.group(t) == "finding"]
    if not absent or scene.group(picked.finding.target) != "finding":
        return []
    target = absent[int(rng.integers(len(absent)))]
    return [replace(picked.finding.without("texture", "shape"), target=target)]
