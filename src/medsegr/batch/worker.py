"""One model at work: reads, answers and writes chunks of studies, several chunks at a time."""

import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsegr.batch.case_errors import CAUGHT, free_memory, in_words, lacks_memory
from medsegr.batch.job import Job
from medsegr.batch.one_heap import share_one_heap
from medsegr.batch.out_folder import staged_case
from medsegr.batch.outcome import Outcome
from medsegr.batch.resume import CaseRecord, complete_case, hash_of, hashes
from medsegr.batch.source import at_hand, content_sha256
from medsegr.batch.study import Study
from medsegr.cognition.examinations import nearest
from medsegr.cognition.lexicon import canonical_target
from medsegr.data.image import load_image
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ConfigError, InputError
from medsegr.inference.mask_files import Writing
from medsegr.inference.model_record import model_record, weights_of
from medsegr.inference.predictor import load
from medsegr.inference.prepared import Prepared, Request
from medsegr.inference.request import check_modality
from medsegr.inference.result import Result
from medsegr.inference.writer import write_case

if TYPE_CHECKING:
    from medsegr.cognition.priors import ReportPriors


@dataclass(eq=False)
class _Case:
    """A study on its way."""

    study: Study
    made_from: str = ""
    prepared: Prepared | None = None
    outcome: Outcome | None = None
    seconds: float = 0.0


