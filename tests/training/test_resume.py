"""A run goes on with the host that it was trained on, or not at all: the state holds no weight of a frozen host."""

import pytest

from medsegr.errors import CheckpointError
from medsegr.training.config_file import load_config
from medsegr.training.train import train
from tests.random_hosts import random_sam

from .small_dataset import make_dataset


def test_another_host_by_the_same_name_is_refused(tmp_path):
    data, host = make_dataset(tmp_path / "discs"), tmp_path / "sam"
    random_sam(seed=1).save_pretrained(host)
    config = load_config(
        data=[str(data)], out=str(tmp_path / "run"), host=str(host),
        overrides=["steps=2", "batch_size=1", "validate_cases=0", "adapter.token_dim=16", "adapter.heads=2",
                   "adapter.bottleneck=8", "device=cpu"],
    )  # fmt: skip
    assert train(config, show_progress=False).finished
    assert train(config, resume=True, show_progress=False).finished
    random_sam(seed=2).save_pretrained(host)
    with pytest.raises(CheckpointError, match=r"a host with other weights.*same weights on each call"):
        train(config, resume=True, show_progress=False)
