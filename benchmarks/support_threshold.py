"""The support threshold of a trained model, from validation splits: what ships, and what every arm of the grid gets."""

from collections.abc import Sequence

import numpy as np

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.evaluation.evaluate import evaluate
from medsegr.inference.predictor import DEFAULT_SUPPORT_THRESHOLD, Predictor

KEPT = 0.95
"""Share of the validation splits' true findings that the threshold keeps."""


def support_threshold(predictor: Predictor, folders: Sequence[DatasetFolder], limit: int | None = None) -> float:
    """The support that :data:`KEPT` of the described findings of the validation splits reach; the default one at most.

    What is more likely there than not is never left out: the highest supports of a few findings say nothing of others.

    Args:
        predictor: The model.
        folders: Data sets; those without a validation split are left out.
        limit: Cases of each at most.

    Returns:
        A threshold in 0..1; the default one where nothing is described.
    """
    held_out = [folder for folder in folders if folder.images("val")]
    answers = [a for f in held_out for a in evaluate(predictor, f, "val", ("true",), limit=limit)]
    true = [a.support for a in answers if a.role == "described" and a.overlap.true and a.support is not None]
    kept = [round(float(np.quantile(true, 1 - KEPT)), 4)] if true else []
    return min([DEFAULT_SUPPORT_THRESHOLD, *kept])
