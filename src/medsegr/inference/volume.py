"""Planes through the model in batches, and planes back into volumes."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool

from medsegr.cognition.plane_prior import planes_likely, steered
from medsegr.cognition.priors import Finding
from medsegr.data.image import MedicalImage
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.plane import FINDINGS_AT_ONCE, Ask, PlanePrediction, PlaneQuestion
from medsegr.inference.plane_consistency import WEAK, is_several, settled, touching
from medsegr.inference.upscaled_masks import Later
from medsegr.inference.user_prompt import UserPrompt
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
    best plane. Where a user clicked that it is there, it is there, whatever the support.

    Planes speak to each other before any click; a click changes its own plane and no other. A plane that was clicked,
    but not inside, and whose support is too low keeps of its new mask what hangs together with the planes beside it as
    they were before all clicks.

    Args:
        finding: As the report has it.
        image: Its volume or picture.
        thresholds: Of the answer.

    Attributes:
        mask: Of the planes so far.
        support: 0..1, of the best plane as the planes are now.
        key_plane: The plane to show; of a volume with clicks, the last of those.
        marked: Whether a user said that it is there, by a click inside or a box.
        location_map, probability, box: Of that plane.
        looked_twice: Whether a second look had a say, in any plane.
    """

    def __init__(self, finding: Finding, image: MedicalImage, thresholds: Thresholds) -> None:
        self.mask = PackedMask(image.size)
        self.key_plane = 0
        self.location_map: Later | np.ndarray | None = None
        self.probability: Later | np.ndarray | None = None
        self.box: np.ndarray | None = None
        self.looked_twice = self.marked = False
        self._thresholds = thresholds
        self._several = is_several(finding)
        self._likely = planes_likely(finding.location, image.view, image.planes)
        self._supports: list[float] = []
        self._passes: list[bool] = []
        self._best: tuple[float, float] = (-1.0, -1.0)
        self._settled = self.mask

    @property
    def support(self) -> float:
        return max(self._supports, default=0.0)

    def add(self, plane: PlanePrediction, k: int, prompt: UserPrompt | None = None) -> None:
        """Take finding ``k`` of the next plane, which was asked with a prompt or without."""
        place = len(self.mask)
        mask, support, passes = self._taken(place, plane, k, prompt)
        self._supports.append(support)
        self._passes.append(passes)
        self.mask.append(mask)
        rank = (float(mask.sum()) if passes else 0.0, support)
        if rank > self._best:
            self._best = rank
            self._show(place, plane, k)

    def click(self, place: int, plane: PlanePrediction, k: int, prompt: UserPrompt, *, last: bool) -> None:
        """Take finding ``k`` of a plane again, which was asked with clicks in it; the other planes stay.

        Args:
            place: Of the plane.
            plane: Its answer.
            k: The finding's place in that.
            prompt: The clicks in it.
            last: The last click lies in it: it is the plane to show.
        """
        mask, self._supports[place], passes = self._taken(place, plane, k, prompt)
        if not passes:
            beside = {place - 1, place + 1} & set(range(len(self._settled)))
            mask = touching(mask, [self._settled.plane(other) for other in beside])
        self.mask = self.mask.with_plane(place, mask)
        if last:
            self._show(place, plane, k)

    def copy(self) -> "FindingVolume":
        """Another one with the same settled planes, which may be clicked in by itself."""
        made = copy(self)
        made._supports = [*self._supports]
        return made

    def settle(self) -> None:
        """Let the planes of the whole volume speak to each other, once all are there and before any click."""
        self.mask = self._settled = settled(self.mask, self._passes, self.key_plane, several=self._several)

    def _taken(
        self, place: int, plane: PlanePrediction, k: int, prompt: UserPrompt | None
    ) -> tuple[Bool[np.ndarray, "h w"], float, bool]:
        """Mask, support, and whether the plane adds to the finding."""
        needed, marked = self._thresholds.support, prompt is not None and prompt.bounds() is not None
        support = steered(float(plane.support[k]), 1.0 if self._likely is None else float(self._likely[place]))
        mask = plane.mask(k, self._thresholds.mask)
        passes = support >= needed or marked
        self.looked_twice |= bool(plane.looked_twice[k])
        self.marked |= marked
        return mask if passes or support >= WEAK * needed else np.zeros_like(mask), support, passes

    def _show(self, place: int, plane: PlanePrediction, k: int) -> None:
        """From now on this plane is the one to show."""
        self.key_plane = place
        maps = [Later(partial(plane.location_map, k)), Later(partial(plane.probability_of, k))]
        self.location_map, self.probability = maps if plane.light else [one.array() for one in maps]
        self.box = None if np.isnan(plane.boxes[k]).any() else plane.boxes[k]


Keep = Callable[[Callable[[], list[FindingVolume]]], list[FindingVolume]]
"""Given how planes are gathered: what was gathered, perhaps for an earlier question."""


def gather(
    ask: Ask,
    image: MedicalImage,
    question: PlaneQuestion,
    thresholds: Thresholds,
    told: Sequence[Finding] = (),
    *,
    neighbours: bool = False,
    keep: Keep = lambda make: make(),
) -> list[FindingVolume]:
    """All planes of an image, gathered per finding.

    Clicks in a volume are asked after all planes were asked without, and spoke to each other: of a plane with clicks
    the clicked findings are taken anew, and no mask in any other plane changes, bit for bit.

    Args:
        told: The findings as the report has them, where the question leaves words out; by default, the question's.
        neighbours: See :func:`predict_planes`.
        keep: Gives what was gathered before clicks where the same volume was asked the same, else makes it.
    """

    def planes() -> list[FindingVolume]:
        gathered = [FindingVolume(finding, image, thresholds) for finding in told or question.findings]
        prompts = {} if image.is_volume else question.prompts
        for plane in predict_planes(ask, image, replace(question, prompts=prompts), neighbours):
            for k, volume in enumerate(gathered):
                volume.add(plane, k, prompts.get(k))
        for volume in gathered:
            volume.settle()
        return gathered

    gathered = keep(planes) if image.is_volume else planes()
    if image.is_volume and question.prompts:
        _click(ask, image, question, gathered, neighbours)
    return gathered


def _click(
    ask: Ask, image: MedicalImage, question: PlaneQuestion, gathered: Sequence[FindingVolume], neighbours: bool
) -> None:
    """Ask the planes with clicks again, each alone, and take the clicked findings of them."""
    for place in dict.fromkeys(place for prompt in question.prompts.values() for place in prompt.planes):
        own = {k: prompt.of_plane(place) for k, prompt in question.prompts.items()}
        prompts = {k: prompt for k, prompt in own.items() if prompt is not None}
        for first in sorted({k - k % FINDINGS_AT_ONCE for k in prompts}):
            asked = replace(question, prompts=prompts).part(first)
            (answer,) = ask([image.plane(place, neighbours)], [asked])
            for k, prompt in asked.prompts.items():
                last = place == question.prompts[first + k].planes[-1]
                gathered[first + k].click(place, answer, k, prompt, last=last)
