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


@pytest.mark.parametrize("own", [False, True])
def test_memory_is_kept_during_a_run_and_given_back_after_it(monkeypatch, own):
    """What glibc is told; without glibc, or where its own variable speaks, it is told nothing."""
    calls = []

    class Library:
        def mallopt(self, number, value):
            calls.append((number, value))

        def malloc_trim(self, _):
            calls.append("trimmed")

    monkeypatch.setattr(devices.sys, "platform", "linux")
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda _: Library())
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    if own:
        monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "33554432")
    with devices.memory_kept():
        assert len(calls) == (0 if own else 2)
    assert calls[2:] == ([] if own else [(-3, 32 * 2**20), (-1, 64 * 2**20), "trimmed"])
    monkeypatch.setattr(devices.sys, "platform", "win32")
    before = list(calls)
    with devices.memory_kept():
        pass
    assert calls == before
