"""Questions and their truth: nothing is asked whose answer is not known."""

from dataclasses import replace

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.training.config import SamplingConfig
from medsegr.training.counterfactuals import counterfactual, misplaced
from medsegr.training.questions import (
    draw_questions,
    foreign,
    mismatched,
    named_questions,
    tell_less,
    validation_questions,
)
from medsegr.training.studies import TrainingQuestion, TrainingStudy
from tests.views import view_of

from .small_dataset import SIDE, disc


def nodule(side: str | None, texture: str, shape: str = "round") -> Finding:
    return Finding("nodule", location=Location(side), texture=Texture((texture,)), shape=Shape((shape,)))


SOLID, CYSTIC = nodule("left", "solid"), nodule("right", "cystic")
NO_DROPOUT = SamplingConfig(report_dropout=0, finding_dropout=0, aspect_dropout=0)


@pytest.fixture
def study() -> TrainingStudy:
    """A described solid nodule on the left, a cystic distractor on the right, no mass."""
    return TrainingStudy(
        image=np.zeros((SIDE, SIDE), np.uint8),
        view=view_of("chest_xray"),
        lexicon=load_lexicon(),
        packed={"a": np.packbits(disc(30, 48)), "b": np.packbits(disc(30, 16))},
        described=(TrainingQuestion(SOLID, ("a",)),),
        distractors=(TrainingQuestion(CYSTIC, ("b",)),),
        false=(nodule("left", "cystic", "oval"),),
        objects=((SOLID, "a"), (CYSTIC, "b")),
        named={"nodule": ("a", "b")},
        absent=("mass",),
        foreign=("polyp", "liver"),
    )


@pytest.fixture
def other(study) -> TrainingStudy:
    """Another case, with a mass and an oval calcified nodule."""
    lent = nodule("right", "calcified", "oval")
    return replace(study, described=(TrainingQuestion(Finding("mass"), ("a",)),), objects=((lent, "a"),))


def test_masks_unite(study):
    np.testing.assert_array_equal(study.mask(("a", "b")), disc(30, 48) | disc(30, 16))
    assert not study.mask(()).any()


@pytest.mark.parametrize("seed", range(30))
def test_every_drawn_question_is_true(study, other, seed):
    drawn = draw_questions(study, lambda: other, SamplingConfig(), np.random.default_rng(seed))
    assert 1 <= len(drawn) <= 4
    assert len({q.finding for q in drawn}) == len(drawn)
    for question in drawn:
        if question.finding.target == "nodule":
            named_only = question.finding == question.finding.named_only()
            assert set(question.masks) == ({"a", "b"} if named_only else set(study.fitting(question.finding)))
        else:
            assert question.masks == ()


def test_all_sources_are_drawn_from(study, other):
    rng = np.random.default_rng(0)
    drawn = [q for _ in range(60) for q in draw_questions(study, lambda: other, NO_DROPOUT, rng)]
    findings = {q.finding for q in drawn}
    assert {SOLID, CYSTIC, study.false[0]} <= findings
    assert any(q.finding.target == "mass" for q in drawn)
    assert any("calcified" in q.finding.texture.attributes for q in drawn)
    assert any(len(q.masks) == 2 for q in drawn)


def test_a_sample_without_a_report_only_names(study, other):
    config = SamplingConfig(report_dropout=1.0)
    drawn = [draw_questions(study, lambda: other, config, np.random.default_rng(seed)) for seed in range(20)]
    assert all(drawn)
    questions = [question for listed in drawn for question in listed]
    assert {"nodule", "mass"} <= {question.finding.target for question in questions}
    for question in questions:
        assert question.finding == question.finding.named_only()
        assert question.masks == study.named.get(question.finding.target, ())


@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_names_from_elsewhere_are_asked_and_have_no_mask(study, other, dropout):
    strangers = set()
    for share in (0.0, 0.3):
        config = SamplingConfig(report_dropout=dropout, foreign_share=share)
        rng = np.random.default_rng(0)
        drawn = [q for _ in range(60) for q in draw_questions(study, lambda: other, config, rng)]
        strangers = {q.finding.target for q in drawn} & set(study.foreign)
        assert strangers == (set(study.foreign) if share else set())
        assert all(
            q.masks == () and q.finding == q.finding.named_only() for q in drawn if q.finding.target in strangers
        )
    assert foreign(replace(study, foreign=()), np.random.default_rng(0)) is None


def test_what_is_left_unsaid_widens_the_truth(study):
    silent = SamplingConfig(aspect_dropout=1.0, finding_dropout=0)
    asked = tell_less(study.described[0], study, silent, np.random.default_rng(0))
    assert asked.finding == Finding("nodule")
    assert set(asked.masks) == {"a", "b"}
    kept = tell_less(study.described[0], study, NO_DROPOUT, np.random.default_rng(0))
    assert kept == study.described[0]


def test_without_records_only_an_unsaid_side_widens_the_truth(study):
    plain = replace(study, objects=())
    silent = SamplingConfig(aspect_dropout=0.5, finding_dropout=0)
    for seed in range(20):
        asked = tell_less(study.described[0], plain, silent, np.random.default_rng(seed))
        assert asked.masks == (("a",) if asked.finding.location.stated else ("a", "b"))


