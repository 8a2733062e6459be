"""Listener: segments what is sent to it with its report, and stores the results."""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from medsegr.errors import ConfigError, MedsegrError, PacsError
from medsegr.pacs.archive import Archive
from medsegr.pacs_studies.incoming import Incoming
from medsegr.pacs_studies.study_folder import made_files, work_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medsegr.batch.outcome import Outcome
    from medsegr.batch.study import Study

log = logging.getLogger("medsegr.pacs")

PAUSES_S = (1.0, 5.0, 25.0)
"""Before results are sent once more to a PACS that does not take them."""

UNSENT = "unsent"
"""Folder of results that no PACS took: ``medsegr pacs store`` sends them."""


class Segmenter(Protocol):
    """As ``batch.worker.Worker``: brings studies to their end, results in the folder of its job."""

    def do(self, chunk: "Sequence[Study]") -> "list[Outcome]":
        """One outcome for each study."""


@dataclass(frozen=True, eq=False)
class Listener:
    """Works off complete studies, one after another.

    Attributes:
        incoming: Where they come.
        segmenter: With the model; writes into ``out``.
        out: Folder of the results.
        archive: Takes them; None where they only stay in ``out``.
        asked: Whether structures are asked for by name, so that a study needs no report.
        keep: Whether results stay in ``out`` when they are stored.
        pauses_s: Before each further try to store.
    """

    incoming: Incoming
    segmenter: Segmenter
    out: Path
    archive: Archive | None = None
    asked: bool = False
    keep: bool = False
    pauses_s: tuple[float, ...] = PAUSES_S

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until ``stopped``."""
        while not stopped():
            folder = self.incoming.complete(0.5)
            if folder is not None:
                self.work_off(folder)

    def work_off(self, folder: Path) -> None:
        """Segment one study and store its results; whatever is wrong with it is the end of this study alone."""
        name = folder.name
        try:
            cases = self._segment(folder)
            files = made_files(self.out, cases)
            if self.archive is not None and files:
                self._store(self.archive, files)
                log.info("study %s: %d objects stored", name, len(files))
            if not self.keep:
                for case in cases:
                    shutil.rmtree(self.out / case, ignore_errors=True)
        except MedsegrError as error:
            log.error("study %s: %s", name, error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _segment(self, folder: Path) -> list[str]:
        """Names of the cases that are done."""
        count = sum(1 for _ in folder.iterdir())
        work = work_of(folder, None)
        if work.asks_nothing and not self.asked:
            raise ConfigError(f"{count} instances came without a report, and nothing is asked for by name (--target).")
        done = []
        for study in work:
            for outcome in self.segmenter.do([study]):
                if outcome.record is None:
                    log.error("study %s: %s", folder.name, outcome.error)
                else:
                    done.append(study.case)
        log.info("study %s: %d instances, %d of %d images segmented", folder.name, count, len(done), len(work))
        return done

    def _store(self, archive: Archive, files: list[Path]) -> None:
        """Store, again after pauses; what no PACS takes is put aside.

        Raises:
            PacsError: It took them not.
        """
        for pause in (*self.pauses_s, None):
            try:
                archive.store(files)
                return
            except PacsError as error:
                if pause is None:
                    self._put_aside(files)
                    raise PacsError(f"{error} The results lie in the folder '{UNSENT}'.") from error
                time.sleep(pause)

    def _put_aside(self, files: list[Path]) -> None:
        for file in files:
            place = self.out / UNSENT / file.parent.name
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(file, place / file.name)
