"""The folder of a run's results: every case is staged inside it and renamed as soon as it is complete."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from medsegr.batch.resume import CASE_FILE
from medsegr.data.outputs import PLACE_IS_AT_FAULT, check_output_folder, naming, parents_of
from medsegr.errors import OutputError

RUN_FILE, FINDINGS = "run.json", "findings.json"


class Mode(Enum):
    """What becomes of results that are there already."""

    NEW = "new"
    OVERWRITE = "overwrite"
    RESUME = "resume"


@contextmanager
def results_folder(out: Path, mode: Mode, inputs: Iterable[Path] = ()) -> Iterator["Results"]:
    """A folder of results for the time of a run.

    New: it must be missing or empty. Overwrite: what was there is deleted when the first new case is complete, and
    comes back where none is. Resume: it stays; what a killed run left half-written is swept away. Where nothing is
    complete at the end, a folder that was made for the run is gone again.

    Raises:
        OutputError: Not writable, a file of that name, or not fit for the mode.
    """
    out = out.resolve()
    if mode is Mode.RESUME and out.is_dir():
        _check_resumable(out)
    else:
        check_output_folder(out, mode is Mode.OVERWRITE, inputs)
    with parents_of(out / RUN_FILE), naming(out, PLACE_IS_AT_FAULT):
        results = Results(out)
        try:
            with naming(out):
                if mode is Mode.OVERWRITE:
                    results.set_aside()
                if mode is Mode.RESUME:
                    results.sweep()
                    (out / RUN_FILE).unlink(missing_ok=True)
            yield results
        finally:
            results.bring_back()
            results.sweep()


def _check_resumable(out: Path) -> None:
    with naming(out), tempfile.TemporaryFile(dir=out):
        pass
    known = (out / RUN_FILE, *out.glob(f"*/{CASE_FILE}"), *out.glob(".*.part"), *out.glob(".*.old"))
    if any(out.iterdir()) and not any(path.exists() for path in known):
        raise OutputError(f"{out} holds no results of a run to go on with. Choose the folder of that run, or leave "
                          "--resume out.")  # fmt: skip


class Results:
    """What a run does with its folder, which exists."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._old: Path | None = None

    def set_aside(self) -> None:
        """Move what is there out of sight."""
        entries = list(self.out.iterdir())
        if entries:
            self._old = Path(tempfile.mkdtemp(prefix=".", suffix=".old", dir=self.out))
            for entry in entries:
                entry.replace(self._old / entry.name)

    def first_is_done(self) -> None:
        """Delete what was there before: a new case is complete."""
        if self._old is not None:
            shutil.rmtree(self._old, ignore_errors=True)
            self._old = None

    def bring_back(self) -> None:
        """Put back what was there, where no new case has become complete."""
        if self._old is not None:
            for entry in list(self._old.iterdir()):
                entry.replace(self.out / entry.name)
            self._old.rmdir()
            self._old = None

    def sweep(self) -> None:
        """Delete hidden folders of stopped runs: half-written cases, and cases that were to be replaced."""
        for pattern in (".*.part", ".*.old"):
            for left in self.out.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def staged_case(out: Path, case: str) -> Iterator[Path]:
    """Yield a hidden folder; it becomes ``out/case`` when the block ends well, whole or not at all.

    Raises:
        OutputError: A folder of that name is there and is no case.
    """
    target = out / case
    stage = Path(tempfile.mkdtemp(prefix=f".{case[:60]}.", suffix=".part", dir=out))
    try:
        stage.rmdir()
        stage.mkdir()  # once more, with the rights of any other folder
        yield stage
        try:
            stage.replace(target)  # an empty folder is replaced, too
        except OSError:
            if not target.exists():
                raise
            _replace(stage, target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _replace(stage: Path, target: Path) -> None:
    if not (target / CASE_FILE).exists() and not (target / FINDINGS).exists():
        raise OutputError(f"{target.name} is there among the results and is no case; move it away, or choose another "
                          "output folder.")  # fmt: skip
    old = Path(tempfile.mkdtemp(prefix=f".{target.name[:60]}.", suffix=".old", dir=target.parent))
    target.replace(old / target.name)
    stage.replace(target)
    shutil.rmtree(old, ignore_errors=True)
