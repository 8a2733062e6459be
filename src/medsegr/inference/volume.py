"""Planes through the model in batches, and planes back into volumes."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch

from medsegr.cognition.plane_prior import planes_likely, steered
from medsegr.cognition.priors import Finding
from medsegr.data.image import MedicalImage
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.plane import FINDINGS_AT_ONCE, Ask, PlanePrediction, PlaneQuestion
from medsegr.inference.plane_consistency import WEAK, is_several, settled
from medsegr.inference.upscaled_masks import Later
from medsegr.model.thresholds import Thresholds

PLANES_AT_ONCE = 4
"""Planes in one batch."""

PIXELS_AT_ONCE = 2**25
"""Probabilities in one batch, which has fewer planes where there are many findings."""


def predict_planes(
    ask: Ask, image: MedicalImage, question: PlaneQuestion, neighbours: bool = False
) -> Iterator[PlanePrediction]:
    """Every plane of an image in order; all findings of a plane in one image encoding.

    Memory is bounded by the batch: no plane is kept, and none is made into floats before its turn.

    Args:
        ask: How to ask the model.
        question: K findings.
        neighbours: The planes beside a plane are its other channels, as the model was trained.
    """
    height, width = image.size
    batch_size = min(PLANES_AT_ONCE, max(1, PIXELS_AT_ONCE // (height * width * len(question.findings))))
    for start in range(0, image.planes, batch_size):
        planes = [image.plane(i, neighbours) for i in range(start, min(start + batch_size, image.planes))]
        parts = [
            ask(planes, [question.part(first)] * len(planes))
            for first in range(0, len(question.findings), FINDINGS_AT_ONCE)
        ]
        for of_plane in zip(*parts, strict=True):
            yield of_plane[0] if len(of_plane) == 1 else _joined(of_plane)


def _joined(parts: tuple[PlanePrediction, ...]) -> PlanePrediction:
    """Groups of findings of one plane, asked one after another."""
    mirrored = [part.mirrored for part in parts if part.mirrored is not None]
    return PlanePrediction(
        scores=np.concatenate([part.probability for part in parts]),
        support=np.concatenate([part.support for part in parts]),
        location=torch.cat([part.location for part in parts]),
        view=parts[0].view,
        looked_twice=np.concatenate([part.looked_twice for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        mirrored=_joined(tuple(mirrored)) if mirrored else None,
    )


class FindingVolume:
    """One finding, gathered plane by plane.

    A plane whose support is too low adds nothing, unless what it shows hangs together with a plane that adds
    (``plane_consistency.py``): what a report describes is not in every plane. The finding's own support is that of its
    best plane.

    Args:
        finding: As the report has it.
        image: Its volume or picture.
        thresholds: Of the answer.

    Attributes:
        mask: Of the planes so far.
        support: 0..1, of the best plane.
        key_plane: The plane to show.
        location_map, probability, box: Of that plane.
        looked_twice: Whether a second look had a say, in any plane.
    """

    def __init__(self, finding: Finding, image: MedicalImage, thresholds: Thresholds) -> None:
        self.mask = PackedMask(image.size)
        self.support = 0.0
        self.key_plane = 0
        self.location_map: Later | np.ndarray | None = None
        self.probability: Later | np.ndarray | None = None
        self.box: np.ndarray | None = None
        self.looked_twice = False
        self._thresholds = thresholds
        self._several = is_several(finding)
        self._likely = planes_likely(finding.location, image.view, image.planes)
        self._passes: list[bool] = []
        self._best: tuple[float, float] = (-1.0, -1.0)

    def add(self, plane: PlanePrediction, k: int) -> None:
        """Take finding ``k`` of the next plane."""
        place, needed = len(self.mask), self._thresholds.support
        support = steered(float(plane.support[k]), 1.0 if self._likely is None else float(self._likely[place]))
        mask = plane.mask(k, self._thresholds.mask)
        passes = support >= needed
        self._passes.append(passes)
        self.mask.append(mask if support >= WEAK * needed else np.zeros_like(mask))
        self.support = max(self.support, support)
        self.looked_twice |= bool(plane.looked_twice[k])
        rank = (float(mask.sum()) if passes else 0.0, support)
        if rank > self._best:
            self._best, self.key_plane = rank, place
            maps = [Later(partial(plane.location_map, k)), Later(partial(plane.probability_of, k))]
            self.location_map, self.probability = maps if plane.light else [one.array() for one in maps]
            self.box = None if np.isnan(plane.boxes[k]).any() else plane.boxes[k]

    def settle(self) -> None:
        """Let the planes of the whole volume speak to each other, once all are there."""
        self.mask = settled(self.mask, self._passes, self.key_plane, several=self._several)


def gather(
    ask: Ask,
    image: MedicalImage,
    question: PlaneQuestion,
    thresholds: Thresholds,
    told: Sequence[Finding] = (),
    *,
    neighbours: bool = False,
) -> list[FindingVolume]:
    """All planes of an image, gathered per finding.

    Args:
        told: The findings as the report has them, where the question leaves words out; by default, the question's.
        neighbours: See :func:`predict_planes`.
    """
    gathered = [FindingVolume(finding, image, thresholds) for finding in told or question.findings]
    for plane in predict_planes(ask, image, question, neighbours):
        for k, volume in enumerate(gathered):
            volume.add(plane, k)
    for volume in gathered:
        volume.settle()
    return gathered
