"""Training: one or several data sets, one or several devices, stopped and resumed at will."""

import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from lightning.fabric import Fabric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from torch.utils.data import DataLoader

from medsegr._torch_defaults import plain_defaults
from medsegr.backbones.catalogue import working_folder_importable
from medsegr.cognition.taught_words import Tally
from medsegr.errors import TrainingError
from medsegr.model.host_identity import host_fingerprint
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.trained_targets import KEY, TrainedTargets
from medsegr.training.config import TrainConfig
from medsegr.training.dataset import BatchesOrErrors, TrainingBatch, TrainingBatches, raised
from medsegr.training.devices import build_fabric, denormals_flushed, ignore_interrupt, memory_kept, quiet
from medsegr.training.losses import guided_loss
from medsegr.training.optimiser import WeightMean, build_optimiser, learning_rate_at
from medsegr.training.resume import Progress, Trained, load_state, save_state
from medsegr.training.run_folder import RunFolder
from medsegr.training.starting_model import starting_model
from medsegr.training.studies import StudyStore
from medsegr.training.trunk_cache import TrunkCache, with_backend
from medsegr.training.validation import validate

TERMS = {"loss": "total"} | {name: name for name in ("mask", "location", "support", "attributes", "box")}
"""Column of the log -> field of the loss."""

DIVERGED_AFTER = 25
"""Steps in a row without a finite gradient after which a run is given up."""


@dataclass(frozen=True)
class TrainResult:
    """What a run (or a session of it) came to.

    Attributes:
        run: The run folder.
        step: Finished steps.
        finished: False when time was up or the run was interrupted; go on with ``resume=True``.
        best: Best validation score, or -1 where none was measured.
    """

    run: Path
    step: int
    finished: bool
    best: float


