"""Training batches as a pure function of (seed, step): what makes an exact resume possible."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from medsegr.backbones.decoder_input import Prompts
from medsegr.cognition.prior_embedding import PriorBatch, PriorVocabulary, stated_names
from medsegr.cognition.priors import Finding
from medsegr.cognition.region_map import seen
from medsegr.cognition.taught_words import ATTRIBUTES, UNKNOWN, Told
from medsegr.cognition.text_encoder import TextEncoder
from medsegr.errors import MedsegrError
from medsegr.inference.flips import mirrored_finding
from medsegr.training.augmentation import change_intensity, draw_geometry, move
from medsegr.training.config import TrainConfig
from medsegr.training.losses import Truth
from medsegr.training.questions import draw_questions
from medsegr.training.studies import StudyStore, TrainingQuestion, TrainingStudy
from medsegr.training.told_boxes import told_boxes
from medsegr.view import View

Preprocess = Callable[[Sequence[np.ndarray], Sequence[View]], tuple[Tensor, list[View]]]

VANISHED = 0.5
"""A mask that keeps less than this share of its pixels has been moved out of the picture."""

TOLD = 1
"""Sets the draw of told boxes apart from that of samples."""


@dataclass(frozen=True)
class Sample:
    """One image and what it is asked.

    Attributes:
        image: (h, w) or (h, w, 3), 0..1.
        findings: K, already true to the image as it is.
        masks: uint8 (K, h, w).
        view: Of the image.
        texts: K reports, that the findings' evidence points into.
        picture: Tells it from others; empty where nobody asks.
    """

    image: np.ndarray
    findings: tuple[Finding, ...]
    masks: np.ndarray
    view: View
    texts: tuple[str, ...] = field(repr=False)
    picture: str = ""


@dataclass(frozen=True)
class TrainingBatch:
    """Images and questions, ready for the model.

    Attributes:
        pixels: As the host wants them.
        priors: What is asked of each image.
        truth: Its masks.
        shown: (modality or ``unknown``, target) of what is asked for and there.
        words: Attributes that are told of it, and of which picture.
        told: True boxes that some findings are told, or None.
    """

    pixels: Float[Tensor, "b 3 s s"]
    priors: PriorBatch
    truth: Truth
    shown: frozenset[tuple[str, str]] = frozenset()
    words: frozenset[Told] = frozenset()
    told: Prompts | None = None

    def to(self, device: torch.device) -> "TrainingBatch":
        """The same on another device."""
        truth = {name: tensor.to(device, non_blocking=True) for name, tensor in vars(self.truth).items()}
        pixels = self.pixels.to(device, non_blocking=True)
        told = None if self.told is None else self.told.to(device)
        return replace(self, pixels=pixels, priors=self.priors.to(device), truth=Truth(**truth), told=told)

    def halved(self) -> "TrainingBatch":
        """The images at half their size; priors and truth are the same, for the loss adapts to the logits."""
        return replace(self, pixels=F.avg_pool2d(self.pixels, 2))


def make_sample(
    study: TrainingStudy, questions: Sequence[TrainingQuestion], config: TrainConfig, rng: np.random.Generator
) -> Sample:
    """Augment a study: a flip of the picture flips the findings' sides too."""
    image = torch.from_numpy(study.image).float().div_(255)
    image = image[None] if image.ndim == 2 else image.permute(2, 0, 1)
    masks = [torch.from_numpy(study.mask(question.masks)).float() for question in questions]
    planes = torch.cat([image, torch.stack(masks)]) if masks else image
    geometry = draw_geometry(config.augmentation, rng)
    sides = study.view.square.original if study.view.square else study.size
    moved = move(planes, geometry, sides)
    if geometry.moves and _vanished(planes[len(image) :], moved[len(image) :]):
        geometry = replace(geometry, degrees=0.0, scale=1.0, shift=(0.0, 0.0))
        moved = move(planes, geometry, sides)
    picture = change_intensity(moved[: len(image)], config.augmentation, rng)
    findings = seen_findings(study, questions)
    return Sample(
        image=(picture[0] if len(picture) == 1 else picture.permute(1, 2, 0)).numpy(),
        findings=tuple(mirrored_finding(f, study.view) for f in findings) if geometry.flip else findings,
        masks=(moved[len(image) :] >= 0.5).to(torch.uint8).numpy(),
        view=study.view,
        texts=tuple(q.text for q in questions),
    )


def plain_sample(study: TrainingStudy, questions: Sequence[TrainingQuestion]) -> Sample:
    """A study as it is, for validation."""
    masks = [study.mask(question.masks) for question in questions]
    stacked = np.stack(masks) if masks else np.zeros((0, *study.size), np.uint8)
    texts = tuple(question.text for question in questions)
    image = study.image.astype(np.float32) / 255
    return Sample(image, seen_findings(study, questions), stacked, study.view, texts)


def seen_findings(study: TrainingStudy, questions: Sequence[TrainingQuestion]) -> tuple[Finding, ...]:
    """What is asked for, with what of a place can be told in such a picture."""
    return tuple(seen(question.finding, study.view) for question in questions)


def _vanished(before: Tensor, after: Tensor) -> bool:
    pixels = (before >= 0.5).sum((1, 2))
    return bool(((after >= 0.5).sum((1, 2)) < VANISHED * pixels).any())


