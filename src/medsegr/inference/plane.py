"""One plane asked for its findings: what every way of looking stands on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float

from medsegr._torch_defaults import plain_defaults
from medsegr.backbones.decoder_input import Prompts
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.cognition.priors import Finding
from medsegr.data.image import MedicalImage
from medsegr.errors import ConfigError
from medsegr.inference.drawn_findings import Drawn
from medsegr.inference.picture_memory import PictureMemory
from medsegr.inference.upscaled_masks import Upscaled
from medsegr.inference.user_prompt import UserPrompt
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.square import Square
from medsegr.view import View

FINDINGS_AT_ONCE = 32
"""Findings that share one image encoding; more are done in further passes, to bound memory."""


@dataclass(frozen=True)
class PlaneQuestion:
    """What is asked of an image.

    Attributes:
        findings: At least one.
        view: Of the image.
        text: The report that evidence offsets point into; may be empty.
        prompts: Clicks and boxes of a user, by the finding's place; of a volume each click names its plane.
    """

    findings: tuple[Finding, ...]
    view: View = field(default_factory=View)
    text: str = ""
    prompts: Mapping[int, UserPrompt] = field(default_factory=dict)

    def part(self, first: int) -> "PlaneQuestion":
        """The next findings from ``first`` on that share an encoding, with their prompts."""
        last = first + FINDINGS_AT_ONCE
        prompts = {k - first: prompt for k, prompt in self.prompts.items() if first <= k < last}
        return replace(self, findings=self.findings[first:last], prompts=prompts)


@dataclass
class PlanePrediction:
    """What the model says of one plane.

    Attributes:
        scores: Probabilities, 0..1, or what they are made of when they are looked at.
        support: 0..1.
        location: Logits over the host's padded square.
        view: Of the plane, which knows how it lies in that square.
        looked_twice: Whether a second look changed the probability.
        boxes: x1, y1, x2, y2 in pixels of the picture: the user's, else the finding's own; NaN where there is none.
        mirrored: What it says of the mirrored plane, where it was asked.
    """

    scores: Float[np.ndarray, "k h w"] | Upscaled
    support: Float[np.ndarray, "k"]
    location: Float[torch.Tensor, "k y x"]
    view: View
    looked_twice: Bool[np.ndarray, "k"]
    boxes: Float[np.ndarray, "k 4"]
    mirrored: "PlanePrediction | None" = None

    @property
    def probability(self) -> Float[np.ndarray, "k h w"]:
        """0..1, over the whole plane; may be written to."""
        if isinstance(self.scores, Upscaled):
            self.scores = self.scores.all()
        return self.scores

    @property
    def light(self) -> bool:
        """Whether it may be kept for a look at its maps later on: it holds none as large as the plane."""
        return isinstance(self.scores, Upscaled)

    def probability_of(self, k: int) -> Float[np.ndarray, "h w"]:
        """0..1, of one finding over the whole plane; a copy."""
        return self.scores.of(k) if isinstance(self.scores, Upscaled) else self.scores[k].copy()

    def mask(self, k: int, threshold: float) -> Bool[np.ndarray, "h w"]:
        """Where the probability of finding ``k`` reaches a threshold."""
        return self.scores.mask(k, threshold) if isinstance(self.scores, Upscaled) else self.scores[k] >= threshold

    @property
    def square(self) -> Square:
        """How the plane lies in the host's square."""
        assert self.view.square is not None
        return self.view.square

    def location_map(self, k: int) -> Float[np.ndarray, "h w"]:
        """0..1: where finding ``k`` was looked for; the mean of both looks where the plane was mirrored too."""
        own = torch.sigmoid(self.square.logits_out(self.location[k : k + 1]))[0].numpy()
        return own if self.mirrored is None else (own + self.mirrored.location_map(k)[:, ::-1]) / 2


Ask = Callable[[Sequence[np.ndarray], Sequence[PlaneQuestion]], list[PlanePrediction]]
"""Planes (H, W) or (H, W, 3), 0..1, and one question for each -> one answer for each."""


