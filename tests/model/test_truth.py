"""Findings meet their masks by record, by name and by side."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.case import Case, FindingRecord
from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.model.truth import (
    agreement,
    contradicts,
    finding_of_record,
    fits,
    match_findings,
    on_side,
    structure_mask,
)
from tests.views import seen, view_of

SIDE = 64


def disc(row: float, column: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (rows - row) ** 2 + (columns - column) ** 2 < 36


LEFT, RIGHT = disc(30, 50), disc(20, 12)  # of the patient
XRAY, CT = view_of("chest_xray"), view_of("chest_ct")
ONE_SIDED = (
    "breast_ultrasound", "mammography", "breast_mri", "knee_mri", "bone_xray", "fundus", "oct", "abdomen_ultrasound",
    "abdomen_xray", "pelvis_mri", "cardiac_mri", "echocardiography", "colonoscopy", "dermoscopy", "histology_he", None,
)  # fmt: skip
"""Pictures in which a side of the patient is no half of the picture."""


def case_of(modality: str = "chest_xray", **fields) -> Case:
    picture = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    return Case(image=seen(load_image(picture, modality)), **fields)


def finding(target="nodule", side=None, texture=(), shape=(), zones=(), **more) -> Finding:
    return Finding(target, location=Location(side, zones), texture=Texture(texture), shape=Shape(shape), **more)


RECORDS = (
    FindingRecord("f1", "described", "nodule", laterality="left", texture=("solid",), shape=("round",)),
    FindingRecord("f2", "described", "nodule", laterality="right", texture=("solid",), shape=("round",)),
    FindingRecord("f3", "distractor", "nodule", laterality="left", texture=("cystic",), shape=("round",)),
    FindingRecord("f4", "described", "pleural_effusion", presence="absent"),
)


@pytest.fixture
def recorded() -> Case:
    masks = {"f1": LEFT, "f2": RIGHT, "f3": disc(50, 50)}
    return case_of(findings=RECORDS, masks=masks, structures={"nodule": LEFT | RIGHT | masks["f3"]})


def test_records_meet_by_side(recorded):
    matches = match_findings([finding(side="right"), finding(side="left")], recorded)
    assert matches[0].mask is recorded.masks["f2"]
    assert matches[1].mask is recorded.masks["f1"]
    assert all(match.supervised for match in matches)


def test_records_meet_one_to_one_best_first(recorded):
    vague, exact = finding(), finding(side="left", texture=("solid",))
    matches = match_findings([vague, exact], recorded)
    assert matches[1].mask is recorded.masks["f1"]
    assert matches[0].mask is recorded.masks["f2"]


def test_a_finding_too_many_is_not_supervised(recorded):
    matches = match_findings([finding(side="left"), finding(side="left"), finding("mass")], recorded)
    assert [match.supervised for match in matches] == [True, False, False]


def test_denied_findings_are_known_to_be_empty(recorded):
    denied = [finding("pleural_effusion", presence="absent"), finding("nodule", presence="absent")]
    matches = match_findings(denied, recorded)
    assert [(match.mask, match.supervised) for match in matches] == [(None, True), (None, False)]


def test_structures_meet_by_name():
    case = case_of(structures={"heart": LEFT, "nodule": np.zeros_like(LEFT)})
    heart, nodule, unknown = match_findings([finding("heart"), finding(), finding("mass")], case)
    assert heart.mask is LEFT
    assert (nodule.mask, nodule.supervised) == (None, False)
    assert not unknown.supervised


def test_absent_structures_are_supervised_only_where_they_are_annotated():
    case = case_of(structures={"nodule": np.zeros_like(LEFT), "heart": LEFT})
    asked = [finding(name, presence="absent") for name in ("nodule", "pneumothorax", "heart")]
    assert [match.supervised for match in match_findings(asked, case)] == [True, False, False]


def test_a_broader_word_means_its_narrower_structures_together():
    case = case_of(structures={"ground_glass_opacity": LEFT, "consolidation": RIGHT, "nodule": disc(50, 50)})
    assert np.array_equal(structure_mask(finding("airspace_opacity"), case), LEFT | RIGHT)
    assert np.array_equal(structure_mask(finding("pneumonia", side="right"), case), RIGHT)
    assert structure_mask(finding("atelectasis"), case) is None
    assert not match_findings([finding("airspace_opacity", presence="absent")], case)[0].supervised


def test_a_broader_word_meets_its_own_mask_where_there_is_one():
    nothing = np.zeros_like(LEFT)
    own = case_of(structures={"airspace_opacity": LEFT, "consolidation": RIGHT})
    assert np.array_equal(structure_mask(finding("airspace_opacity"), own), LEFT)
    empty = case_of(structures={"airspace_opacity": nothing, "consolidation": RIGHT})
    assert structure_mask(finding("airspace_opacity"), empty) is None
    denied = case_of(structures={"consolidation": nothing})
    assert match_findings([finding("airspace_opacity", presence="absent")], denied)[0].supervised


def test_an_unsided_name_meets_the_sided_structures():
    case = case_of(structures={"left_lung": LEFT, "right_lung": RIGHT})
    np.testing.assert_array_equal(structure_mask(finding("lung", "left"), case), LEFT)
    np.testing.assert_array_equal(structure_mask(finding("lung", "bilateral"), case), LEFT | RIGHT)
    np.testing.assert_array_equal(structure_mask(finding("lung"), case), LEFT | RIGHT)


@pytest.mark.parametrize(("frame", "expected"), [("patient", LEFT), ("image", RIGHT)])
def test_a_stated_side_keeps_the_components_there(frame, expected):
    np.testing.assert_array_equal(on_side(LEFT | RIGHT, "left", view_of("chest_xray", frame=frame)), expected)


def test_sides_do_not_split_where_the_picture_shows_one_side():
    both = LEFT | RIGHT
    assert on_side(both, None, XRAY) is both
    assert on_side(both, "bilateral", XRAY) is both
    for modality in ONE_SIDED:
        for side in ("left", "right"):
            assert on_side(both, side, view_of(modality)) is both
            assert on_side(RIGHT, side, view_of(modality)) is RIGHT


def test_a_mask_on_the_other_side_is_not_it():
    assert on_side(RIGHT, "left", XRAY) is None
    central = disc(30, 30)
    assert on_side(central, "left", XRAY) is central


@given(st.sampled_from(["left", "right"]), st.integers(8, 56), st.integers(8, 56))
def test_mirroring_mask_and_side_changes_nothing(side, row, column):
    both = disc(row, column) | disc(20, 12) | disc(40, 52)
    kept = on_side(both, side, XRAY)
    other = "left" if side == "right" else "right"
    mirrored = on_side(both[:, ::-1].copy(), other, XRAY)
    np.testing.assert_array_equal(kept, mirrored[:, ::-1])


@given(
    st.lists(st.tuples(st.integers(8, 56), st.integers(8, 56)), min_size=1, max_size=4),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["patient", "image"]),
)
def test_every_slice_of_an_unchanging_volume_gets_the_picture_s_answer(places, side, frame):
    flat = np.logical_or.reduce([disc(row, column) for row, column in places])
    view = view_of("chest_ct", frame=frame)
    expected, found = on_side(flat, side, view), on_side(np.stack([flat] * 5), side, view)
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(found, np.stack([expected] * 5))


def test_a_component_of_a_volume_is_judged_as_a_whole():
    slanting = np.zeros((5, SIDE, SIDE), bool)
    for plane, column in enumerate((28, 36, 44, 48, 52)):  # the first plane alone lies on the right
        slanting[plane] = disc(30, column)
    both = slanting | RIGHT
    np.testing.assert_array_equal(on_side(both, "left", CT), slanting)
    assert on_side(slanting, "right", CT) is None


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SRA", "AIL"])
def test_a_volume_s_side_is_the_patient_s_however_it_is_stored(codes: str, tmp_path: Path):
    grey = np.random.default_rng(0).integers(0, 200, (30, 24, 10)).astype(np.int16)
    left, both = np.zeros((2, *grey.shape), np.uint8)
    left[3:9, 10:14, 2:6] = both[3:9, 10:14, 2:6] = both[22:27, 10:14, 2:6] = 1  # RAS+: the left has small indices
    orientation = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes)
    )
    for name, voxels in (("image", grey), ("left", left), ("both", both)):
        nib.save(nib.Nifti1Image(voxels, np.eye(4)).as_reoriented(orientation), tmp_path / f"{name}.nii")
    image = seen(load_image(tmp_path / "image.nii", "chest_ct"))
    left, both = (load_label_map(tmp_path / f"{name}.nii") != 0 for name in ("left", "both"))
    case = Case(image=image, structures={"pleural_effusion": both})
    asked = [finding("pleural_effusion", side) for side in ("left", "right", "bilateral")]
    on_left, on_right, everywhere = match_findings(asked, case)
    np.testing.assert_array_equal(on_left.mask, left)
    np.testing.assert_array_equal(on_right.mask, both & ~left)
    np.testing.assert_array_equal(everywhere.mask, both)
    one_sided = Case(image=image, structures={"pleural_effusion": left})
    assert [match.supervised for match in match_findings(asked, one_sided)] == [True, False, True]


def test_a_side_chooses_no_part_of_a_sagittal_slice(tmp_path: Path):
    grey = np.random.default_rng(0).integers(0, 200, (1, SIDE, SIDE)).astype(np.int16)
    nib.save(nib.Nifti1Image(grey, np.eye(4)), tmp_path / "sagittal.nii")
    image = seen(load_image(tmp_path / "sagittal.nii", "chest_ct"))
    case = Case(image=image, structures={"nodule": LEFT | RIGHT})
    for side in ("left", "right"):
        np.testing.assert_array_equal(structure_mask(finding(side=side), case), LEFT | RIGHT)


def test_a_side_chooses_no_part_where_directions_are_a_guess(tmp_path: Path):
    grey = np.random.default_rng(0).integers(0, 200, (SIDE, SIDE, 9)).astype(np.int16)
    unstated = nib.Nifti1Image(grey, None)
    unstated.header.set_sform(None, 0)
    unstated.header.set_qform(None, 0)
    nib.save(unstated, tmp_path / "guess.nii")
    nib.save(nib.Nifti1Image(grey, np.eye(4)), tmp_path / "stated.nii")
    both = np.stack([LEFT | RIGHT] * 9)
    guess, stated = (
        Case(image=seen(load_image(tmp_path / name, "chest_ct")), structures={"nodule": both})
        for name in ("guess.nii", "stated.nii")
    )
    np.testing.assert_array_equal(structure_mask(finding(side="left"), guess), both)
    np.testing.assert_array_equal(structure_mask(finding(side="left"), stated), np.stack([LEFT] * 9))


def test_the_data_sets_own_frame_decides_whose_left_it_is():
    picture = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    for frame, left in (("patient", LEFT), ("image", RIGHT)):
        image = seen(load_image(picture, "chest_xray"), frame=frame)
        case = Case(image=image, structures={"nodule": LEFT | RIGHT})
        (match,) = match_findings([finding(side="left")], case)
        np.testing.assert_array_equal(match.mask, left)


def test_fitting_is_about_what_is_stated():
    truth = finding_of_record(RECORDS[0])
    assert fits(finding(), truth)
    assert fits(finding(side="left", texture=("solid",)), truth)
    assert not fits(finding(side="right"), truth)
    assert not fits(finding(texture=("cystic",)), truth)
    assert not fits(finding(shape=("oval",)), truth)
    assert not fits(finding(zones=("upper_zone",)), truth)
    assert not fits(finding("mass"), truth)


def test_between_fitting_and_contradicting_lies_the_unknown():
    truth = finding_of_record(RECORDS[0])  # left, solid, round, no zone stated
    for known_not in (
        finding(side="right"),
        finding("mass"),
        finding(texture=("cystic",)),
        finding(shape=("oval",)),
    ):
        assert contradicts(known_not, truth)
    finer = finding(side="left", zones=("upper_zone",))
    assert not contradicts(finer, truth)
    assert not fits(finer, truth)


def test_bilateral_holds_both_sides_and_sizes_may_differ_a_little():
    truth = Finding("nodule", location=Location("bilateral"), shape=Shape(size_mm=(10.0,)))
    assert fits(finding(side="left"), truth)
    assert fits(Finding("nodule", shape=Shape(size_mm=(11.0,))), truth)
    assert not fits(Finding("nodule", shape=Shape(size_mm=(20.0,))), truth)


def test_left_never_agrees_with_right():
    assert agreement(finding(side="left"), finding(side="right")) == float("-inf")
    assert agreement(finding(side="left"), finding(side="left")) > agreement(finding(), finding(side="left"))


@pytest.mark.parametrize("shape", [(30, 100), (100, 30)])
def test_the_midline_is_that_of_the_picture_s_own_width(shape: tuple[int, int]) -> None:
    here, there = np.zeros((2, *shape), bool)
    middle = shape[1] // 2
    here[4:9, middle + 2 : middle + 8], there[11:20, middle - 9 : middle - 3] = True, True
    for side, expected in (("left", here), ("right", there)):
        np.testing.assert_array_equal(on_side(here | there, side, view_of("chest_xray")), expected)
