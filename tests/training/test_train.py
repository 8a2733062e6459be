"""The training loop: what it leaves behind, and that it goes on exactly where it stopped."""

import csv
import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from medsegr.errors import CheckpointError, ConfigError, OutputError, TrainingError
from medsegr.inference.builtin import builtin_folder
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import SupportThresholds
from medsegr.model.trained_targets import TrainedTargets
from medsegr.training import train as training
from medsegr.training.config import OptimiserConfig
from medsegr.training.config_file import load_config
from medsegr.training.resume import STATE_FILE
from medsegr.training.starting_model import starting_model
from medsegr.training.train import train
from tests.random_hosts import random_sam

from .small_dataset import make_dataset, small_config


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    result = train(small_config(data, run), show_progress=False)
    assert result.finished
    assert result.step == 6
    return run


class Killed(BaseException):
    """Stands for a kill: nothing in the loop may catch it."""


def kill_at(step: int, monkeypatch) -> None:
    update = training._Run._update

    def update_or_die(self):
        if self.progress.step == step:
            raise Killed
        update(self)

    monkeypatch.setattr(training._Run, "_update", update_or_die)


def log_of(run: Path) -> list[dict[str, str]]:
    """The lines of a run's log, without what is read from the clock."""
    with (run / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k not in ("seconds", "data_share")} for row in csv.DictReader(file)]


def test_leaves_a_complete_run_folder(whole_run):
    names = {path.name for path in whole_run.iterdir()}
    assert names == {"config.yaml", "log.csv", "curve.png", "best", STATE_FILE}
    rows = list(csv.DictReader((whole_run / "log.csv").open()))
    losses = [float(row["loss"]) for row in rows if row["loss"]]
    assert len(losses) == 3
    assert all(0 < loss < 10 for loss in losses)
    assert [row["step"] for row in rows if row["val_dice"]] == ["3", "6"]
    assert load_config(whole_run / "config.yaml").steps == 6


def test_the_best_model_loads_and_is_the_running_mean(data, tmp_path):
    run = train(small_config(data, tmp_path / "run", steps=3), show_progress=False).run
    best = dict(ReportGuidedSam.from_pretrained(run / "best").named_parameters())
    state = load_file(run / STATE_FILE)
    means = {name.removeprefix("mean/"): tensor for name, tensor in state.items() if name.startswith("mean/")}
    assert len(means) > 100
    assert all(torch.equal(best[name], mean) for name, mean in means.items())
    assert any(not torch.equal(best[name], state[f"model/{name}"]) for name in means)


def test_the_best_model_brings_thresholds_of_the_validation_split(whole_run):
    metadata = ReportGuidedSam.from_pretrained(whole_run / "best").metadata
    assert 0 < metadata["support_threshold"] <= 0.5
    assert metadata["support_threshold"] == SupportThresholds.from_metadata(metadata).of("no_such_modality")


def test_the_best_model_says_what_it_was_trained_to_find_and_what_it_knew_before(data, whole_run, tmp_path):
    metadata = ReportGuidedSam.from_pretrained(whole_run / "best").metadata
    assert metadata["trained_targets"] == {"chest_xray": ["nodule"]}
    config = small_config(data, tmp_path / "on", init="tiny", host_settings={}, image_size=64, steps=1)
    train(config, show_progress=False)
    grown = TrainedTargets.from_metadata(ReportGuidedSam.from_pretrained(tmp_path / "on" / "best").metadata)
    assert grown.knows("nodule", "chest_xray")
    assert grown.knows("liver", "abdomen_ct")


def test_starts_from_the_built_in_model_by_its_name(data, tmp_path):
    model = starting_model(small_config(data, tmp_path, init="tiny", host_settings={}, image_size=64))
    shipped = ReportGuidedSam.from_pretrained(builtin_folder() / "tiny")
    assert model.image_size == 64 != shipped.image_size
    assert all(
        torch.equal(a, b) for a, b in zip(model.state_dict().values(), shipped.state_dict().values(), strict=True)
    )


