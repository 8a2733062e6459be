"""Planes through the model in batches, and planes back into volumes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from medsegr.backbones.preprocess import Letterbox, logits_to_original
from medsegr.cognition.priors import Finding
from medsegr.data.image import MedicalImage
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.report_guided_sam import ReportGuidedSam

FINDINGS_AT_ONCE = 32
"""Findings that share one image encoding; more are done in further passes, to bound memory."""


@dataclass(frozen=True)
class Question:
    """What is asked of an image.

    Attributes:
        findings: At least one.
        modality: Of the image, or None.
        text: The report that evidence offsets point into; may be empty.
        prompts: Clicks and boxes of a user, by the finding's place; for pictures, not for volumes.
    """

    findings: tuple[Finding, ...]
    modality: str | None = None
    text: str = ""
    prompts: Mapping[int, UserPrompt] = field(default_factory=dict)

    def part(self, first: int) -> "Question":
        """The next findings from ``first`` on that share an encoding, with their prompts."""
        last = first + FINDINGS_AT_ONCE
        prompts = {k - first: prompt for k, prompt in self.prompts.items() if first <= k < last}
        return replace(self, findings=self.findings[first:last], prompts=prompts)


@dataclass
class PlanePrediction:
    """What the model says of one plane.

    Attributes:
        probability: (K, H, W) 0..1.
        support: (K,) 0..1.
        location: (K, h, w) logits over the host's padded square.
        box: How the plane lies in that square.
    """

    probability: np.ndarray
    support: np.ndarray
    location: torch.Tensor
    box: Letterbox

    def location_map(self, k: int) -> np.ndarray:
        """(H, W) 0..1: where finding ``k`` was looked for."""
        return torch.sigmoid(logits_to_original(self.location[k : k + 1], self.box))[0].numpy()


def predict_planes(
    model: ReportGuidedSam,
    image: MedicalImage,
    question: Question,
    batch_size: int = 4,
) -> Iterator[PlanePrediction]:
    """Every plane of an image in order; all findings of a plane in one image encoding.

    Args:
        model: In evaluation mode.
        image: A picture or a volume.
        question: K findings.
        batch_size: Planes at once.
    """
    for start in range(0, image.planes, batch_size):
        planes = [image.plane(i) for i in range(start, min(start + batch_size, image.planes))]
        parts = [
            _predict(model, planes, part)
            for first in range(0, len(question.findings), FINDINGS_AT_ONCE)
            if (part := question.part(first)).findings
        ]
        for of_plane in zip(*parts, strict=True):
            yield PlanePrediction(
                probability=np.concatenate([part.probability for part in of_plane]),
                support=np.concatenate([part.support for part in of_plane]),
                location=torch.cat([part.location for part in of_plane]),
                box=of_plane[0].box,
            )


def _predict(model: ReportGuidedSam, planes: list[np.ndarray], question: Question) -> list[PlanePrediction]:
    device = next(model.parameters()).device
    with torch.inference_mode():
        pixels, boxes = model.preprocess(planes)
        count = len(planes)
        contents = [box.content for box in boxes]
        priors = model.encode_findings(
            [question.findings] * count, [question.modality] * count, contents, [question.text] * count
        )
        encoding = model.encode(pixels.to(device), priors.to(device))
        output = model.outline(encoding)
        for k, prompt in question.prompts.items():
            one = model.outline(encoding.only(k), prompt.in_square(boxes[0]).to(device))
            output.logits[:, k], output.support_logits[:, k] = one.logits[:, 0], one.support_logits[:, 0]
        places = output.location_logits[-1] if output.location_logits else output.logits
        return [
            PlanePrediction(
                probability=torch.sigmoid(logits_to_original(output.logits[i], box)).cpu().numpy(),
                support=torch.sigmoid(output.support_logits[i].float()).cpu().numpy(),
                location=places[i].float().cpu(),
                box=box,
            )
            for i, box in enumerate(boxes)
        ]


@dataclass
class Thresholds:
    """Where a probability becomes a pixel, and a support a finding.

    Attributes:
        mask: 0..1.
        support: 0..1; below it the image does not show the finding.
    """

    mask: float = 0.5
    support: float = 0.5


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
    _best: tuple[float, float] = (-1.0, -1.0)

    def add(self, plane: PlanePrediction, k: int, thresholds: Thresholds) -> None:
        """Take finding ``k`` of the next plane."""
        support = float(plane.support[k])
        mask = plane.probability[k] >= thresholds.mask
        if support < thresholds.support:
            mask = np.zeros_like(mask)
        self.support = max(self.support, support)
        rank = (float(mask.sum()), support)
        if rank > self._best:
            self._best, self.key_plane = rank, len(self.masks)
            self.location_map, self.probability = plane.location_map(k), plane.probability[k]
        self.masks.append(mask)


def gather(
    model: ReportGuidedSam,
    image: MedicalImage,
    question: Question,
    thresholds: Thresholds,
) -> list[FindingVolume]:
    """All planes of an image, gathered per finding."""
    gathered = [FindingVolume() for _ in question.findings]
    for plane in predict_planes(model, image, question):
        for k, volume in enumerate(gathered):
            volume.add(plane, k, thresholds)
    return gathered
