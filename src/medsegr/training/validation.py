"""A cheap look at the validation split during training."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit

from medsegr.cognition.text_encoder import TextEncoder
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import SupportThresholds
from medsegr.training.config import TrainConfig
from medsegr.training.dataset import collate, in_groups, plain_sample, validation_keys
from medsegr.training.losses import coarse, content_weights
from medsegr.training.questions import named_questions, validation_questions
from medsegr.training.studies import StudyStore, TrainingQuestion, TrainingStudy
from medsegr.training.trunk_cache import TrunkCache


@dataclass(frozen=True)
class ValidationScores:
    """Means over images; NaN where nothing could be measured.

    Attributes:
        val_dice: Dice per image with the report.
        val_named: Dice per image with the targets merely named.
        val_kept: Share of findings in the image with support above 0.5.
        val_rejected: Share of findings not in the image with support below 0.5.
        thresholds: Supports that 95 % of the findings in the image reach, by modality; 0.5 at most.
    """

    val_dice: float
    val_named: float
    val_kept: float
    val_rejected: float
    thresholds: SupportThresholds

    def known(self) -> dict[str, float]:
        """The scores that could be measured."""
        scores = {name: value for name, value in vars(self).items() if name.startswith("val_")}
        return {name: value for name, value in scores.items() if not np.isnan(value)}


def validate(
    model: ReportGuidedSam,
    store: StudyStore,
    config: TrainConfig,
    encoder: TextEncoder | None = None,
    trunks: TrunkCache | None = None,
) -> ValidationScores:
    """Measure a model on up to ``validate_cases`` studies, at the logits' resolution.

    Args:
        model: Left in evaluation mode.
        store: The studies of the validation split.
        config: Batch size, number of cases and of findings.
        encoder: The model's own, where it has one.
        trunks: Of the run, where it keeps them.
    """
    model.eval()
    studies = [store.get(*key) for key in validation_keys(store, config.validate_cases)]
    most = config.sampling.max_findings
    asked = [(s, questions) for s in studies if (questions := validation_questions(s, most))]
    told = _ask(model, asked, config.batch_size, encoder, trunks)
    named = _ask(model, [(s, named_questions(s, most)) for s in studies], config.batch_size, encoder, trunks)
    support = np.array([pair for _, pairs in told for pair in pairs], float).reshape(-1, 2)
    shown = support[:, 0] > 0
    of_modality: dict[str | None, list[float]] = defaultdict(list)
    for (study, _), (_, pairs) in zip(asked, told, strict=True):
        of_modality[study.modality] += [float(expit(logit)) for present, logit in pairs if present]
    return ValidationScores(
        val_dice=_mean([dice for dice, _ in told]),
        val_named=_mean([dice for dice, _ in named]),
        val_kept=_mean(support[shown, 1] > 0),
        val_rejected=_mean(support[~shown, 1] <= 0),
        thresholds=SupportThresholds.keeping(of_modality),
    )


def _mean(values) -> float:
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("nan")


@torch.inference_mode()
def _ask(
    model: ReportGuidedSam,
    asked: list[tuple[TrainingStudy, list[TrainingQuestion]]],
    batch_size: int,
    encoder: TextEncoder | None,
    trunks: TrunkCache | None,
) -> list[tuple[float, list[tuple[float, float]]]]:
    """Per image: Dice over the findings that it shows, and (shown, support logit) of all."""
    device = next(model.parameters()).device
    results = []
    for group in in_groups([(study, questions) for study, questions in asked if questions], batch_size):
        samples = [plain_sample(*pair) for pair in group]
        batch = collate(samples, model.vocabulary, model.preprocess, encoder).to(device)
        output = model(batch.pixels, batch.priors, trunk=None if trunks is None else trunks(batch.pixels))
        inside = content_weights(batch.truth.content, output.logits.shape[-2:])
        guess = (output.logits > 0) * inside
        truth = (coarse(batch.truth.masks.float(), output.logits.shape[-2:]) >= 0.5).float()
        overlap, area = (guess * truth).sum((-2, -1)), guess.sum((-2, -1)) + truth.sum((-2, -1))
        dice = (2 * overlap / area.clamp(min=1)).cpu().numpy()
        present, support = batch.truth.present.cpu().numpy(), output.support_logits.float().cpu().numpy()
        for row, (_, questions) in enumerate(group):
            slots = range(len(questions))
            shown = [dice[row, k] for k in slots if present[row, k]]
            results.append((_mean(shown), [(present[row, k], support[row, k]) for k in slots]))
    return results
