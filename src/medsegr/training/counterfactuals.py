"""Findings with one aspect of another case's, whose truth is known all the same: what makes a model read the report."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from medsegr.cognition.priors import Count, Finding, Location, Shape, Texture
from medsegr.cognition.region_map import region_map
from medsegr.training.studies import TrainingQuestion, TrainingStudy
from medsegr.view import View

MOST_INSIDE = 0.02
"""A place that holds no more than this share of a target's pixels, wide as it may be drawn, does not hold it."""

LEAST_INSIDE = 0.5
"""A stated place that holds less than this share of its mask is no place to argue from."""

WIDE, NARROW = 0.15, 0.5
"""Values of a region map above which a pixel counts as inside: generously, and fairly."""

MAP_SIZE = 64


def counterfactual(
    study: TrainingStudy, other: Callable[[], TrainingStudy], rng: np.random.Generator
) -> TrainingQuestion | None:
    """A recorded object with one aspect of another case's; the records say what it fits, if anything.

    Without records, a finding of the report in another place, see :func:`misplaced`.
    """
    if not study.objects:
        return misplaced(study, other, rng)
    for _ in range(6):
        finding = study.objects[int(rng.integers(len(study.objects)))][0]
        aspect = ("location", "texture", "shape")[int(rng.integers(3))]
        for lent, _ in other().objects:
            changed = replace(finding, **{aspect: getattr(lent, aspect)})
            if lent.target != finding.target or not _stated(getattr(lent, aspect)) or changed == finding:
                continue
            if (fitting := study.fitting(changed)) is not None:
                return TrainingQuestion(changed, fitting)
    return None


def _stated(aspect: Location | Texture | Shape) -> bool:
    return aspect.stated if isinstance(aspect, Location) else bool(aspect.attributes)


def misplaced(
    study: TrainingStudy, other: Callable[[], TrainingStudy], rng: np.random.Generator
) -> TrainingQuestion | None:
    """A finding of the report in a place where its target clearly is not: mirrored, or as in another case.

    For studies without records. Nothing is its truth, which the region map proves: the place as it is stated holds
    the finding, and the changed one holds next to nothing of all that has this target.
    """
    for _ in range(4):
        if not study.described:
            return None
        question = study.described[int(rng.integers(len(study.described)))]
        finding, everything = question.finding, study.named.get(question.finding.target)
        if not everything or not finding.location.stated or _share(study, finding, everything) < LEAST_INSIDE:
            continue
        lent = [finding.mirrored(study.view)] if rng.random() < 0.5 else [q.finding for q in other().described]
        for candidate in lent:
            place = candidate.location
            if candidate.target != finding.target or not place.stated or place == finding.location:
                continue
            # The report's words place it elsewhere, so that a text encoder must not read them.
            changed = replace(finding, location=place, evidence=replace(finding.evidence, location=()))
            if _share(study, changed, everything, WIDE) <= MOST_INSIDE:
                return replace(question, finding=changed, masks=())
    return None


def _share(study: TrainingStudy, finding: Finding, masks: tuple[str, ...], level: float = NARROW) -> float:
    """Share of masks that a finding's place holds, 0..1; 0.1 (neither in nor out) where the place says nothing."""
    place = _place(finding.location, study.view, finding.shape.count)
    if place is None:
        return 0.1
    rows, columns = np.nonzero(study.mask(masks))
    if not len(rows):
        return 0.1
    height, width = study.size
    inside = place[rows * MAP_SIZE // height, columns * MAP_SIZE // width] > level
    return float(inside.mean())


@lru_cache(maxsize=512)
def _place(location: Location, view: View, count: Count | None) -> np.ndarray | None:
    return region_map(location, view, MAP_SIZE, count)