def test_mismatched_targets_are_not_in_the_image(study, other):
    question = mismatched(study, lambda: other, np.random.default_rng(0))
    assert question == TrainingQuestion(Finding("mass"))
    assert mismatched(study, lambda: study, np.random.default_rng(0)).finding.target == "mass"
    assert mismatched(replace(study, absent=()), lambda: other, np.random.default_rng(0)) is None


def test_half_of_the_mismatched_targets_are_asked_for_by_name(study, other):
    told = Finding("mass", location=Location("left"), texture=Texture(("solid",)))
    guest = replace(other, described=(TrainingQuestion(told, ("a",)),))
    asked = [mismatched(study, lambda: guest, np.random.default_rng(seed)) for seed in range(60)]
    assert {question.masks for question in asked} == {()}
    assert 20 < sum(question.finding == told for question in asked) < 40
    assert {question.finding for question in asked} == {told, Finding("mass")}


def test_counterfactuals_change_one_aspect(study, other):
    rng = np.random.default_rng(0)
    for _ in range(30):
        question = counterfactual(study, lambda: other, rng)
        source = min((SOLID, CYSTIC), key=lambda f: _changes(f, question.finding))
        assert _changes(source, question.finding) == 1
        assert question.masks == study.fitting(question.finding)
    assert counterfactual(replace(study, objects=()), lambda: other, rng) is None
    assert counterfactual(study, lambda: replace(study, objects=()), rng) is None


def _changes(first: Finding, second: Finding) -> int:
    return sum(getattr(first, a) != getattr(second, a) for a in ("location", "texture", "shape"))


def test_nothing_is_asked_that_the_records_leave_open(study, other):
    vague = replace(SOLID, texture=Texture(), shape=Shape())
    open_study = replace(study, objects=((vague, "a"), (CYSTIC, "b")))
    assert open_study.fitting(replace(SOLID, location=Location())) is None
    silent = SamplingConfig(aspect_dropout=0.5, finding_dropout=0)
    for seed in range(20):
        asked = tell_less(open_study.distractors[0], open_study, silent, np.random.default_rng(seed))
        assert "b" in asked.masks
        assert asked.finding == CYSTIC or open_study.fitting(asked.finding) is not None


def test_validation_asks_the_report_and_one_false_finding(study):
    asked = validation_questions(study, 4)
    assert asked == [study.described[0], TrainingQuestion(study.false[0])]
    assert validation_questions(replace(study, described=(), false=()), 1)[0].masks == ("a", "b")
    assert named_questions(study, 4) == [TrainingQuestion(Finding("nodule"), ("a", "b"))]


def test_nothing_to_ask_gives_nothing(study):
    empty = TrainingStudy(study.image, view_of(), load_lexicon(), {})
    assert draw_questions(empty, lambda: empty, SamplingConfig(), np.random.default_rng(0)) == []


def elsewhere(study: TrainingStudy) -> TrainingStudy:
    """A study without records whose report places a nodule on the left, where all of its mask lies."""
    return replace(study, objects=(), false=(), distractors=(), named={"nodule": ("a",)})


def test_without_records_the_wrong_side_has_no_mask(study):
    left = elsewhere(study)
    drawn = [misplaced(left, lambda: left, np.random.default_rng(seed)) for seed in range(12)]
    assert {q.finding.location.laterality for q in drawn if q} == {"right"}
    assert all(q.masks == () and q.finding.texture == SOLID.texture for q in drawn if q)
    assert counterfactual(left, lambda: left, np.random.default_rng(0)) is not None


@pytest.mark.parametrize("modality", ["abdomen_ultrasound", "cardiac_mri", "colonoscopy", None])
def test_a_side_that_is_no_place_in_the_picture_is_not_denied(study, modality):
    unsided = replace(elsewhere(study), view=view_of(modality))
    assert all(misplaced(unsided, lambda: unsided, np.random.default_rng(seed)) is None for seed in range(12))


def test_whose_left_decides_what_is_the_wrong_side(study):
    own = replace(elsewhere(study), view=view_of("chest_xray", frame="image"))  # the disc lies on the picture's right
    assert all(misplaced(own, lambda: own, np.random.default_rng(seed)) is None for seed in range(12))
    described = replace(own, described=(TrainingQuestion(replace(SOLID, location=Location("right")), ("a",)),))
    drawn = [misplaced(described, lambda: described, np.random.default_rng(seed)) for seed in range(12)]
    assert {q.finding.location.laterality for q in drawn if q} == {"left"}


def test_another_place_is_borrowed_from_another_case(study):
    guest = replace(
        elsewhere(study),
        described=(TrainingQuestion(replace(CYSTIC, location=Location("right", ("upper_zone",))), ("b",)),),
    )
    drawn = [misplaced(elsewhere(study), lambda: guest, np.random.default_rng(seed)) for seed in range(20)]
    assert Location("right", ("upper_zone",)) in {q.finding.location for q in drawn if q}


def test_a_place_is_only_denied_where_the_target_is_not(study):
    both = replace(elsewhere(study), named={"nodule": ("a", "b")})  # the other nodule lies on the right
    wrong = replace(elsewhere(study), described=(TrainingQuestion(replace(SOLID, location=Location("right")), ("a",)),))
    silent = replace(elsewhere(study), described=(TrainingQuestion(replace(SOLID, location=Location()), ("a",)),))
    for case in (both, wrong, silent, replace(elsewhere(study), described=())):
        assert all(misplaced(case, lambda: elsewhere(study), np.random.default_rng(s)) is None for s in range(12))
