"""Times by backend are kept as a record, with the command that made them."""

import json
import sys

import torch

from benchmarks import backends, record
from medsegr.inference.predictor import Predictor
from tests.inference.backends.guided_models import lite


def test_what_is_measured_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(backends, "load", lambda *_, **__: Predictor(lite()))
    monkeypatch.setattr(backends, "peer", lambda *_: lambda: sum(range(2_000_000)))
    monkeypatch.setattr(backends, "segmentation", lambda *_: lambda: sum(range(4_000_000)))
    monkeypatch.setattr(sys, "argv", ["backends.py", "--backends", "torch", "--rounds", "2", "--threads", "1"])
    backends.main()
    made = json.loads((tmp_path / "backends.json").read_text())
    assert made["command"] == "python -m benchmarks.backends --backends torch --rounds 2 --threads 1"
    assert list(made["figures"]) == ["peer, box", "torch, 1", "torch, 8"]
    assert made["figures"]["peer, box"]["wall share"] == 1.0
    assert made["figures"]["torch, 1"]["processor s"] >= 0
    least = made["floor"]
    assert 0 < least["GFLOP"] < 10 and least["bf16"] > 0
    wall, half = made["figures"]["peer, box"]["wall s"], {"GFLOP": 0.05, "f32 GFLOP/s": 0.5, "f32": 0.0005}
    low, high = ({name: least[name] + sign * step for name, step in half.items()} for sign in (-1, 1))
    assert low["f32"] * wall * low["f32 GFLOP/s"] <= high["GFLOP"], "figures are rounded"
    assert high["f32"] * wall * high["f32 GFLOP/s"] >= low["GFLOP"], "figures are rounded"
    assert (made["model"], made["rounds"], made["threads"]) == ("lite", 2, 1)


def test_vit_b_is_asked_of_torch_with_the_same_weights_each_time(monkeypatch, tmp_path, capsys):
    seen = []

    def asked(side, names):
        seen.append((side, names, float(torch.rand(()))))
        return {"SamModel, box": lambda: sum(range(2_000_000))}, lite()

    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(backends, "vit_b", asked)
    monkeypatch.setattr(sys, "argv", ["backends.py", "--vit-b", "--side", "64", "--rounds", "1", "--threads", "1"])
    backends.main()
    backends.main()
    assert seen[0] == seen[1] and seen[0][:2] == (64, ["torch", "torch:bf16"])
    assert (tmp_path / "backends_vit_b.json").is_file()
