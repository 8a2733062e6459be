"""Training from kept trunks: the same losses as from the pictures, and nothing kept that would be wrong."""

import csv
import shutil
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from medsegr.backbones.lora import LoraSettings
from medsegr.data.image import load_image
from medsegr.errors import ConfigError
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from medsegr.square import Square
from medsegr.training import train as training
from medsegr.training import trunk_cache
from medsegr.training.config import TrainConfig, TrunkCacheConfig
from medsegr.training.config_file import load_config
from medsegr.training.dataset import TrainingBatches
from medsegr.training.studies import StudyStore
from medsegr.training.train import train
from medsegr.training.trunk_cache import FOLDER, TrunkCache
from medsegr.view import View
from tests.random_hosts import random_lite_medsam, random_sam, random_sam2, random_tiny
from tests.shapes import leave_unchecked

from .small_dataset import SIDE, make_dataset, small_config


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "discs")


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("hosts") / "sam"
    random_sam(SIDE).save_pretrained(folder)
    return str(folder)


def config_of(data: Path, out: Path, host: str, blocks=(1, 2), **settings) -> TrainConfig:
    adapter = AdapterConfig(token_dim=16, heads=2, bottleneck=8, blocks=blocks)
    return small_config(data, out, host=host, host_settings={}, adapter=adapter, **settings)


def losses(run: Path) -> torch.Tensor:
    """Losses and validation of a run, a row for each line of its log."""
    with (run / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = (*training.TERMS, "val_dice", "val_named")
    return torch.tensor([[float(row[name] or 0) for name in names] for row in rows])


@pytest.mark.parametrize("blocks", [(1, 2), ()])
@pytest.mark.parametrize(("dtype", "rtol", "atol"), [("float32", 1e-5, 1e-6), ("bfloat16", 0.03, 0.01)])
def test_losses_are_those_without_a_cache(data, host, tmp_path, blocks, dtype, rtol, atol):
    kept = TrunkCacheConfig(versions=1, dtype=dtype)
    train(config_of(data, tmp_path / "with", host, blocks, trunk_cache=kept), show_progress=False)
    assert len(list((tmp_path / "with" / FOLDER).iterdir())) in range(2, 9), "no more than there are pictures"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "TrunkCache", lambda *_: None)
        train(config_of(data, tmp_path / "without", host, blocks, trunk_cache=kept), show_progress=False)
    assert not (tmp_path / "without" / FOLDER).exists()
    torch.testing.assert_close(losses(tmp_path / "with"), losses(tmp_path / "without"), rtol=rtol, atol=atol)


def test_a_run_goes_on_as_if_it_had_not_stopped_whatever_is_kept(data, host, tmp_path):
    settings = {"trunk_cache": TrunkCacheConfig(versions=3), "steps": 4, "validate_every": 4}
    train(config_of(data, tmp_path / "whole", host, **settings), show_progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training._Run, "_time_is_up", lambda run, _: run.progress.step == 2)
        assert not train(config_of(data, tmp_path / "run", host, **settings), show_progress=False).finished
    shutil.rmtree(tmp_path / "run" / FOLDER)
    settings["trunk_cache"] = TrunkCacheConfig(versions=3, folder=str(tmp_path / "whole" / FOLDER), gigabytes=1)
    assert train(config_of(data, tmp_path / "run", host, **settings), resume=True, show_progress=False).finished
    torch.testing.assert_close(losses(tmp_path / "run"), losses(tmp_path / "whole"), rtol=1e-5, atol=1e-6)
    settings["trunk_cache"] = TrunkCacheConfig(versions=2)
    with pytest.raises(ConfigError, match="trunk_cache"):
        train(config_of(data, tmp_path / "run", host, **settings), resume=True, show_progress=False)


