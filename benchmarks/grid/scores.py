"""Scores of one run of the grid: ``medsegr evaluate``'s files, a folder for each data set."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.grid.arms import GridRun
from benchmarks.grid.unet import NamedUnet
from medsegr.cli.measurement import measurement_record, thresholds_of
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import staged_folder
from medsegr.errors import InputError
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.lesions import LESION_OVERLAP
from medsegr.evaluation.results import all_tables
from medsegr.evaluation.run_files import RESULTS_FILE, Run, read_run, write_results
from medsegr.evaluation.surface import Tolerance
from medsegr.inference.looks import Looks
from medsegr.inference.predictor import Predictor, load
from medsegr.model.thresholds import SupportThresholds

MODES = ("true", "none", "other")

VALIDATION_CASES = 40
"""Cases of each data set, at most, that a run's support thresholds are set on."""


@dataclass(frozen=True)
class Asking:
    """How every run is asked.

    Attributes:
        split: Of each data set.
        limit: Cases of each at most; all when None.
        seed: Chooses the cases that lend a report, and foreign targets; the same for all runs, whatever their own.
        looks: Options of looking: mirrored too, closer where a finding is small.
    """

    split: str = "test"
    limit: int | None = None
    seed: int = 0
    looks: Looks = field(default_factory=Looks)

    def settings(self) -> dict[str, Any]:
        """As a results file has them, but for the model's own threshold."""
        tolerance = {"mm": Tolerance().mm, "px": Tolerance().px}
        return {
            "split": self.split, "seed": self.seed, "reports": list(MODES), "limit": self.limit,
            **self.looks.settings(), "foreign_queries": True, "tolerance": tolerance, "lesion_overlap": LESION_OVERLAP,
        }  # fmt: skip


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


def predictor_of(run: GridRun, looks: Looks) -> Predictor:
    """The best model of a run, with these options of looking."""
    best, device = run.folder / "best", run.config.device
    if not run.arm.plain_unet:
        host = run.config.host if ":" in run.config.host else None
        return load(best, device, host, **looks.settings())
    unet = NamedUnet.from_pretrained(best)
    if device != "cpu":
        unet = unet.to("cuda" if torch.cuda.is_available() else "cpu")
    return Predictor(unet.eval(), name=run.name, **looks.settings())  # type: ignore[arg-type]


def score(run: GridRun, folders: Sequence[DatasetFolder], asking: Asking) -> int:
    """Ask the best model of a run for each data set that it has not been asked for yet.

    Returns:
        How many data sets were asked for now.

    Raises:
        ConfigError: A data set has no case in the split, or nothing to ask for.
        InputError: There are scores that were made in another way.
    """
    missing = [folder for folder in folders if scores_of(run, folder.name, asking) is None]
    predictor = predictor_of(run, asking.looks) if missing else None
    if predictor is not None:
        if run.config.threads:  # as in training; two runs side by side would else wait for one another
            torch.set_num_threads(run.config.threads)
        held_out = [DatasetFolder(folder) for folder in run.config.data]
        predictor.metadata.update(support_thresholds(predictor, held_out, VALIDATION_CASES).metadata())
    for folder in missing:
        settings = {**asking.settings(), **predictor.support_thresholds.metadata()}
        answers = list(
            evaluate(predictor, folder, asking.split, MODES, limit=asking.limit, seed=asking.seed, foreign=True)
        )
        record = measurement_record(predictor, [folder], answers, settings)
        record["command"] = ["python", "-m", "benchmarks.reproduce"]
        record["model"]["name"] = f"{run.name}-{run.seed}"
        record["model"]["parameters"] = sum(p.numel() for p in predictor.model.parameters())
        record["origins"] = all_tables(answers, thresholds_of(predictor, [folder]))
        with staged_folder(run.folder / "scores" / folder.name) as staged:
            write_results(staged, record, answers)
    return len(missing)


def scores_of(run: GridRun, data: str, asking: Asking) -> Run | None:
    """What a run scored on a data set; None where it has not been asked yet.

    Raises:
        InputError: It was asked in another way, or the file is damaged.
    """
    place = run.folder / "scores" / data
    if not (place / RESULTS_FILE).is_file():
        return None
    found = read_run(place)
    asked = {"split": found.record["split"], "seed": found.record["seed"], **found.record["settings"]}
    wrong = [key for key, value in asking.settings().items() if asked.get(key) != value]
    if wrong:
        raise InputError(
            f"The scores in '{place}' were made with another {wrong[0].replace('_', ' ')}. "
            "Ask as before, or delete the folder 'scores' of every run."
        )
    return found
