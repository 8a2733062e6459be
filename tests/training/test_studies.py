"""Studies lie in the host's square as its pictures do."""

from dataclasses import replace

import pytest

from medsegr.model.attach import build_model
from medsegr.square import Square
from medsegr.training.studies import StudyStore
from medsegr.training.train import train

from .small_dataset import SMALL_ADAPTER, TINY_HOST, make_dataset, small_config


class KnownError(Exception):
    """Both stores have been asked for."""


def test_training_and_validation_lay_the_truth_as_the_host_lays_its_pictures(tmp_path, monkeypatch):
    """Of a host that stretches: else the truth would lie beside the picture."""
    config = small_config(make_dataset(tmp_path / "discs"), tmp_path / "run")
    model = build_model("tiny", SMALL_ADAPTER, host_config=TINY_HOST)
    model.backbone.spec = replace(model.backbone.spec, fit="stretch")
    laid = {}

    def store(folders, split, fit, cache_mb, neighbours):
        laid[split] = fit((32, 64))
        if len(laid) == 2:
            raise KnownError
        return StudyStore(folders, split, fit, cache_mb, neighbours=neighbours)

    monkeypatch.setattr("medsegr.training.train.StudyStore", store)
    monkeypatch.setattr("medsegr.training.train.starting_model", lambda _: model)
    with pytest.raises(KnownError):
        train(config, show_progress=False)
    assert laid == dict.fromkeys(("train", "val"), Square((32, 64), (64, 64), 64))