def test_a_resumed_run_has_the_trunks_that_it_learned_from(data, host, tmp_path, monkeypatch):
    settings = {"trunk_cache": TrunkCacheConfig(versions=1), "steps": 2, "validate_every": 2}
    config = config_of(data, tmp_path / "run", host, **settings)
    monkeypatch.setattr(trunk_cache, "can_compile_trunk", lambda _: False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training._Run, "_time_is_up", lambda run, _: run.progress.step == 1)
        train(config, show_progress=False)
    assert load_config(tmp_path / "run" / "config.yaml").trunk_cache.backend == "torch"
    monkeypatch.setattr(trunk_cache, "can_compile_trunk", lambda _: True)  # as if OpenVINO had come meanwhile
    with pytest.raises(ConfigError, match=r"other settings of: trunk_cache\.backend\."):
        train(config, resume=True, show_progress=False)
    settings["trunk_cache"] = TrunkCacheConfig(versions=1, backend="torch")
    assert train(config_of(data, tmp_path / "run", host, **settings), resume=True, show_progress=False).finished


def test_who_computes_trunks_is_settled_before_a_run(data, host, tmp_path, monkeypatch):
    def settled(backend: str, device: str, versions: int = 1) -> str:
        kept = TrunkCacheConfig(versions=versions, backend=backend)
        config = config_of(data, tmp_path, host, trunk_cache=kept)
        return trunk_cache.with_backend(config, model, torch.device(device)).trunk_cache.backend

    model = attach(random_sam(SIDE), AdapterConfig(token_dim=16, heads=2, blocks=(1,)))
    for takes in (True, False):
        monkeypatch.setattr(trunk_cache, "can_compile_trunk", lambda _, takes=takes: takes)
        assert settled("auto", "cpu") == ("openvino" if takes else "torch")
        assert settled("auto", "cuda") == settled("torch", "cpu") == "torch", "trunks are computed where one trains"
        assert settled("auto", "cpu", versions=0) == "auto"
        with pytest.raises(ConfigError, match="is 'openvino', which is not installed, or does not take"):
            settled("openvino", "cuda" if takes else "cpu")


def test_what_is_kept_is_not_computed_again(data, host, tmp_path):
    model = attach(random_sam(SIDE), AdapterConfig(token_dim=16, heads=2, blocks=(1,)))
    config = config_of(data, tmp_path, host, trunk_cache=TrunkCacheConfig(versions=1, dtype="float32", backend="torch"))
    computed = []
    model.trunk = lambda pixels, run=model.trunk: computed.append(len(pixels)) or run(pixels)
    pixels = torch.randn(3, 3, SIDE, SIDE)
    first = TrunkCache(model, config, nullcontext)(pixels[[0, 1, 0]])
    again = TrunkCache(model, config, nullcontext)(pixels)
    assert computed == [2, 1], "the same picture once, and afterwards the new one alone"
    with torch.no_grad():
        whole = model.trunk(pixels).tensors[0]
    torch.testing.assert_close(first.tensors[0], whole[[0, 1, 0]])
    torch.testing.assert_close(again.tensors[0], whole)


def test_keys_change_with_all_that_a_trunk_depends_on(data, host, tmp_path):
    def key(change: float = 0.0, block: int = 1, dtype: str = "float32", pixel: float = 0.0, **settings) -> str:
        sam = random_sam(SIDE)
        with torch.no_grad():
            sam.vision_encoder.layers[0].mlp.lin1.weight[3, 5] += change
        model = attach(sam, AdapterConfig(token_dim=16, heads=2, blocks=(block, 3)))
        kept = TrunkCacheConfig(versions=1, dtype=dtype)
        picture = torch.zeros(3, SIDE, SIDE)
        picture[2, 7, 9] = pixel
        config = config_of(data, tmp_path, host, trunk_cache=kept, **settings)
        return TrunkCache(model, config, nullcontext).key(picture)

    assert key() == key()
    others = [key(1e-4), key(block=2), key(dtype="bfloat16"), key(pixel=1e-6), key(precision="bf16-mixed")]
    assert len({key(), *others}) == 6


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: attach(random_tiny(SIDE)), "trained whole"),
        (lambda: attach(random_sam2(SIDE)), r"adapter\.blocks=\[\]"),
    ],
)
def test_hosts_of_which_nothing_can_be_kept_are_refused(data, tmp_path, model, message):
    with pytest.raises(ConfigError, match=message):
        TrunkCache(model(), small_config(data, tmp_path), nullcontext)


