"""What a run starts from, and what is refused before it does."""

from pathlib import Path

import pytest

from medsegr.errors import ConfigError
from medsegr.model.attach import build_model
from medsegr.training.config_file import load_config
from medsegr.training.starting_model import starting_model
from medsegr.training.train import train
from tests.random_hosts import random_sam

from .small_dataset import SMALL_ADAPTER, make_dataset, small_config


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.mark.parametrize(("side", "norm"), [(96, "instance"), (64, "instance"), (32, "batch")])
def test_a_size_that_cannot_be_halved_is_refused_at_the_start(side, norm, data, tmp_path):
    sizes = {"widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "dim": 16, "norm": norm}
    asked = {"image_size": side, "host_settings": sizes, "half_size_share": 0.5}
    with pytest.raises(ConfigError, match=f"half of its {side} px: image_size is {side // 2}; .* multiple of 32"):
        train(small_config(data, tmp_path / "run", **asked), show_progress=False)
    assert not (tmp_path / "run").exists()


def test_only_a_whole_host_takes_half_its_size(data, tmp_path):
    random_sam().save_pretrained(tmp_path / "sam")
    build_model(str(tmp_path / "sam"), SMALL_ADAPTER).save_pretrained(tmp_path / "adapter")
    config = load_config(data=[str(data)], out=str(tmp_path / "run"), init=str(tmp_path / "adapter"), device="cpu",
                         overrides=["half_size_share=0.5"])  # fmt: skip
    with pytest.raises(ConfigError, match="half of its 64 px: only 'tiny' takes any size"):
        train(config, show_progress=False)


def test_an_unknown_host_is_refused(data, tmp_path):
    config = small_config(data, tmp_path / "run", host=str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="Host"):
        train(config, show_progress=False)


@pytest.mark.parametrize("way", ["box", "mask_prompt", "neighbours"])
def test_a_model_without_such_a_way_gets_none_by_init(way, data, tmp_path):
    random_sam().save_pretrained(tmp_path / "sam")
    build_model(str(tmp_path / "sam"), SMALL_ADAPTER).save_pretrained(tmp_path / "adapter")
    config = load_config(data=[str(data)], out=str(tmp_path / "run"), init=str(tmp_path / "adapter"), device="cpu",
                         overrides=[f"adapter.{way}=yes"])  # fmt: skip
    with pytest.raises(ConfigError, match=f"'adapter.{way}' is on, and the model to start from is without"):
        train(config, show_progress=False)


def test_a_model_of_ones_own_does_not_inherit_what_a_built_in_one_refuses(data, tmp_path):
    model = starting_model(small_config(data, tmp_path / "run", init="tiny", host_settings={}))
    assert "untrained_findings" not in model.metadata
    assert "breast_ultrasound" in model.metadata["trained_targets"]
