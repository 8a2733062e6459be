"""What results of a measurement say of themselves: model, data, versions, settings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsegr.cli.run_record import versions
from medsegr.errors import ConfigError

if TYPE_CHECKING:
    from medsegr.data.dataset_folder import DatasetFolder
    from medsegr.evaluation.answer import Answer
    from medsegr.evaluation.report_card import CardAnswer
    from medsegr.inference.predictor import Predictor

    Measured = Answer | CardAnswer


def open_data(paths: Sequence[Path]) -> "list[DatasetFolder]":
    """Open all data sets at some paths.

    Raises:
        ConfigError: Two have the same name, so that their cases could not be told apart.
        DatasetError: A path holds no data set, or one breaks the layout.
    """
    from medsegr.data.dataset_folder import discover

    folders = discover(paths)
    twice = [name for name, count in Counter(folder.name for folder in folders).items() if count > 1]
    if twice:
        raise ConfigError(
            f"Two data sets are called '{twice[0]}': name them apart in dataset.json, or measure each by itself."
        )
    return folders


def thresholds_of(predictor: "Predictor", folders: "Sequence[DatasetFolder]") -> dict[str, float]:
    """Data set -> support below which the model says that its pictures do not show a finding."""
    return {folder.name: predictor.support_thresholds.of(folder.modality) for folder in folders}


def measurement_record(
    predictor: "Predictor",
    folders: "Sequence[DatasetFolder]",
    answers: "Sequence[Measured]",
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """How a measurement came to be.

    Args:
        answers: Of the measurement; cases without one were not measured.
        settings: ``split`` and ``seed``, and whatever else decides what the figures mean.

    Raises:
        ConfigError: Nothing was measured.
    """
    from medsegr.evaluation.bootstrap import DRAWS, LEVEL

    if not answers:
        raise ConfigError(
            "There was nothing to ask: no case has a finding with a mask. For sets without reports, "
            "'medsegr data describe' derives them from the masks."
        )
    rest = {key: value for key, value in settings.items() if key not in ("split", "seed")}
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "model": {"name": predictor.name, "weights": predictor.metadata.get("weights_sha256")},
        "backend": predictor.backend,
        "data": [_data_record(folder, [a for a in answers if a.data == folder.name]) for folder in folders],
        "split": settings["split"],
        "seed": settings["seed"],
        "settings": {**rest, "bootstrap": {"draws": DRAWS, "level": LEVEL, "seed": 0, "of": "patients"}},
    }


def _data_record(folder: "DatasetFolder", answers: "Sequence[Measured]") -> dict[str, Any]:
    from medsegr.data.patients import patients_of
    from medsegr.evaluation.fingerprint import content_hash

    cases = {a.case: a for a in answers}
    return {
        "name": folder.name,
        "modality": folder.modality,
        "frame": folder.frame,
        "licence": folder.licence,
        "cases": len(cases),
        "reports": dict(sorted(Counter(a.origin for a in cases.values()).items())),
        "content_sha256": content_hash({name: a.content for name, a in cases.items()}),
        "resampled_by": patients_of(folder)[1],
    }
