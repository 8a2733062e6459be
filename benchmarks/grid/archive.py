"""Answers of a grid's runs, kept beside its tables: a zip for each run, without weights.

From them tables are made anew without training, and seeds are added on another machine.
"""

import zipfile
from pathlib import Path

import yaml

from benchmarks.grid.arms import GridRun, portable
from medsegr.data.outputs import atomic_write, staged_folder
from medsegr.errors import InputError

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
