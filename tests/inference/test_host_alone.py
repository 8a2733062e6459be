"""A host without a trained adapter: it answers clicks and boxes, and says so where there are none."""

import numpy as np
import pytest

import medsegr
from medsegr.errors import ConfigError
from tests.random_hosts import random_lite_medsam

PICTURE = np.random.default_rng(0).random((40, 64)).astype(np.float32)
BOX = medsegr.UserPrompt(box=(10, 5, 40, 30))


@pytest.fixture
def predictor(monkeypatch):
    model = random_lite_medsam()
    monkeypatch.setattr("medsegr.backbones.catalogue.read_lite_medsam", lambda name: (model, name))
    return medsegr.load("lite_medsam")


def test_a_box_is_answered_and_nothing_is_claimed_of_support(predictor):
    report = "Nodule in the left upper zone. No effusion."
    result = predictor.segment(PICTURE, report, modality="chest_xray", prompts={"nodule": BOX}, threshold=0.0)
    nodule, effusion = result.findings
    assert (nodule.outcome, nodule.support, nodule.area_px) == ("outlined", None, PICTURE.size)
    assert effusion.outcome == "absent", "what is absent needs no box"
    other = predictor.segment(PICTURE, targets=["mass"], modality="chest_xray", prompts={"mass": BOX}, threshold=0.0)
    assert (other.findings[0].probability == nodule.probability).all(), "the report has no say yet"
    moved = {"mass": medsegr.UserPrompt(box=(30, 15, 60, 38))}
    other = predictor.segment(PICTURE, targets=["mass"], modality="chest_xray", prompts=moved, threshold=0.0)
    assert not (other.findings[0].probability == nodule.probability).all()


def test_findings_without_a_click_or_box_are_refused_by_name(predictor):
    report = "Nodule in the left upper zone. Mass in the right lower zone."
    with pytest.raises(ConfigError, match=r"host alone.*Unmarked: mass-right. .*medsegr train --host lite_medsam"):
        predictor.segment(PICTURE, report, modality="chest_xray", prompts={"nodule": BOX})


def test_a_host_on_a_host_is_refused(predictor):
    with pytest.raises(ConfigError, match="'lite_medsam' is a host itself"):
        medsegr.load("lite_medsam", host="tiny")
