"""BasicUNet trained as ``medsegr train`` trains: the same batches, mask loss, optimiser, schedule and checkpoints."""

import time
from collections.abc import Iterator
from contextlib import nullcontext

import torch
from lightning.fabric import Fabric
from torch.utils.data import DataLoader

from benchmarks.grid.unet import NamedUnet, backbone_of, host_record, targets_of
from medsegr.errors import ConfigError
from medsegr.training.config import TrainConfig
from medsegr.training.dataset import TrainingBatch, TrainingBatches
from medsegr.training.devices import build_fabric, denormals_flushed, quiet
from medsegr.training.losses import guided_loss
from medsegr.training.optimiser import WeightMean, build_optimiser, learning_rate_at
from medsegr.training.resume import Progress, Trained, load_state, save_state
from medsegr.training.run_folder import RunFolder
from medsegr.training.studies import StudyStore
from medsegr.training.train import DIVERGED_AFTER, TrainResult
from medsegr.training.validation import validate


def train_unet(config: TrainConfig, resume: bool = False) -> TrainResult:
    """Train a U-Net on one device.

    Args:
        config: Of the arm. Settings of the adapter, of a LoRA, and of the location, support and attribute losses
            have nothing to act on.
        resume: Go on with the run in ``config.out``; from the start where there is none yet.

    Returns:
        Where the run stands; its folder holds ``best/``.

    Raises:
        ConfigError, DatasetError, OutputError, CheckpointError: As ``medsegr.training.train.train``.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    fabric = build_fabric(config)
    torch.manual_seed(config.seed)
    before = NamedUnet.from_pretrained(config.init) if config.init else None
    host = {**before.settings["host"]} if before else host_record(config)
    host["image_size"] = config.image_size or host["image_size"]
    backbone = backbone_of(host)
    store = StudyStore(config.data, "train", backbone.square, config.cache_mb).require_all()
    held_out = StudyStore(config.data, "val", backbone.square, config.cache_mb)
    model = NamedUnet(targets_of(store), backbone, host)
    if before:
        model.start_from(before)
    with quiet(), denormals_flushed():
        return _UnetRun(config, fabric, model, RunFolder(config, resume)).go(store, held_out)


class _UnetRun:
    """One session of a run: from where it stands until it is finished, or time is up."""

    def __init__(self, config: TrainConfig, fabric: Fabric, model: NamedUnet, folder: RunFolder) -> None:
        self.config, self.fabric, self.model, self.folder = config, fabric, model, folder
        named = dict(model.named_parameters())
        optimiser = build_optimiser(model, named, config.optimiser)
        self.wrapped, self.wrapped_optimiser = fabric.setup(model, optimiser)
        mean = WeightMean(named, config.optimiser.ema_decay) if config.optimiser.ema_decay else None
        self.trained = Trained(model, named, optimiser, mean)
        self.progress = load_state(folder.path, self.trained) if folder.resumed else Progress()
        folder.keep_log_until(self.progress.step)
        self.skipped = 0

    def go(self, store: StudyStore, held_out: StudyStore) -> TrainResult:
        """Train until the end of the schedule or of the time."""
        config, progress = self.config, self.progress
        started, before, batches = time.monotonic(), progress.seconds, self._batches(store)
        while progress.step < config.steps:
            spent = time.monotonic() - started
            if config.max_seconds and spent >= config.max_seconds:
                break
            loss = self._step(batches)
            progress.seconds = before + time.monotonic() - started
            last = progress.step == config.steps
            if progress.step % config.log_every == 0 or last:
                rate = learning_rate_at(progress.step - 1, config.steps, config.optimiser)
                self.folder.log({"step": progress.step, "learning_rate": rate, "loss": loss, "mask": loss})
            if progress.step % config.validate_every == 0 or last:
                self._validate(held_out)
            if progress.step % config.checkpoint_every == 0 or last:
                save_state(self.folder.path, self.trained, progress)
        save_state(self.folder.path, self.trained, progress)
        return TrainResult(self.folder.path, progress.step, progress.step == config.steps, progress.best)

    def _batches(self, store: StudyStore) -> Iterator[TrainingBatch]:
        config = self.config
        batches = TrainingBatches(store, config, self.model.vocabulary, self.model.preprocess)
        order = range(self.progress.step * config.accumulate, config.steps * config.accumulate)
        return iter(DataLoader(batches, batch_size=None, sampler=order, num_workers=config.workers))

    def _step(self, batches: Iterator[TrainingBatch]) -> float:
        """One optimiser step, over ``accumulate`` batches; the mean loss."""
        config, step, total = self.config, self.progress.step, 0.0
        for group in self.trained.optimiser.param_groups:
            group["lr"] = learning_rate_at(step, config.steps, config.optimiser)
        self.model.train()
        self.trained.optimiser.zero_grad(set_to_none=True)
        for _ in range(config.accumulate):
            batch = next(batches).to(self.fabric.device)
            batch = batch.halved() if step < config.half_size_share * config.steps else batch
            mask = guided_loss(self.wrapped(batch.pixels, batch.priors), batch.truth, config.loss).mask
            self.fabric.backward(mask / config.accumulate)
            total += float(mask.detach()) / config.accumulate
        self._update()
        self.progress.step += 1
        return total

    def _update(self) -> None:
        limit = self.config.optimiser.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(list(self.trained.named.values()), limit)
        self.skipped = 0 if torch.isfinite(norm) else self.skipped + 1
        if self.skipped >= DIVERGED_AFTER:
            raise ConfigError(
                f"No finite gradient in {DIVERGED_AFTER} steps up to step {self.progress.step}: the run has diverged. "
                "Lower 'optimiser.learning_rate' or train with precision=32."
            )
        if not self.skipped:
            self.wrapped_optimiser.step()
        if self.trained.mean is not None:
            self.trained.mean.update(self.progress.step)

    def _validate(self, held_out: StudyStore) -> None:
        """Measure, and keep the model if it is the best so far, by the same score as the other arms."""
        with self.trained.mean.in_place() if self.trained.mean else nullcontext():
            scores: dict[str, float] = {}
            if len(held_out) and self.config.validate_cases:
                with self.fabric.autocast():
                    scores = validate(self.model, held_out, self.config).known()  # type: ignore[arg-type]
                self.folder.log({"step": self.progress.step, **scores})
            score = scores.get("val_dice", scores.get("val_named", -1.0))
            if score >= self.progress.best:
                self.progress.best = score
                self.folder.save_best(self.model, {"step": self.progress.step, **scores})  # type: ignore[arg-type]
        self.folder.draw_curve()
