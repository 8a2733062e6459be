"""Answers of a grid's runs, kept beside its tables: a zip for each run, without weights.

From them tables are made anew without training, and seeds are added on another machine, both only where that is
asked for: a grid that is trained again is trained.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.grid.arms import GridRun, portable
from benchmarks.grid.scores import Asking, scores_of
from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.outputs import atomic_write, staged_folder
from medsegr.errors import InputError
from medsegr.evaluation.evaluate import Cohort
from medsegr.evaluation.fingerprint import case_hash, content_hash

SCORES, CONFIG = "scores", "config.yaml"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Of every file in a zip, so that the same answers give the same bytes."""


def archive_of(run: GridRun, folder: Path) -> Path:
    """Where a run's answers are kept."""
    return folder / f"{run.name}-{run.seed}.zip"


def keep(run: GridRun, folder: Path) -> Path:
    """Write a run's settings, with names in place of paths, and its answers.

    Args:
        run: Scored.
        folder: Of the grid's answers; made where it is missing.
    """
    files = sorted(path for path in (run.folder / SCORES).glob("*/*") if path.suffix in (".json", ".csv"))
    texts = {path.relative_to(run.folder).as_posix(): path.read_text(encoding="utf-8") for path in files}
    settings = yaml.safe_dump(portable(run.config.to_dict()), sort_keys=False)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(archive_of(run, folder)) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for name, text in {CONFIG: settings, **texts}.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            packed.writestr(entry, text, zipfile.ZIP_DEFLATED, 9)
    return archive_of(run, folder)


def restore(run: GridRun, folder: Path) -> bool:
    """Unpack a run's kept answers where its folder is not there.

    Returns:
        Whether there were any.

    Raises:
        InputError: The file is damaged.
    """
    kept = archive_of(run, folder)
    if run.folder.exists() or not kept.is_file():
        return False
    try:
        with zipfile.ZipFile(kept) as packed, staged_folder(run.folder) as staged:
            packed.extractall(staged)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{kept} cannot be read ({type(error).__name__}). Delete it, or fetch it again.") from error
    return True


def check_contents(runs: Sequence[GridRun], folders: Sequence[DatasetFolder], asking: Asking) -> None:
    """Refuse kept answers about other data than those at hand.

    Args:
        runs: Whose answers were kept.
        folders: The data at hand.
        asking: How the runs were asked.

    Raises:
        InputError: The images, masks or reports of a data set are others.
    """
    for folder in folders:
        cohort = Cohort.of(folder, asking.split, asking.limit, lexicon=load_lexicon())
        here = content_hash({name: case_hash(folder.load(name)) for name in cohort.names})
        for run in runs:
            scored = scores_of(run, folder.name, asking)
            if scored is not None and scored.record["data"][0]["content_sha256"] != here:
                raise InputError(
                    f"The kept answers of {run.name}, seed {run.seed}, are about other contents of '{folder.name}' "
                    f"than lie in {folder.path}. Bring the data that they were made of, or train the grid."
                )