def test_goes_on_from_weights_at_another_image_size(data, whole_run, tmp_path):
    start = str(whole_run / "best")
    config = small_config(data, tmp_path / "larger", init=start, image_size=96, steps=1)
    assert train(config, show_progress=False).finished
    assert ReportGuidedSam.from_pretrained(tmp_path / "larger" / "best").image_size == 96
    with pytest.raises(ConfigError, match="multiple of 32"):
        train(small_config(data, tmp_path / "odd", init=start, image_size=100), show_progress=False)


def test_killed_and_resumed_equals_uninterrupted_bit_for_bit(data, whole_run, tmp_path, monkeypatch):
    config = small_config(data, tmp_path / "run")
    with monkeypatch.context() as patch:
        kill_at(3, patch)
        with pytest.raises(Killed):
            train(config, show_progress=False)
    torch.rand(17)  # whatever happens in between must not matter
    assert train(config, resume=True, show_progress=False).finished
    resumed, whole = (load_file(run / STATE_FILE) for run in (tmp_path / "run", whole_run))
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)
    resumed, whole = (ReportGuidedSam.from_pretrained(run / "best") for run in (tmp_path / "run", whole_run))
    assert resumed.metadata["trained_targets"] == whole.metadata["trained_targets"]
    assert resumed.vocabulary == whole.vocabulary
    assert log_of(tmp_path / "run") == log_of(whole_run)


