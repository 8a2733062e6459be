"""Devices and precision."""

import warnings

import pytest
import torch

from medsegr.training import devices
from medsegr.training.config import TrainConfig
from medsegr.training.devices import bfloat16_is_fast, build_fabric


@pytest.fixture(autouse=True)
def _no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


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
