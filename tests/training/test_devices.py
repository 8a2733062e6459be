"""Devices and precision."""

import warnings

import pytest
import torch

from medsegr.errors import ConfigError
from medsegr.training import devices
from medsegr.training.config import TrainConfig
from medsegr.training.devices import bfloat16_is_fast, build_fabric


@pytest.fixture(autouse=True)
def _no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize("mps", [True, False])
def test_auto_takes_what_a_model_would_take(monkeypatch, mps):
    asked = []

    class Told:
        def __init__(self, **settings):
            asked.append(settings["accelerator"])

        def launch(self):
            pass

    monkeypatch.setattr(devices, "Fabric", Told)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    build_fabric(TrainConfig(device="auto"))
    build_fabric(TrainConfig(device="cpu"))
    assert asked == ["mps" if mps else "cpu", "cpu"]
    with pytest.raises(ConfigError, match="of MPS devices there are here: 1" if mps else "finds no MPS device"):
        build_fabric(TrainConfig(device="mps", devices=2))


@pytest.mark.parametrize(
    ("precision", "fast", "notes"), [("bf16-mixed", False, 1), ("bf16-mixed", True, 0), ("32", False, 0)]
)
def test_says_where_bfloat16_takes_the_slow_way(monkeypatch, precision, fast, notes):
    monkeypatch.setattr(devices, "bfloat16_is_fast", lambda: fast)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        build_fabric(TrainConfig(device="cpu", precision=precision))
    assert [str(warning.message) for warning in seen] == [devices.SLOW_BFLOAT16] * notes


def test_the_cpu_is_asked_for_its_instructions():
    known = {"AVX2": False, "AVX512": True}.get(torch.backends.cpu.get_cpu_capability())
    if known is None or not torch.backends.mkldnn.is_available():
        pytest.skip("nothing is known of bfloat16 on this CPU")
    assert bfloat16_is_fast() == known