class Worker:
    """Loads a model once and does chunks with it; while one thread asks the model, others read and write.

    Raises:
        MedsegrError: As of :func:`medsegr.load`.
    """

    def __init__(self, job: Job) -> None:
        share_one_heap()
        self.job = job
        self.predictor = load(job.model, job.device, job.host, flips=job.flips, second_look=job.second_look,
                              backend=job.backend, precision=job.precision,
                              trunk_memory=job.remember)  # fmt: skip
        self.lexicon = job.lexicon()
        self.writing = Writing(job.masks, job.label_map, job.deidentify, self.lexicon)
        self.made_by = hash_of([job.settings(), weights_of(self.predictor)])
        self._read = job.reader(self.lexicon)
        self._large = threading.Lock()
        self._held = ExitStack()
        self._held.enter_context(archives_kept_open())

    def close(self) -> None:
        """Close the archives that are open; a worker that is a process of its own need not."""
        self._held.close()

    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of the model."""
        return {**model_record(self.job.model, self.predictor), **self.predictor.looks.settings()}

    def do(self, chunk: Sequence[Study]) -> list[Outcome]:
        """Bring each study of a chunk to its end. Pictures of a chunk share calls of the model, volumes go alone.

        Which pictures share a call depends on the chunk alone: where one case of it is to be made, all are read, so
        that a run that was stopped ends with the same masks as one that was not.
        """
        try:
            return self._do([_Case(study) for study in chunk])
        except Exception as error:  # an error of ours, else whoever waits for the chunk would wait for ever
            return [Outcome(study, error=told(error, study)) for study in chunk]

    def _do(self, cases: Sequence[_Case]) -> list[Outcome]:
        with ExitStack() as held:
            volumes = self._large if any(case.study.may_be_volume for case in cases) else nullcontext()
            held.enter_context(volumes)
            places = [self._take(case, held) for case in cases]
            if all(case.outcome is not None for case in cases):
                return [case.outcome for case in cases if case.outcome is not None]
            together = []
            for case, place in zip(cases, places, strict=True):
                self._prepare(case, place)
                if case.prepared is not None and case.prepared.picture.is_volume:
                    self._answer([case])
                elif case.prepared is not None:
                    together.append(case)
            self._answer(together)
        return [case.outcome or Outcome(case.study, error="was not reached.") for case in cases]

    def _take(self, case: _Case, held: ExitStack) -> Path | None:
        """Where the study can be read as long as ``held`` is open; a case that is complete already has its outcome."""
        study, place = case.study, None
        with self._failing(case):
            if study.problem:
                raise InputError(study.problem)
            place = held.enter_context(at_hand(study))
            if place.exists():
                case.made_from = hash_of(
                    [study.case, study.name, content_sha256(place), study.report, study.targets, study.modality]
                )
            if self.job.resume:
                record = complete_case(self.job.out / study.case, self.made_by, case.made_from)
                case.outcome = None if record is None else Outcome(study, record, kept=True)
        return place

    def _prepare(self, case: _Case, place: Path | None) -> None:
        if place is None or (case.outcome is not None and not case.outcome.kept):
            return
        study, job = case.study, self.job
        with self._failing(case):
            self._check_row(study)
            modality, targets = study.modality or job.modality, (*job.targets, *study.targets)
            image = Path(f"{place}{study.member}") if study.is_stack else place
            asked = Request(image, study.report, targets, modality, job.threshold, None, self.lexicon, None,
                            job.untrained)  # fmt: skip
            case.prepared = self.predictor.prepare(self._with_reading(asked))

    def _check_row(self, study: Study) -> None:
        """Refuse what a table says in the wrong column, without a word of it."""
        try:
            for name in study.targets:
                canonical_target(name, self.lexicon)
        except ConfigError:
            raise InputError("Its row names a target that the vocabulary does not know.") from None
        try:
            check_modality(study.modality, study.image, self.lexicon)
        except ConfigError:
            near = nearest(study.modality or "", self.lexicon) or sorted(self.lexicon.modalities)
            raise InputError("Its row names a modality that the vocabulary does not know; expected "
                             f"{', '.join(near)}, or what people call them (CT abdomen).") from None  # fmt: skip

    def _with_reading(self, asked: Request) -> Request:
        """The request with its report read by the language model, where one reads."""
        if self._read is None or not isinstance(asked.report, str) or not asked.report.strip():
            return asked
        picture = load_image(asked.image, check_modality(asked.modality, asked.image, self.lexicon))
        report: ReportPriors = self._read(asked.report, picture.modality)
        return replace(asked, image=picture, report=report)

    def _answer(self, cases: Sequence[_Case]) -> None:
        """Ask the model and write; one by one where memory does not suffice for all."""
        prepared = [case.prepared for case in cases if case.prepared is not None]
        if not prepared or all(case.outcome is not None for case in cases):
            return
        started = time.perf_counter()
        try:
            results = self.predictor.answer(prepared)
        except Exception as error:
            if len(cases) == 1:
                self._fail(cases[0], error)
                return
            results = []
        if not results:
            free_memory()
            for case in cases:
                self._answer([case])
            return
        for case in cases:
            case.seconds += (time.perf_counter() - started) / len(cases)
        for case, result in zip(cases, results, strict=True):
            case.prepared = None
            if case.outcome is None:
                with self._failing(case):
                    self._write(case, result)

    def _write(self, case: _Case, result: Result) -> None:
        study, started = case.study, time.perf_counter()
        with staged_case(self.job.out, study.case) as folder:
            write_case(folder, result, case=study.case, image=study.name, model=result.model,
                       keep_text=self.job.keep_text, writing=self.writing)  # fmt: skip
            if self.job.pictures:
                from medsegr.explain.figure import save_figures

                save_figures(folder, result, study.case, self.job.keep_text)
            record = CaseRecord(
                case=study.case,
                image="" if self.job.deidentify else study.shown.encode(errors="replace").decode(),
                seconds=round(case.seconds + time.perf_counter() - started, 3),
                model=result.model,
                model_chosen=result.chosen,
                backend=dict(result.backend),
                weights_sha256=weights_of(self.predictor, result.model),
                made_by=self.made_by,
                made_from=case.made_from,
                files=hashes(folder),
                report_from="study" if study.own_report else "" if study.report is None else "given",
            )
            record.write(folder)
        case.outcome = Outcome(study, record)

    @contextmanager
    def _failing(self, case: _Case) -> Iterator[None]:
        """What goes wrong inside is the end of this case alone."""
        started = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._fail(case, error)
        case.seconds += time.perf_counter() - started

    def _fail(self, case: _Case, error: Exception) -> None:
        case.prepared, case.outcome = None, Outcome(case.study, error=told(error, case.study))
        if isinstance(error, (OSError, MemoryError, RuntimeError)) and lacks_memory(error):
            traceback.clear_frames(error.__traceback__)
            free_memory()


def told(error: Exception, study: Study) -> str:
    """Why a case failed, without the folders of its picture, and without the words of an error that is not ours."""
    known = in_words(error, study.case) if isinstance(error, CAUGHT) else None
    if known is None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return f"{study.case}: medsegr itself failed ({type(error).__name__} in {where}). Please report it."
    return str(known).replace(str(study.image), study.image.name)
