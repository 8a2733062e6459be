"""Processes that prepare batches end with the run."""

import multiprocessing

import pytest

from medsegr.training import train as training
from medsegr.training.train import train
from tests.training.small_dataset import make_dataset, small_config


def test_workers_end_with_a_run_that_fails(tmp_path, monkeypatch):
    class Broken(training.TrainingBatches):
        def __getitem__(self, step):
            if step == 1:
                raise OSError("the disk is gone")
            return super().__getitem__(step)

    monkeypatch.setattr(training, "TrainingBatches", Broken)
    with pytest.raises(OSError, match="the disk is gone") as held:  # as a caller holds it who goes on
        train(small_config(make_dataset(tmp_path / "set"), tmp_path / "run", workers=1), show_progress=False)
    for worker in multiprocessing.active_children():
        worker.join(10)
    left = multiprocessing.active_children()
    for worker in left:  # else this process could not end
        worker.kill()
    assert held.value and not left
