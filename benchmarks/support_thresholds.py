"""The support thresholds of a trained model, from validation splits: what ships, and what every arm gets."""

from collections import defaultdict
from collections.abc import Sequence

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.evaluate import evaluate
from medsegr.inference.predictor import Predictor
from medsegr.inference.thresholds import SupportThresholds


def support_thresholds(
    predictor: Predictor, folders: Sequence[DatasetFolder], limit: int | None = None
) -> SupportThresholds:
    """Thresholds that keep 95 % of the described findings of the validation splits, by modality.

    Args:
        predictor: The model.
        folders: Data sets; those without a validation split are left out.
        limit: Cases of each at most.
    """
    supports: dict[str | None, list[float]] = defaultdict(list)
    for folder in folders:
        if folder.images("val"):
            supports[folder.modality] += [
                answer.support
                for answer in evaluate(predictor, folder, "val", ("true",), limit=limit)
                if answer.role == "described" and answer.overlap.true and answer.support is not None
            ]
    return SupportThresholds.keeping(supports)
