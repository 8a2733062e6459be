"""What other libraries compute is what torch computes: other priors, other numbers of findings, other weights."""

import copy
import gc
import pickle
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from medsegr.errors import ConfigError, MissingExtraError
from medsegr.inference.backends import openvino_runtime
from medsegr.inference.backends.choice import RUNTIMES, Backend, backend_record
from medsegr.inference.backends.compiled_engine import CompiledEngine
from medsegr.inference.predictor import Predictor
from medsegr.inference.user_prompt import UserPrompt
from tests.inference.backends.guided_models import MODELS, REPORTS, lite, picture
from tests.inference.backends.signal_stack import is_mapped, signal_stack
from tests.shapes import leave_unchecked

NEEDED = {"openvino": ("openvino",), "onnx": ("onnxruntime", "onnxscript")}


def engine_of(name, tmp_path, precision="f32", **more):
    if not all(map(find_spec, NEEDED[name])):
        pytest.skip(f"needs pip install 'medsegr[{name}]'")
    return CompiledEngine(RUNTIMES[name](precision), home=tmp_path, **more)


def answers(model, report, seed=0, **more):
    result = Predictor(model).segment(picture(seed), report, modality="colonoscopy", **more)
    return result.findings


def assert_equal_answers(found, expected, tolerance=3e-5):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.probability, other.probability, atol=tolerance)
        assert not (one.mask != other.mask)[np.abs(other.probability - 0.5) > tolerance].any()
        assert abs(one.support - other.support) <= tolerance
        np.testing.assert_allclose(one.location_map, other.location_map, atol=tolerance)
        if other.box is not None:
            np.testing.assert_allclose(one.box, other.box, atol=0.01)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("backend", RUNTIMES)
def test_masks_are_torchs_for_every_report(backend, model, tmp_path, monkeypatch):
    leave_unchecked(monkeypatch)
    guided = MODELS[model]()
    expected = {(report, seed): answers(guided, report, seed) for report in REPORTS for seed in (0, 1)}
    first, second, _ = (expected[report, 0][0].probability for report in REPORTS)
    assert np.abs(first - second).max() > 0.005, "the reports must make a difference"
    guided.engine = engine_of(backend, tmp_path)
    assert guided.engine.parts(guided) == ["trunk", "encode", "outline"][model == "tiny" :]
    for (report, seed), there in expected.items():
        assert_equal_answers(answers(guided, report, seed), there)
    flipped = Predictor(guided, flips=True).segment(picture(), REPORTS[1], modality="colonoscopy")
    guided.engine = None
    plain = Predictor(guided, flips=True).segment(picture(), REPORTS[1], modality="colonoscopy")
    assert_equal_answers(flipped.findings, plain.findings)


def test_graphs_are_found_again_and_follow_the_weights(tmp_path, monkeypatch):
    leave_unchecked(monkeypatch)
    guided = lite()
    before = answers(guided, REPORTS[0])
    guided.engine = engine_of("openvino", tmp_path)
    assert len(guided.engine.parts(guided)) == 3
    there = {path.name for path in tmp_path.iterdir()}
    guided.engine = engine_of("openvino", tmp_path, exports=False)
    assert_equal_answers(answers(guided, REPORTS[0]), before)
    assert {path.name for path in tmp_path.iterdir()} == there
    with torch.no_grad():
        guided.adapter.embedding.tables["location"].mul_(-2)
        guided.backbone.model.image_encoder.neck[0].weight.mul_(1.5)
    assert not guided.engine.can("encode", guided), "the graphs are of other weights"
    changed = answers(guided, REPORTS[0])
    guided.engine = None
    assert np.abs(changed[0].probability - before[0].probability).max() > 1e-3
    assert_equal_answers(changed, answers(guided, REPORTS[0]), 0)


def test_clicks_training_and_fresh_adapters_are_torchs(tmp_path, monkeypatch):
    leave_unchecked(monkeypatch)
    guided, marked = lite(), {"prompts": {"polyp": UserPrompt(box=(10, 5, 40, 30))}}
    expected = answers(guided, REPORTS[0], **marked)
    guided.engine = engine_of("openvino", tmp_path)
    assert_equal_answers(answers(guided, REPORTS[0], **marked), expected)
    assert guided.engine_for("encode") is None, "gradients are torch's"
    with torch.inference_mode():
        assert guided.engine_for("encode") is guided.engine
        assert guided.train().engine_for("encode") is None
        guided.eval().adapter.prompt_gate.data.zero_()
        assert guided.engine_for("outline") is None, "a fresh adapter tells the decoder nothing"
    assert copy.deepcopy(guided).engine is None and pickle.loads(pickle.dumps(guided)).engine is None


def test_results_name_what_computed(tmp_path, monkeypatch):
    leave_unchecked(monkeypatch)
    guided = lite()
    guided.engine = engine_of("openvino", tmp_path, "bf16")
    result = Predictor(guided).segment(picture(), REPORTS[0], modality="colonoscopy")
    assert result.backend["name"] == "openvino" and result.backend["precision"] == "bf16" and result.backend["version"]


def test_torch_in_bf16_is_near_and_says_so():
    guided = lite()
    expected = answers(guided, REPORTS[1])
    guided.engine = Backend("torch", "bf16").engine(guided)
    found = answers(guided, REPORTS[1])
    gaps = [np.abs(one.probability - other.probability).max() for one, other in zip(found, expected, strict=True)]
    assert 0 < max(gaps) < 0.1
    assert backend_record(guided.engine) == {"name": "torch", "version": torch.__version__, "precision": "bf16"}
    assert answers(guided, REPORTS[0], prompts={})[0].probability.dtype == np.float32


def test_what_cannot_be_had_is_said(monkeypatch):
    guided = lite()
    with pytest.raises(ConfigError, match="No backend 'tensorrt'; there are: auto, torch, openvino, onnx"):
        Backend("tensorrt")
    with pytest.raises(ConfigError, match="No precision 'int8'; there are: f32, bf16"):
        Backend("openvino", "int8")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medsegr\[openvino\]'"):
        Backend("openvino").engine(guided)
    guided.backbone.spec = replace(guided.backbone.spec, family="conv_net")
    with pytest.raises(ConfigError, match="its host is of family 'conv_net'"):
        Backend("onnx").engine(guided)
    assert Backend("auto").engine(guided) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads where memory is mapped as Linux tells it")
def test_signals_have_a_stack_when_compiled_models_are_gone(tmp_path):
    openvino = pytest.importorskip("openvino", reason="needs pip install 'medsegr[openvino]'")
    given = openvino.opset8.parameter([1, 3, 8, 8], np.float32)
    given.set_friendly_name("image")
    openvino.save_model(openvino.Model([openvino.opset8.relu(given)], [given]), tmp_path / openvino_runtime.FILE)
    sessions = [openvino_runtime.OpenVino("f32").session(tmp_path) for _ in range(2)]
    (answer,) = sessions[1]({"image": np.full((1, 3, 8, 8), -1, np.float32)})
    assert not answer.any()
    while sessions:
        sessions.pop(0)
        gc.collect()
    stack = signal_stack()
    assert stack.disabled or is_mapped(stack.begin), "the next signal with a handler would end the process"
