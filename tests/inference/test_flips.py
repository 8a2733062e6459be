"""The look in the mirror: left stays left, and what is averaged is the mirror image."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Evidence, Finding, Location, ReportPriors
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.metrics import dice
from medsegr.inference.flips import mirrored_finding, mirrored_question
from medsegr.inference.plane import PlaneQuestion
from medsegr.inference.predictor import Predictor, load
from medsegr.inference.user_prompt import UserPrompt
from tests.inference.bright_model import BrightModel
from tests.inference.disk_model import DiskModel
from tests.inference.test_user_prompt import predictor as guided_predictor
from tests.views import view_of

LEFT, RIGHT = (Finding("nodule", location=Location(side)) for side in ("left", "right"))
XRAY = view_of("chest_xray")


class SidedModel(DiskModel):
    """Draws where the report says and looks at nothing else: the patient's left is on the picture's right."""

    def __init__(self) -> None:
        super().__init__({"nodule-left": (0.75, 0.3, 0.1, 4.0), "nodule-right": (0.25, 0.3, 0.1, 0.0)})

    def encode_findings(self, findings, views, texts):
        names = [[f"{finding.target}-{finding.location.laterality}" for finding in listed] for listed in findings]
        priors = SimpleNamespace(targets=names)
        priors.to = lambda device: priors
        return priors


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width)).astype(np.float32)


@pytest.mark.parametrize(("finding", "x"), [(LEFT, 0.75), (RIGHT, 0.25)])
def test_left_stays_left(finding, x):
    found = Predictor(SidedModel(), flips=True).segment(noise(64, 64), ReportPriors((finding,))).findings[0]
    columns = np.nonzero(found.mask)[1]
    assert columns.mean() == pytest.approx(x * 64 - 0.5, abs=0.6)
    assert found.area_px == pytest.approx(np.pi * 6.4**2, abs=15)


def test_support_is_the_mean_of_both_looks():
    predictor = Predictor(SidedModel(), flips=True)
    both = [predictor.segment(noise(64, 64), ReportPriors((f,))).findings[0].support for f in (LEFT, RIGHT)]
    assert both == pytest.approx([(0.98201 + 0.5) / 2] * 2, abs=1e-4)


@pytest.mark.parametrize("shape", [(90, 120), (120, 75), (61, 200)])
def test_the_mirrored_answer_falls_back_on_the_pictures_own_grid(shape):
    """Padding lies at the right and the bottom, in the mirror as well; a shift would blur or move the mask."""
    picture = np.zeros((*shape, 3), np.float32)
    picture[10:40, 5:30, 0] = 1.0
    plain, flipped = (
        Predictor(BrightModel(), flips=flips).segment(picture, "Nodule.").findings[0] for flips in (False, True)
    )
    np.testing.assert_allclose(flipped.probability, plain.probability, atol=0.2)
    assert dice(flipped.mask, plain.mask) > 0.97
    assert np.abs(flipped.location_map - plain.location_map).mean() < 0.02


def test_one_look_more_for_all_findings():
    model = BrightModel()
    Predictor(model, flips=True).segment(noise(64, 64), "Nodule. Pleural effusion.")
    assert [len(shown) for shown in model.shown] == [1, 1]
    np.testing.assert_array_equal(model.shown[1][0], model.shown[0][0][:, ::-1])


def test_with_flips_the_mirrored_case_has_the_mirrored_answer(random_model):
    """Exactly, of any weights: both looks change places. Without flips it does not hold."""
    findings = (LEFT, Finding("left_lung", location=Location("left")), Finding("pleural_effusion"))
    picture = noise(50, 70)
    for flips in (True, False):
        predictor = load(random_model, flips=flips)
        here = predictor.segment(picture, ReportPriors(findings), modality="chest_xray")
        there = predictor.segment(
            picture[:, ::-1], ReportPriors(tuple(f.mirrored() for f in findings)), modality="chest_xray"
        )
        same = [
            np.array_equal(one.probability, other.probability[:, ::-1]) and one.support == other.support
            for one, other in zip(here.findings, there.findings, strict=True)
        ]
        assert all(same) if flips else not any(same)
        if flips:
            np.testing.assert_allclose(
                here.findings[0].location_map, there.findings[0].location_map[:, ::-1], atol=1e-6
            )


def test_a_symmetric_picture_and_a_finding_without_a_side_give_a_symmetric_mask():
    half = noise(96, 48, 3) * 0.1
    half[30:60, 10:30] += 0.6
    picture = np.concatenate([half, half[:, ::-1]], axis=1)
    question = {"targets": ["consolidation"], "modality": "chest_xray", "support_threshold": 0.0, "threshold": 0.02}
    masks = {flips: load("tiny", flips=flips).segment(picture, **question).findings[0] for flips in (False, True)}
    probability = masks[True].probability
    np.testing.assert_array_equal(probability, probability[:, ::-1])
    np.testing.assert_array_equal(masks[True].mask, masks[True].mask[:, ::-1])
    assert masks[True].mask.any()
    assert not np.array_equal(masks[False].probability, masks[False].probability[:, ::-1])


def test_the_built_in_model_stays_on_the_stated_side(tmp_path):
    """A phantom of the suite ``place``: several alike objects, one meant by its side."""
    folder = DatasetFolder(write_phantoms(tmp_path / "phantoms", 12, 5, split="test") / "xray")
    predictor, asked = load("tiny", flips=True), 0
    for name in folder.images("test"):
        case = folder.load(name, load_lexicon())
        if case.suite != "place":
            continue
        for found in predictor.segment(case.image, case.report, modality="chest_xray").findings:
            side = found.finding.location.laterality
            if side in ("left", "right") and found.mask.any():
                columns = np.nonzero(found.mask)[1]
                assert (columns.mean() > case.image.size[1] / 2) == (side == "left")
                asked += 1
    assert asked


def test_clicks_and_boxes_are_mirrored_too():
    prompt = UserPrompt(points=((10, 5), (60, 30)), labels=(1, 0), box=(4, 2, 20, 9))
    question = PlaneQuestion((LEFT,), prompts={0: prompt})
    mirrored = mirrored_question(question, 80).prompts[0]
    assert mirrored == UserPrompt(points=((70, 5), (20, 30)), labels=(1, 0), box=(60, 2, 76, 9))
    assert mirrored_question(mirrored_question(question, 80), 80) == question


def test_a_click_in_the_mirror_is_the_same_click():
    predictor = guided_predictor()
    predictor.looks = type(predictor.looks)(flips=True)
    picture, prompt = noise(40, 80), UserPrompt(points=((60, 10),), box=(50, 5, 70, 20))
    question = {"modality": "chest_xray", "support_threshold": 0.0}
    here = predictor.segment(picture, ReportPriors((LEFT,)), prompts={"nodule": prompt}, **question)
    there = predictor.segment(
        picture[:, ::-1], ReportPriors((RIGHT,)), prompts={"nodule": prompt.mirrored(80)}, **question
    )
    plain = predictor.segment(picture, ReportPriors((LEFT,)), **question)
    np.testing.assert_array_equal(here.findings[0].probability, there.findings[0].probability[:, ::-1])
    assert not np.array_equal(here.findings[0].probability, plain.findings[0].probability)


def test_words_that_became_untrue_are_not_read():
    evidence = Evidence(target=((0, 6),), location=((7, 11),), shape=((12, 17),))
    finding = Finding("nodule", location=Location("left"), evidence=evidence)
    assert mirrored_finding(finding, XRAY).evidence == Evidence(target=((0, 6),), shape=((12, 17),))
    lung = Finding("left_lung", location=Location("left"), evidence=evidence)
    assert mirrored_finding(lung, XRAY).target == "right_lung"
    assert mirrored_finding(lung, XRAY).evidence.target == ()
    middle = Finding("nodule", location=Location(zones=("upper_zone",)), evidence=evidence)
    assert mirrored_finding(middle, XRAY) == middle


def test_a_side_that_a_picture_does_not_show_stays_in_the_mirror():
    told = Finding(
        "left_lung", location=Location("left", ("top_left", "upper_zone")), evidence=Evidence(location=((0, 4),))
    )
    for view in (view_of("colonoscopy"), view_of("chest_ct", affine=np.eye(4)[[2, 1, 0, 3]], guessed=True)):
        assert view.sides == "none"
        mirrored = mirrored_finding(told, view)
        assert (mirrored.target, mirrored.location) == ("left_lung", Location("left", ("top_right", "upper_zone")))
        assert mirrored.evidence.location == ()
        without = replace(told, location=Location("left", ("upper_zone",)))
        assert mirrored_finding(without, view) == without
    for view in (XRAY, view_of("mammography"), view_of()):
        assert mirrored_finding(told, view).location == Location("right", ("top_right", "upper_zone"))


def test_volumes_are_mirrored_plane_by_plane():
    volume = np.zeros((5, 40, 40), np.float32)
    volume[:, 10:20, 5:15] = 1.0
    found = Predictor(BrightModel(), flips=True).segment(volume, "Nodule.").findings[0]
    assert dice(found.mask, volume > 0) > 0.95
