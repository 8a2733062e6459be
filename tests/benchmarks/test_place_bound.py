"""What a stated place could help at most: a model that draws everything, on one picture."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.place_bound import bounds_of, stated_place, summary
from benchmarks.place_section import place_section

from medsegr.cognition.priors import Finding, Location
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from tests.random_hosts import random_tiny
from tests.views import view_of


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantoms") / "set"
    write_phantoms(folder, cases=48, seed=3, size=64, split="test")
    predictor = Predictor(attach(random_tiny(), AdapterConfig()).eval(), name="made")
    return list(bounds_of(_DrawsAll(predictor), DatasetFolder(folder / "xray"), "test"))


class _DrawsAll:
    """Every mask is the whole picture."""

    def __init__(self, predictor):
        self.predictor = predictor

    def segment(self, image, priors, **given):
        result = self.predictor.segment(image, priors, **given)
        full = [replace(each, mask=np.ones_like(each.mask)) for each in result.findings]
        return replace(result, findings=tuple(full))


def test_a_place_cuts_what_lies_outside(found):
    assert found
    for each in found:
        assert each.named == each.reports < each.in_place < each.in_truth == 1.0
        assert each.held > 0.9, "phantoms lie where their report says"
        assert 0 < each.covers < 0.6 and not each.missed


def test_the_place_is_laid_over_the_whole_picture():
    place = stated_place(Finding("mass", location=Location(laterality="left")), view_of("chest_xray"), (40, 80))
    assert place.shape == (40, 80)
    assert place[:, 44:].all() and not place[:, :36].any(), "the patient's left is on the picture's right"
    assert stated_place(Finding("mass"), view_of("chest_xray"), (4, 4)) is None


def test_the_section_says_where_obeying_would_help(found):
    figures = summary(found)
    assert figures["findings"] == len(found) and figures["place_worth"] > 0
    sets = {"one": {"real": figures}, "two": {"derived": {**figures, "place_worth_interval": [-0.1, 0.2]}}}
    section = place_section({"model": {"name": "full-0"}, "split": "test", "sets": sets})
    assert "would help for sure on: one +" in section and "would not for sure on: two +" in section
    assert len([line for line in section.splitlines() if line.startswith("| ")]) == 4
