"""Findings with one aspect of another case's: their truth is what the records say, an object where one fits."""

from dataclasses import replace

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.training.counterfactuals import counterfactual, misplaced
from medsegr.training.studies import TrainingQuestion, TrainingStudy
from tests.views import view_of

from .small_dataset import SIDE, disc


def nodule(side: str | None, texture: str = "solid", shape: str = "round") -> Finding:
    return Finding("nodule", location=Location(side), texture=Texture((texture,)), shape=Shape((shape,)))


@pytest.fixture
def study() -> TrainingStudy:
    """Three solid nodules: round on the left, round on the right, irregular on the left."""
    objects = ((nodule("left"), "a"), (nodule("right"), "b"), (nodule("left", shape="irregular"), "c"))
    places = {"a": disc(20, 48), "b": disc(30, 16), "c": disc(48, 50)}
    return TrainingStudy(
        image=np.zeros((SIDE, SIDE), np.uint8),
        view=view_of("chest_xray"),
        lexicon=load_lexicon(),
        packed={name: np.packbits(mask) for name, mask in places.items()},
        objects=objects,
        described=(TrainingQuestion(nodule("left"), ("a",)),),
        named={"nodule": ("a", "b", "c")},
    )


def drawn(study: TrainingStudy, *lent: Finding) -> set[tuple[Finding, tuple[str, ...]]]:
    guest = replace(study, objects=tuple((finding, "a") for finding in lent))
    asked = [counterfactual(study, lambda: guest, np.random.default_rng(seed)) for seed in range(80)]
    return {(question.finding, question.masks) for question in asked if question is not None}


def test_an_object_that_fits_the_changed_finding_is_its_truth(study):
    found = drawn(study, nodule("right"))
    assert (nodule("right"), ("b",)) in found, "the left one's description, with a place of the right"
    assert (nodule("right", shape="irregular"), ()) in found, "no irregular one lies on the right"
    assert (nodule("left"), ("a",)) in found, "the irregular one's, with a round shape"
    assert found == {
        (nodule("right"), ("b",)),
        (nodule("right", shape="irregular"), ()),
        (nodule("left"), ("a",)),
    }


def test_a_texture_of_no_object_has_no_truth(study):
    cystic = drawn(study, nodule("left", "cystic"))
    assert all(masks == () for finding, masks in cystic if finding.texture.attributes == ("cystic",))
    assert {nodule("left", "cystic"), nodule("right", "cystic")} <= {finding for finding, _ in cystic}


def test_what_the_records_leave_open_is_not_asked(study):
    """Whether the left one is cystic nobody wrote down, so that 'a cystic one on the left' has no known truth."""
    silent = replace(nodule("left"), texture=Texture())
    vague = replace(study, objects=((silent, "a"), (nodule("right", "cystic"), "b")))
    found = drawn(vague, nodule("left", "cystic"), nodule("right", "solid"))
    assert nodule("left", "cystic") not in {finding for finding, _ in found}
    assert (nodule("right", "solid"), ()) in found


def test_nothing_is_lent_by_another_target_nor_where_nothing_is_stated(study):
    assert drawn(study, replace(nodule("right", "cystic"), target="mass")) == set()
    assert drawn(study, Finding("nodule")) == set()


def test_a_mirrored_place_is_asked_with_no_truth_and_only_where_it_is_wrong(study):
    plain = replace(study, objects=(), named={"nodule": ("a", "c")})
    asked = [misplaced(plain, lambda: plain, np.random.default_rng(seed)) for seed in range(20)]
    assert {q.finding.location.laterality for q in asked if q} == {"right"}
    assert {q.masks for q in asked if q} == {()}
    assert all(misplaced(replace(study, objects=()), lambda: plain, np.random.default_rng(s)) is None for s in range(9))


def test_a_place_is_measured_by_rows_and_columns(study):
    """A nodule at the top right of an oblong picture lies in the left upper zone, and nowhere else."""
    mask = np.zeros((40, 80), bool)
    mask[4:10, 56:70] = True
    upper = replace(nodule("left"), location=Location("left", ("upper_zone",)))
    lower = replace(nodule("left"), location=Location("left", ("lower_zone",)))
    plain = TrainingStudy(
        image=np.zeros(mask.shape, np.uint8), view=view_of("chest_xray"), lexicon=load_lexicon(),
        packed={"a": np.packbits(mask)}, described=(TrainingQuestion(upper, ("a",)),), named={"nodule": ("a",)},
    )  # fmt: skip
    guest = replace(plain, described=(TrainingQuestion(lower, ("a",)),))
    asked = [misplaced(plain, lambda: guest, np.random.default_rng(seed)) for seed in range(30)]
    assert {q.finding.location for q in asked if q} == {lower.location, Location("right", ("upper_zone",))}
    wrong = replace(plain, described=(TrainingQuestion(lower, ("a",)),))
    assert all(misplaced(wrong, lambda: guest, np.random.default_rng(seed)) is None for seed in range(9))
