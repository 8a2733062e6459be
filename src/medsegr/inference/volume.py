"""Planes through the model in batches, and planes back into volumes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from medsegr.data.image import MedicalImage
from medsegr.inference.plane import FINDINGS_AT_ONCE, Ask, PlanePrediction, Question
from medsegr.inference.thresholds import Thresholds


def predict_planes(ask: Ask, image: MedicalImage, question: Question, batch_size: int = 4) -> Iterator[PlanePrediction]:
    """Every plane of an image in order; all findings of a plane in one image encoding.

    Args:
        ask: How to ask the model.
        question: K findings.
        batch_size: Planes at once.
    """
    for start in range(0, image.planes, batch_size):
        planes = [image.plane(i) for i in range(start, min(start + batch_size, image.planes))]
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
        probability=np.concatenate([part.probability for part in parts]),
        support=np.concatenate([part.support for part in parts]),
        location=torch.cat([part.location for part in parts]),
        view=parts[0].view,
        looked_twice=np.concatenate([part.looked_twice for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        mirrored=_joined(tuple(mirrored)) if mirrored else None,
    )


@dataclass
class FindingVolume:
    """One finding, gathered plane by plane.

    A plane whose support is too low adds nothing: what a report describes is
    not in every plane. The finding's own support is that of its best plane.
    """

    masks: list[np.ndarray] = field(default_factory=list)
    support: float = 0.0
    key_plane: int = 0
    location_map: np.ndarray | None = None
    probability: np.ndarray | None = None
    looked_twice: bool = False
    box: np.ndarray | None = None
    _best: tuple[float, float] = (-1.0, -1.0)

    def add(self, plane: PlanePrediction, k: int, thresholds: Thresholds) -> None:
        """Take finding ``k`` of the next plane."""
        support = float(plane.support[k])
        mask = plane.probability[k] >= thresholds.mask
        if support < thresholds.support:
            mask = np.zeros_like(mask)
        self.support = max(self.support, support)
        self.looked_twice |= bool(plane.looked_twice[k])
        rank = (float(mask.sum()), support)
        if rank > self._best:
            self._best, self.key_plane = rank, len(self.masks)
            self.location_map, self.probability = plane.location_map(k), plane.probability[k]
            self.box = None if np.isnan(plane.boxes[k]).any() else plane.boxes[k]
        self.masks.append(mask)


def gather(ask: Ask, image: MedicalImage, question: Question, thresholds: Thresholds) -> list[FindingVolume]:
    """All planes of an image, gathered per finding."""
    gathered = [FindingVolume() for _ in question.findings]
    for plane in predict_planes(ask, image, question):
        for k, volume in enumerate(gathered):
            volume.add(plane, k, thresholds)
    return gathered