def ask_model(
    model: ReportGuidedSam,
    planes: Sequence[np.ndarray],
    questions: Sequence[PlaneQuestion],
    memory: PictureMemory | None = None,
) -> list[PlanePrediction]:
    """Ask the model once: all planes in one batch, all findings of a plane in one image encoding.

    Planes with clicks or boxes are asked one by one, for each needs a call of the decoder of its own.

    Args:
        model: In evaluation mode.
        planes: Of any sizes.
        questions: One for each plane; findings may differ in kind and number.
        memory: Where the work on pictures that were seen before is found.

    Raises:
        ConfigError: The model is on no device that computes, or its weights are not in float32.
    """
    if len(planes) > 1 and any(question.prompts for question in questions):
        pairs = zip(planes, questions, strict=True)
        return [answer for one in pairs for answer in ask_model(model, one[:1], one[1:], memory)]
    device = next(model.parameters()).device
    if device.type == "meta":
        raise ConfigError("The model is on the device 'meta', where weights hold no numbers. Load it on another one.")
    with torch.inference_mode(), plain_defaults(device):
        pixels, views = model.preprocess(planes, [question.view for question in questions])
        squares = [view.square for view in views if view.square is not None]
        findings, texts = [question.findings for question in questions], [question.text for question in questions]
        priors = model.encode_findings(findings, views, texts)
        prompts = {k: prompt.in_square(squares[0]).to(device) for k, prompt in questions[0].prompts.items()}
        output = _output(model, pixels.to(device), priors.to(device), questions, prompts, memory=memory)
        places = output.location_logits[-1] if output.location_logits else output.logits
        counts = [len(question.findings) for question in questions]
        return [
            PlanePrediction(
                scores=Upscaled(output.logits[i, :count], square),
                support=torch.sigmoid(output.support_logits[i, :count].float()).cpu().numpy(),
                location=places[i, :count].float().cpu().clone(),
                view=view,
                looked_twice=np.zeros(count, bool),
                boxes=_boxes(output, i, square, questions[i]),
            )
            for i, (view, square, count) in enumerate(zip(views, squares, counts, strict=True))
        ]


def look_at(model: ReportGuidedSam, image: MedicalImage, memory: PictureMemory | None) -> None:
    """Do the host's work on a picture that is about to be asked, where it can be kept; of a volume, nothing.

    Args:
        model: In evaluation mode.
        image: As it was read.
        memory: Where it is kept.
    """
    device = next(model.parameters()).device
    if memory is not None and device.type != "meta" and not image.is_volume:
        with torch.inference_mode(), plain_defaults(device):
            memory.trunks.trunk(model, model.preprocess([image.plane()])[0].to(device))


def _output(
    model: ReportGuidedSam,
    pixels: torch.Tensor,
    priors: PriorBatch,
    questions: Sequence[PlaneQuestion],
    prompts: Mapping[int, Prompts],
    *,
    memory: PictureMemory | None,
) -> GuidedOutput:
    """What the model gives; of one picture that is asked again only what is not at hand is computed."""

    def encode() -> GuidedEncoding:
        trunk = None if memory is None else memory.trunks.trunk(model, pixels)
        return model.encode(pixels, priors, **({} if trunk is None else {"trunk": trunk}))

    def draw() -> Drawn:
        return Drawn(encode(), len(questions[0].findings))

    if len(questions) > 1:
        return model.outline(encode())
    if memory is None:
        return draw().output(model, prompts)
    output = memory.drawn(model, pixels, priors, draw).output(model, prompts)
    memory.settle()
    return output


def _boxes(output: GuidedOutput, i: int, square: Square, question: PlaneQuestion) -> Float[np.ndarray, "k 4"]:
    """The box of each finding of plane ``i``, in pixels of the picture."""
    count = len(question.findings)
    boxes = np.full((count, 4), np.nan, np.float32)
    if output.boxes is not None:
        corners = output.boxes[i, :count].float().view(count, 2, 2)
        boxes[:] = square.points_out(corners).view(count, 4).cpu().numpy()
    for k, prompt in question.prompts.items():
        if prompt.box is not None:
            boxes[k] = prompt.box
    return boxes