@plain_defaults()
def train(config: TrainConfig, resume: bool = False, show_progress: bool = True) -> TrainResult:
    """Train a model.

    Args:
        config: Data, host, schedule, weights.
        resume: Go on with the run in ``config.out``; from the start where there is none yet.
        show_progress: Draw a progress bar on standard error.

    Returns:
        Where the run stands. Its folder holds ``best/``, ready for ``from_pretrained``.

    Raises:
        ConfigError: A setting is wrong, or there is nothing to train on.
        DatasetError: A data set breaks its layout.
        OutputError: The run folder is in use or cannot be written.
        CheckpointError: The state to resume from is damaged, or of another host.
        TrainingError: The run has diverged.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    fabric = build_fabric(config)
    torch.manual_seed(config.seed)
    model = starting_model(config)
    config = with_backend(config, model, fabric.device)
    beside = model.adapter.config.neighbours
    store = StudyStore(config.data, "train", model.backbone.square, config.cache_mb, neighbours=beside).require_all()
    held_out = StudyStore(config.data, "val", model.backbone.square, config.cache_mb, neighbours=beside)
    folder = RunFolder(config, resume) if fabric.is_global_zero else None
    with quiet(), denormals_flushed(), memory_kept():
        return _Run(config, fabric, model, folder).go(store, held_out, show_progress)


class _Run:
    """One session of a run: from where it stands until it is finished, or time is up."""

    def __init__(self, config: TrainConfig, fabric: Fabric, model: ReportGuidedSam, folder: RunFolder | None) -> None:
        self.config = config
        self.fabric = fabric
        self.model = model
        self.folder = folder
        self.encoder = model.text_encoder()
        self.trunks = TrunkCache(model, config, fabric.autocast) if config.trunk_cache.versions else None
        named = dict(model.trainable_parameters())
        optimiser = build_optimiser(model, named, config.optimiser)
        self.wrapped, self.wrapped_optimiser = fabric.setup(model, optimiser)
        mean = WeightMean(named, config.optimiser.ema_decay) if config.optimiser.ema_decay else None
        host = None if model.backbone.whole else host_fingerprint(model.backbone)
        self.trained = Trained(model, named, optimiser, mean, host)
        self.progress = Progress()
        self.targets = TrainedTargets.from_metadata(model.metadata)
        self.tally = Tally()
        self.data_seconds = 0.0
        self.timed = 0
        self.skipped = 0
        self.stop = threading.Event()

    def go(self, store: StudyStore, held_out: StudyStore, show_progress: bool) -> TrainResult:
        """Train until the end of the schedule or of the time."""
        config, started = self.config, time.monotonic()
        run = Path(config.out)
        if self.fabric.broadcast(self.folder is not None and self.folder.resumed):
            self.progress = load_state(run, self.trained)
            self.targets = self.targets.joined(TrainedTargets.from_metadata({KEY: self.progress.targets}))
            self.tally = Tally(self.progress.words)
        if self.folder is not None:
            self.folder.keep_log_until(self.progress.step)
        before, self.held_out = self.progress.seconds, held_out
        with self._signals(), self._bar(show_progress) as advance, self._loading(store):
            marked = time.monotonic()
            while self.progress.step < config.steps and not self._time_is_up(started):
                self._step()
                self.progress.seconds = before + time.monotonic() - started
                step = self.progress.step
                last = step == config.steps
                if step % config.log_every == 0 or last:
                    marked = self._log(marked)
                if step % config.validate_every == 0 or last:
                    self._validate()
                if step % config.checkpoint_every == 0 or last:
                    self._save()
                advance(step)
            self._save()
        return TrainResult(run, self.progress.step, self.progress.step == config.steps, self.progress.best)

    @contextmanager
    def _loading(self, store: StudyStore) -> Iterator[None]:
        """Batches, whose workers, deaf to the signal of the exit, end with the run, also with one that fails."""
        self.batches = self._batches(store)
        try:
            yield
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # those of the loader hold it, and it holds the workers
            raise
        finally:
            del self.batches

    def _batches(self, store: StudyStore) -> Iterator[TrainingBatch]:
        config = self.config
        if config.workers:
            for key in store.keys():  # noqa: SIM118
                store.get(*key)
        vocabulary, rank = replace(self.model.vocabulary, taught=None), self.fabric.global_rank
        told = config.sampling.told_box if self.model.adapter.box is not None else 0.0
        batches = TrainingBatches(store, config, vocabulary, self.model.preprocess, rank, self.encoder, told)
        order = range(self.progress.step * config.accumulate, config.steps * config.accumulate)
        deaf = ignore_interrupt if config.workers else None
        both = BatchesOrErrors(batches)
        loader = DataLoader(both, batch_size=None, sampler=order, num_workers=config.workers, worker_init_fn=deaf)
        with working_folder_importable():  # workers that are no copies of this process import a host's module anew
            return map(raised, loader)

    def _step(self) -> None:
        """One optimiser step, over ``accumulate`` batches."""
        config, step, optimiser = self.config, self.progress.step, self.trained.optimiser
        torch.manual_seed((config.seed * 1_000_003 + step) * 1009 + self.fabric.global_rank)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate_at(step, config.steps, config.optimiser) * group["share"]
        self.model.train()
        optimiser.zero_grad(set_to_none=True)
        for part in range(config.accumulate):
            marked = time.monotonic()
            batch = next(self.batches).to(self.fabric.device)
            self.targets = self.targets.with_pairs(batch.shown)
            self.tally.add(batch.words)
            batch = batch.halved() if step < config.half_size_share * config.steps else batch
            self.data_seconds += time.monotonic() - marked
            trunk = None if self.trunks is None else self.trunks(batch.pixels)
            waits = config.devices > 1 and part + 1 < config.accumulate
            with self.fabric.no_backward_sync(self.wrapped) if waits else nullcontext():
                output = self.wrapped(batch.pixels, batch.priors, batch.told, trunk)
                terms = guided_loss(output, batch.truth, config.loss)
                self.fabric.backward(terms.total / config.accumulate)
            sums = self.progress.sums
            for column, name in TERMS.items():
                sums[column] = sums.get(column, 0.0) + float(getattr(terms, name).detach()) / config.accumulate
        self._update()
        self.progress.step += 1
        self.progress.summed += 1
        self.timed += 1

    def _update(self) -> None:
        limit = self.config.optimiser.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(list(self.trained.named.values()), limit)
        if torch.isfinite(norm):
            self.skipped = 0
            self.wrapped_optimiser.step()
        else:
            self.skipped += 1
            if self.skipped >= DIVERGED_AFTER:
                raise TrainingError(
                    f"No finite gradient in {DIVERGED_AFTER} steps up to step {self.progress.step}: "
                    "the run has diverged. Lower 'optimiser.learning_rate' or train with precision=32."
                )
        if self.trained.mean is not None:
            self.trained.mean.update(self.progress.step)

    def _log(self, marked: float) -> float:
        now, progress = time.monotonic(), self.progress
        if self.folder is not None:
            row = {name: value / progress.summed for name, value in progress.sums.items()}
            rate = learning_rate_at(progress.step - 1, self.config.steps, self.config.optimiser)
            share = self.data_seconds / max(now - marked, 1e-9)
            self.folder.log(
                {
                    "step": progress.step,
                    "learning_rate": rate,
                    **row,
                    "seconds": (now - marked) / self.timed,
                    "data_share": share,
                }
            )
        progress.sums, progress.summed = {}, 0
        self.data_seconds, self.timed = 0.0, 0
        return now

    def _validate(self) -> None:
        """Measure, and keep the model if it is the best so far. Only the first process does."""
        if self.folder is not None:
            self.model.adapter.teach(self.tally.known())
            with self.trained.mean.in_place() if self.trained.mean else nullcontext():
                scores, thresholds = {}, {}
                if len(self.held_out) and self.config.validate_cases:
                    with self.fabric.autocast():
                        found = validate(self.model, self.held_out, self.config, self.encoder, self.trunks)
                    scores, thresholds = found.known(), found.thresholds.metadata()
                    self.folder.log({"step": self.progress.step, **scores})
                score = scores.get("val_dice", scores.get("val_named", -1.0))
                if score >= self.progress.best:
                    self.progress.best = score
                    facts = {"training": self._facts(scores), **thresholds, **self.targets.metadata()}
                    self.folder.save_best(self.model, facts)
            self.folder.draw_curve()
        self.fabric.barrier()

    def _facts(self, scores: dict[str, float]) -> dict:
        names = [folder.name for folder in self.held_out.folders]
        config = self.config
        facts = {"data": names, "host": config.host, "seed": config.seed, "steps": config.steps}
        return {**facts, "step": self.progress.step, "batch_size": config.batch_size, **scores}

    def _save(self) -> None:
        if self.folder is not None:
            self.progress.targets = self.targets.metadata().get(KEY, {})
            self.progress.words = self.tally.told()
            save_state(self.folder.path, self.trained, self.progress)
        self.fabric.barrier()

    def _time_is_up(self, started: float) -> bool:
        limit = self.config.max_seconds
        up = self.stop.is_set() or bool(limit and time.monotonic() - started >= limit)
        return bool(self.fabric.broadcast(up)) if self.config.devices > 1 else up

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and a termination signal end the step, save, and leave."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, lambda *_: self.stop.set()) for number in signals]
        try:
            yield
        finally:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def _bar(self, show: bool):
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        hidden = not (show and self.fabric.is_global_zero)
        with Bar(*columns, console=Console(stderr=True), disable=hidden) as bar:
            task = bar.add_task("training", total=self.config.steps, completed=self.progress.step)
            yield lambda step: bar.update(
                task,
                completed=step,
                description=f"training (best validation {max(self.progress.best, 0):.3f})",
            )