def collate(
    samples: Sequence[Sample],
    vocabulary: PriorVocabulary,
    preprocess: Preprocess,
    encoder: TextEncoder | None = None,
) -> TrainingBatch:
    """Samples -> tensors over the host's square, findings padded to the largest number.

    Args:
        samples: At least one.
        vocabulary: Encodes the findings.
        preprocess: The model's.
        encoder: Reads their words, where the model has one.
    """
    pixels, views = preprocess([sample.image for sample in samples], [sample.view for sample in samples])
    squares = [view.square for view in views if view.square is not None]
    findings = [sample.findings for sample in samples]
    priors = vocabulary.encode(findings, views)
    if encoder is not None:
        priors.words = encoder.encode_findings(findings, [s.texts for s in samples])
    slots, side = priors.valid.shape[1], pixels.shape[-1]
    masks = priors.valid.new_zeros(len(samples), slots, side, side, dtype=torch.uint8)
    present = torch.zeros_like(priors.valid)
    shown: list[tuple[Sample, Finding]] = []
    for row, (sample, square) in enumerate(zip(samples, squares, strict=True)):
        count = len(sample.masks)
        masks[row, :count] = square.padded(torch.from_numpy(sample.masks))
        present[row, :count] = masks[row, :count].flatten(1).any(1).float()
        there = zip(sample.findings, present[row, :count].tolist(), strict=True)
        shown += [(sample, finding) for finding, is_there in there if is_there]
    content = pixels.new_tensor([square.content for square in squares])
    truth = Truth(masks, priors.valid.float(), present, content)
    targets = frozenset((sample.view.modality or UNKNOWN, finding.target) for sample, finding in shown)
    return TrainingBatch(pixels, priors, truth, targets, frozenset(_words(shown)))


def _words(shown: Sequence[tuple[Sample, Finding]]) -> Iterator[Told]:
    """The attributes that findings state of pictures."""
    for sample, finding in shown:
        stated, modality = stated_names(finding, sample.view.modality), sample.view.modality or UNKNOWN
        yield from ((modality, aspect, name, sample.picture) for aspect in ATTRIBUTES for name in stated[aspect])


@dataclass(eq=False)
class TrainingBatches(Dataset):
    """Batch number ``i`` of a run, drawn from (seed, rank, i) alone.

    Args:
        store: The studies of the train split.
        config: Seed, batch size, sampling, augmentation.
        vocabulary: Encodes the findings.
        preprocess: The model's.
        rank: Of this process among several.
        encoder: Reads the findings' words, where the model has one.
        told_box: Chance of a finding to be told its true box; for models that predict boxes.
    """

    store: StudyStore
    config: TrainConfig
    vocabulary: PriorVocabulary
    preprocess: Preprocess
    rank: int = 0
    encoder: TextEncoder | None = None
    told_box: float = 0.0

    def __post_init__(self) -> None:
        weights = np.array(self.config.data_weights or [1.0] * len(self.store.folders))
        self.shares = weights / weights.sum()

    def __len__(self) -> int:
        return self.config.steps * self.config.accumulate

    def __getitem__(self, number: int) -> TrainingBatch:
        size = self.config.batch_size // self.config.accumulate
        samples = [self.sample(number, place) for place in range(size)]
        batch = collate(samples, self.vocabulary, self.preprocess, self.encoder)
        if not self.told_box:
            return batch
        rng = np.random.default_rng((self.config.seed, self.rank, number, size, TOLD))
        return replace(batch, told=told_boxes(batch.truth, self.told_box, rng))

    def sample(self, number: int, place: int) -> Sample:
        """Sample ``place`` of batch ``number``."""
        rng = np.random.default_rng((self.config.seed, self.rank, number, place))
        for _ in range(20):
            dataset = int(rng.choice(len(self.shares), p=self.shares))
            index = self._index(dataset, rng)
            study = self.store.get(dataset, index)
            questions = draw_questions(study, partial(self._draw, dataset, rng), self.config.sampling, rng)
            if questions:
                break
        name = f"{self.store.folders[dataset].name}/{self.store.names[dataset][index]}"
        return replace(self._seen(study, questions, name, rng), picture=name)

    def _seen(
        self, study: TrainingStudy, questions: Sequence[TrainingQuestion], name: str, rng: np.random.Generator
    ) -> Sample:
        """The study as it is, or augmented: anew, or in one of the versions that are kept."""
        versions = self.config.trunk_cache.versions
        if not versions:
            return make_sample(study, questions, self.config, rng)
        version = int(rng.integers(versions))
        if version == 0:
            return plain_sample(study, questions)
        # The same in every run, so that runs can share what is kept.
        fixed = np.random.default_rng((version, *hashlib.sha256(name.encode()).digest()))
        return make_sample(study, questions, self.config, fixed)

    def _index(self, dataset: int, rng: np.random.Generator) -> int:
        return int(rng.integers(len(self.store.names[dataset])))

    def _draw(self, dataset: int, rng: np.random.Generator) -> TrainingStudy:
        return self.store.get(dataset, self._index(dataset, rng))


@dataclass(frozen=True, eq=False)
class BatchesOrErrors(Dataset):
    """Batches, or what is wrong with one, as a value: torch writes a worker's traceback into the words of its error."""

    batches: TrainingBatches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> TrainingBatch | MedsegrError:
        try:
            return self.batches[number]
        except MedsegrError as error:
            return error


def raised(found: TrainingBatch | MedsegrError) -> TrainingBatch:
    """The batch; what was wrong with it is raised here, in the process of the run."""
    if isinstance(found, MedsegrError):
        raise found
    return found


def validation_keys(store: StudyStore, most: int) -> list[tuple[int, int]]:
    """Up to ``most`` studies, taken evenly from each data set."""
    with_cases = [(d, len(names)) for d, names in enumerate(store.names) if names]
    each = max(1, most // max(1, len(with_cases)))
    return [(d, int(i)) for d, n in with_cases for i in np.linspace(0, n - 1, min(n, each)).round()][:most]


def in_groups(items: Sequence, size: int) -> Iterator[Sequence]:
    """Consecutive groups of up to ``size`` items."""
    return (items[i : i + size] for i in range(0, len(items), size))