def test_a_lora_and_a_cache_are_refused_before_the_run(data, host, tmp_path):
    pytest.importorskip("peft", reason="LoRA needs peft: pip install 'medsegr[lora]'")
    config = config_of(
        data, tmp_path / "run", host, lora=LoraSettings(rank=2), trunk_cache=TrunkCacheConfig(versions=1)
    )
    with pytest.raises(ConfigError, match="LoRA"):
        train(config, show_progress=False)
    assert not (tmp_path / "run").exists()


def test_a_plane_with_its_neighbours_has_a_trunk_of_its_own(data, host, tmp_path):
    config = config_of(data, tmp_path, host, trunk_cache=TrunkCacheConfig(versions=1))
    model = attach(random_sam(SIDE), config.adapter)
    cache = TrunkCache(model, config, nullcontext)
    volume = load_image(np.random.default_rng(0).random((3, SIDE, SIDE), dtype=np.float32))
    planes = [volume.plane(1), volume.plane(1, neighbours=True)]
    pixels, _ = model.preprocess(planes, [View(), View()])
    assert cache.key(pixels[0]) != cache.key(pixels[1])
    for level, kept in zip(model.trunk(pixels).tensors, cache(pixels).tensors, strict=True):
        torch.testing.assert_close(kept.float(), level, atol=1e-2, rtol=1e-2)


def test_pictures_are_among_their_versions(data, host, tmp_path):
    def pictures(versions: int, seed: int = 0) -> list[bytes]:
        config = config_of(data, tmp_path, host, seed=seed, steps=60, trunk_cache=TrunkCacheConfig(versions=versions))
        store = StudyStore([data], "train", partial(Square.fit, size=SIDE), 64)
        model = attach(random_sam(SIDE), config.adapter)
        batches = TrainingBatches(store, config, model.vocabulary, model.preprocess)
        return [picture.numpy().tobytes() for number in range(60) for picture in batches[number].pixels]

    one, three, other = pictures(1), pictures(3), pictures(3, seed=1)
    assert len(set(one)) == 6
    assert set(one) < set(three), "the picture as it is, is one of the versions"
    assert 12 < len(set(three)) <= 6 * (2 + 1) + 12
    assert three != other
    assert len(set(three) | set(other)) <= len(set(three)) + 6, "versions are the same for every seed"
    assert len(set(pictures(0))) > 90


@pytest.mark.skipif(not find_spec("openvino"), reason="needs pip install 'medsegr[openvino]'")
def test_trunks_by_openvino_are_torchs_and_kept_apart(data, tmp_path, monkeypatch):
    leave_unchecked(monkeypatch)
    model = attach(random_lite_medsam(64), AdapterConfig(token_dim=16, heads=2, blocks=(4,))).train()
    pixels, found = torch.randn(2, 3, 64, 64), {}
    pixels[0, :, :20] += 1
    for backend in ("auto", "torch"):
        kept = TrunkCacheConfig(versions=1, dtype="float32", folder=str(tmp_path), backend=backend)
        cache = TrunkCache(model, small_config(data, tmp_path, trunk_cache=kept, precision="32"), nullcontext)
        assert cache.compiles == (backend == "auto")
        found[backend] = cache(pixels).tensors
        with torch.no_grad():  # the adapter goes on to learn
            model.adapter.prompt_gate += 1
        assert all(map(torch.equal, cache(pixels).tensors, found[backend]))
    assert model.training
    assert len(list(tmp_path.glob("*.safetensors"))) == 4
    for one, other in zip(found["auto"], found["torch"], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert (found["torch"][0][0] - found["torch"][0][1]).abs().mean() > 0.001
