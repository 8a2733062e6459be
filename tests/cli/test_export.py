"""``medsegr export``: graphs for other programs, and for ``--backend auto``; what cannot be exported is said."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from medsegr.cli.main import main
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from tests.hosts import open_gates
from tests.random_hosts import random_tiny
from tests.shapes import leave_unchecked

TEXT = "Polyp in the upper left of the image."


def test_what_takes_no_export_is_said(capsys):
    assert main(["export", "--backend", "torch"]) == 2
    assert "'torch' takes no exported model. Expected one of: openvino, onnx" in capsys.readouterr().err
    assert main(["export", "--model", "auto"]) == 2
    assert "auto" in capsys.readouterr().err


def test_backends_that_do_not_exist_are_named(tmp_path, capsys):
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "a.png")
    told = ["segment", str(tmp_path / "a.png"), "--text", TEXT, "--out", str(tmp_path / "out"), "--model", "tiny"]
    assert main([*told, "--backend", "tensorrt"]) == 2
    assert "No backend 'tensorrt'" in capsys.readouterr().err
    assert main([*told, "--precision", "int8"]) == 2
    assert "No precision 'int8'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not find_spec("openvino"), reason="needs pip install 'medsegr[openvino]'")
def test_auto_takes_what_was_exported(tmp_path, monkeypatch, capsys):
    leave_unchecked(monkeypatch)
    monkeypatch.setenv("MEDSEGR_CACHE", str(tmp_path / "cache"))
    config = AdapterConfig(token_dim=16, heads=2, bottleneck=8)
    model = str(open_gates(attach(random_tiny(), config)).save_pretrained(tmp_path / "model"))
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)).save(tmp_path / "a.png")
    told = ["segment", str(tmp_path / "a.png"), "--text", TEXT, "-m", "colonoscopy", "--model", model, "--out"]
    assert main([*told, str(tmp_path / "before")]) == 0
    assert main(["export", "--model", model, "--out", str(tmp_path / "graphs")]) == 0
    record = json.loads((tmp_path / "graphs" / "graphs.json").read_text())
    assert [graph["part"] for graph in record["graphs"]] == ["encode", "outline"]
    assert all((tmp_path / "graphs" / name).stat().st_size for graph in record["graphs"] for name in graph["files"])
    assert main([*told, str(tmp_path / "after")]) == 0
    names = []
    for out in ("before", "after"):
        found = json.loads((tmp_path / out / "a" / "findings.json").read_text())
        run = json.loads((tmp_path / out / "run.json").read_text())
        assert found["backend"] == run["model"]["backend"] == run["cases"][0]["backend"]
        names.append((found["backend"]["name"], found["backend"]["precision"]))
    assert names == [("torch", "f32"), ("openvino", "f32")]