def test_stopped_between_two_lines_of_the_log_the_next_line_is_the_mean_of_all_its_steps(
    data, whole_run, tmp_path, monkeypatch
):
    config = small_config(data, tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_time_is_up", lambda run, _: run.progress.step == 3)
        assert train(config, show_progress=False).step == 3
    assert train(config, resume=True, show_progress=False).finished
    assert log_of(tmp_path / "run") == log_of(whole_run)


def test_other_distances_of_log_lines_are_taken_up_where_the_run_stands(data, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_time_is_up", lambda run, _: run.progress.step == 4)
        train(small_config(data, tmp_path / "run", log_every=3), show_progress=False)
    train(small_config(data, tmp_path / "run", log_every=5), resume=True, show_progress=False)
    single = train(small_config(data, tmp_path / "single", log_every=1), show_progress=False)
    losses = [float(row["loss"]) for row in log_of(single.run) if row["loss"]]
    means = {row["step"]: float(row["loss"]) for row in log_of(tmp_path / "run") if row["loss"]}
    assert means == pytest.approx({"3": sum(losses[:3]) / 3, "5": sum(losses[3:5]) / 2, "6": losses[5]}, rel=1e-4)


def test_accumulation_and_workers_train_too(data, tmp_path):
    config = small_config(data, tmp_path / "run", accumulate=2, workers=1, steps=2, validate_cases=0)
    assert train(config, show_progress=False).finished
    assert (tmp_path / "run" / "best" / "adapter.json").is_file()


def test_stops_when_time_is_up_and_goes_on(data, tmp_path):
    config = small_config(data, tmp_path / "run", steps=2, max_seconds=1e-6)
    result = train(config, show_progress=False)
    assert (result.finished, result.step) == (False, 0)
    go_on = small_config(data, tmp_path / "run", steps=2)
    assert train(go_on, resume=True, show_progress=False).finished


def test_a_signal_ends_the_step_and_saves(data, tmp_path, monkeypatch):
    update = training._Run._update

    def update_and_signal(self):
        update(self)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(training._Run, "_update", update_and_signal)
    result = train(small_config(data, tmp_path / "run"), show_progress=False)
    assert (result.finished, result.step) == (False, 1)
    assert (tmp_path / "run" / STATE_FILE).is_file()


def test_learns_the_left_nodule(data, tmp_path):
    quick = OptimiserConfig(learning_rate=1e-2, warmup_steps=10)
    config = small_config(data, tmp_path / "run", steps=40, batch_size=4, validate_every=40, optimiser=quick)
    train(config, show_progress=False)
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    losses = [float(row["mask"]) for row in rows if row["mask"]]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_a_signal_to_all_processes_spares_the_one_that_prepares_batches(data, tmp_path, monkeypatch):
    update = training._Run._update

    def update_and_signal_all(self):
        update(self)
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(training._Run, "_update", update_and_signal_all)
    stopped = train(small_config(data, tmp_path / "run", workers=1), show_progress=False)
    assert not stopped.finished
    assert stopped.step == 1


def test_a_run_folder_in_use_is_refused(data, whole_run):
    with pytest.raises(OutputError, match=r"exists and is not empty.*--resume"):
        train(small_config(data, whole_run), show_progress=False)


def test_resuming_with_other_settings_is_refused(data, whole_run):
    with pytest.raises(ConfigError, match=r"other settings of: batch_size"):
        train(small_config(data, whole_run, batch_size=4), resume=True, show_progress=False)


def test_a_damaged_state_is_refused(data, tmp_path):
    config = small_config(data, tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / STATE_FILE).write_bytes(b"not a state")
    (tmp_path / "run" / "config.yaml").write_text(yaml.safe_dump(config.to_dict()))
    with pytest.raises(CheckpointError, match="missing or damaged"):
        train(config, resume=True, show_progress=False)


def test_without_data_there_is_nothing_to_train_on(tmp_path):
    with pytest.raises(ConfigError, match="--data"):
        train(load_config(None, data=(), out=str(tmp_path / "run"), device="cpu"), show_progress=False)


def test_a_set_without_train_split_is_refused_and_nothing_is_left(data, tmp_path):
    copy = make_dataset(tmp_path / "set", cases=2)
    with pytest.raises(ConfigError, match="no image in its 'train' split"):
        train(small_config(copy, tmp_path / "run"), show_progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a missing CUDA device; this machine has one")
def test_cuda_without_a_device_is_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="finds no CUDA device"):
        train(small_config(data, tmp_path / "run", device="cuda"), show_progress=False)


def test_no_run_folder_is_refused(data):
    with pytest.raises(ConfigError, match="--out RUN"):
        train(load_config(None, data=(str(data),), host="tiny", device="cpu"), show_progress=False)


def test_workers_start_while_the_working_folder_can_be_imported(data, tmp_path, monkeypatch):
    """Where they are no copies of this process they import the module of ``module:function`` anew."""
    found = []

    class Loader(training.DataLoader):
        def __iter__(self):
            found.append(list(sys.path))
            return super().__iter__()

    monkeypatch.setattr(training, "DataLoader", Loader)
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    train(small_config(data, tmp_path / "run", steps=1, validate_cases=0), show_progress=False)
    assert found == [[*before, str(tmp_path)]] and sys.path == before


def test_a_diverged_run_says_what_to_do(data, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "DIVERGED_AFTER", 2)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(TrainingError, match=r"diverged.*learning_rate"):
        train(small_config(data, tmp_path / "run"), show_progress=False)


def test_a_lora_of_the_host_is_trained_saved_and_loaded(data, tmp_path):
    pytest.importorskip("peft", reason="LoRA needs peft: pip install 'medsegr[lora]'")
    random_sam().save_pretrained(tmp_path / "sam")
    config = load_config(
        data=[str(data)], out=str(tmp_path / "run"), host=str(tmp_path / "sam"),
        overrides=["steps=3", "batch_size=2", "validate_cases=0", "lora.rank=2", "adapter.token_dim=16",
                   "adapter.heads=2", "adapter.bottleneck=8", "device=cpu", "checkpoint_blocks=yes"],
    )  # fmt: skip
    result = train(config, show_progress=False)
    model = ReportGuidedSam.from_pretrained(result.run / "best")
    matrices = {n: p for n, p in model.backbone.model.named_parameters() if ".lora_B" in n}
    assert model.adapter.lora.rank == 2
    assert matrices
    assert all(matrix.abs().max() > 0 for matrix in matrices.values())


def test_weights_that_explode_end_the_run_in_words(data, tmp_path):
    config = small_config(data, tmp_path / "run", steps=60, validate_cases=0)
    wild = replace(config, optimiser=replace(config.optimiser, learning_rate=1e8, warmup_steps=0))
    with pytest.raises(TrainingError, match=r"diverged.*learning_rate"):
        train(wild, show_progress=False)
