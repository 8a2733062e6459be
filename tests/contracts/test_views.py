"""What a picture shows is decided once: region map, truth, letters, flips, swaps and descriptions agree about it."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, Location
from medsegr.cognition.region_map import region_map, seen
from medsegr.data.case import Case
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.image import MedicalImage, load_image
from medsegr.describe.measure_finding import measure_case
from medsegr.evaluation.swaps import swapped
from medsegr.explain.overlay import overlay_page
from medsegr.inference.flips import mirrored_finding
from medsegr.inference.result import FindingResult, Result
from medsegr.model.truth import structure_mask
from medsegr.view import View
from tests.data import dataset_maker as make

HEIGHT, WIDTH = 48, 120
SHOWN = {
    "chest_xray": "both", "chest_ct": "both", "abdomen_ct": "both", "abdomen_mri": "both", "brain_mri": "both",
    "brain_ct": "both", "abdomen_xray": "one", "abdomen_ultrasound": "one", "pelvis_mri": "one",
    "breast_ultrasound": "one", "mammography": "one", "breast_mri": "one", "cardiac_mri": "one",
    "echocardiography": "one", "knee_mri": "one", "bone_xray": "one", "fundus": "one", "oct": "one",
    "endoscopy": "none", "colonoscopy": "none", "dermoscopy": "none", "histology": "none", "histology_he": "none",
    "trunk_ct": "both", "pet_ct": "both", "neck_ct": "both", "neck_mri": "both", "neck_ultrasound": "one",
    "pelvis_ultrasound": "one", "spine_mri": "one", "spine_ct": "one", "joint_mri": "one", "bone_ct": "one",
    "joint_ultrasound": "one", "vessel_ultrasound": "one",
}  # fmt: skip
"""Modality -> the sides of the patient that its pictures show."""

OWN = {"pelvis_xray": "both", "hip_ultrasound": "one", "capsule_endoscopy": "none", "arthroscopy": "one"}
OWN_FILE = """
modalities:
  pelvis_xray: {frame: patient, sides: both, regions: [bone]}
  hip_ultrasound: {frame: patient, regions: [bone]}
  capsule_endoscopy: {frame: image, regions: [endoscopy]}
  arthroscopy: {frame: image, sides: one, regions: [bone]}
targets:
  bone_spur:
    group: finding
    words: [bone spur]
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    path = tmp_path_factory.mktemp("lexicon") / "own.yaml"
    path.write_text(OWN_FILE, encoding="utf-8")
    return load_lexicon([path])


def test_the_table_knows_every_modality(own: Lexicon) -> None:
    assert set(SHOWN) == set(load_lexicon().modalities)
    assert set(own.modalities) == {*SHOWN, *OWN}


@pytest.fixture(params=[*SHOWN, *OWN, None])
def modality(request) -> str | None:
    return request.param


@pytest.fixture
def sides(modality: str | None) -> str:
    return {**SHOWN, **OWN, None: "one"}[modality]


def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Something at the left of the picture, and something smaller at its right, well inside their halves."""
    left, right = np.zeros((2, HEIGHT, WIDTH), bool)
    left[8:40, 12:40] = True
    right[14:30, 84:98] = True
    return left, right


def case_of(lexicon: Lexicon, modality: str | None, frame=None, target: str = "any_lesion") -> Case:
    left, right = blobs()
    pixels = np.full((HEIGHT, WIDTH), 40, np.uint8)
    pixels[left | right] = 200
    image = load_image(pixels, modality).seen(lexicon, frame=frame)
    return Case(image, structures={target: left | right}, name="a.png")


def letters(image: MedicalImage) -> list[str]:
    """The letters on the picture, from its left to its right."""
    left, _ = blobs()
    result = Result((FindingResult("x", Finding("nodule"), left),), image, image.modality)
    written = sorted(overlay_page(result, "a").texts, key=lambda each: each.x)
    return [each.text for each in written if each.text in ("R", "L")]


def test_all_agree(own: Lexicon, modality: str | None, sides: str) -> None:
    case = case_of(own, modality)
    view, (left, right) = case.image.view, blobs()
    assert view.sides == sides
    stated = Finding("any_lesion", location=Location("left"))
    place, truth = region_map(stated.location, view, 64), structure_mask(stated, case)
    mirrored = swapped(stated, "side", np.random.default_rng(0), view=view, lexicon=own)
    if sides == "both":  # all of these are of the patient's frame: the patient's left is the picture's right half
        assert place is not None and place[:, :28].max() < 0.1 and place[:, 36:].min() > 0.9
        np.testing.assert_array_equal(truth, right)
        assert letters(case.image) == ["R", "L"]
        assert mirrored is not None and mirrored.location.laterality == "right"
    else:
        assert place is None
        np.testing.assert_array_equal(truth, left | right)
        assert letters(case.image) == []
        assert mirrored is None


def test_a_description_names_sides_only_where_they_are_places(own: Lexicon, modality: str | None, sides: str) -> None:
    case = case_of(own, modality, target="polyp")
    one_sided = replace(case, structures={"polyp": blobs()[1]})
    (told,) = measure_case(one_sided, own)
    assert told.location.laterality == ("left" if sides == "both" else None)
    drawn = region_map(told.location, case.image.view, 64)
    if drawn is not None:  # what is said of the place holds
        rows, columns = np.nonzero(blobs()[1])
        assert drawn[rows * 64 // HEIGHT, columns * 64 // WIDTH].mean() > 0.5


def test_a_flip_is_true_of_the_mirrored_picture(own: Lexicon, modality: str | None, sides: str) -> None:
    case = case_of(own, modality)
    view = case.image.view
    flipped = Case(
        replace(case.image, voxels=case.image.voxels[:, ::-1].copy()),
        structures={name: mask[:, ::-1] for name, mask in case.structures.items()},
    )
    for location in (Location("left"), Location("right", ("top_left",)), Location(zones=("right",)), Location()):
        finding = Finding("any_lesion", location=location)
        other = mirrored_finding(finding, view)
        here, there = region_map(location, view, 64), region_map(other.location, view, 64)
        assert (here is None) == (there is None)
        if here is not None:
            np.testing.assert_allclose(there, here[:, ::-1], atol=1e-6)
        np.testing.assert_array_equal(structure_mask(other, flipped), structure_mask(finding, case)[:, ::-1])
    assert (mirrored_finding(Finding("left_lung"), view).target == "left_lung") == (sides == "none")


@pytest.mark.parametrize("frame", ["patient", "image", None])
def test_whose_left_it_is_is_the_data_set_s_word(tmp_path: Path, frame: str) -> None:
    left, right = blobs()
    pixels = np.full((HEIGHT, WIDTH), 40, np.uint8)
    pixels[left | right] = 200
    make.manifest(tmp_path, modality="chest_xray", frame=frame, structures={"nodule": "nodule"})
    for path, picture in (("images", pixels), ("masks/nodule", (left | right).astype(np.uint8) * 255)):
        (tmp_path / path).mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / path / "a.png")
    lexicon = load_lexicon()
    case = DatasetFolder(tmp_path).load("a.png", lexicon)
    expected = left if frame == "image" else right
    finding = Finding("nodule", location=Location("left"))
    np.testing.assert_array_equal(structure_mask(finding, case), expected)
    rows, columns = np.nonzero(expected)
    place = region_map(finding.location, case.image.view, 64)
    assert place is not None and place[rows * 64 // HEIGHT, columns * 64 // WIDTH].min() > 0.9
    assert letters(case.image) == ([] if frame == "image" else ["R", "L"])
    (told,) = measure_case(replace(case, structures={"nodule": expected}), lexicon)
    assert told.location.laterality == (None if frame == "image" else "left"), "the two disagree: nothing is said"


PLANES = {"axial": (1, (9, 40, 1)), "coronal": (2, (40, 1, 9)), "sagittal": (2, (1, 40, 9))}


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "RPI"])
@pytest.mark.parametrize("plane", PLANES)
def test_planes_of_the_body(tmp_path: Path, plane: str, codes: str) -> None:
    upright, shape = PLANES[plane]
    values = np.random.default_rng(0).integers(0, 99, [max(side, 9) if side > 1 else 1 for side in shape])
    canonical = nib.Nifti1Image(values.astype(np.int16), np.diag([2.0, 1.0, 3.0, 1.0]))
    axes = nib.orientations.axcodes2ornt(codes)
    nib.save(canonical.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(canonical.affine), axes)),
             tmp_path / "v.nii.gz")  # fmt: skip
    view = load_image(tmp_path / "v.nii.gz").seen(load_lexicon(), "chest_ct").view
    assert (view.plane, view.upright) == (plane, upright)
    assert view.sides == ("none" if plane == "sagittal" else "both")
    told = seen(Finding("nodule", location=Location("left", ("anterior", "upper_lobe"))), view)
    assert (
        told.location
        == {
            "axial": Location("left", ("anterior", "upper_lobe")),
            "coronal": Location("left", ("upper_lobe",)),
            "sagittal": Location(None, ("upper_lobe",)),
        }[plane]
    )
    assert (mirrored_finding(Finding("left_lung"), view).target == "right_lung") == (plane != "sagittal")


def test_a_guessed_orientation_tells_no_side(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 99, (20, 30, 1)).astype(np.int16)
    image = nib.Nifti1Image(values, np.eye(4))
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nib.save(image, tmp_path / "v.nii")
    view = load_image(tmp_path / "v.nii").seen(load_lexicon(), "chest_ct").view
    assert view.sides == "none" and not view.patient_sides
    assert region_map(Location("left"), view) is None


def test_an_oblique_slice_shows_sides_while_they_are_clear() -> None:
    kind, shown = load_lexicon().kind("chest_ct"), []
    for degrees in (0, 25, 60, 90):
        turn = np.radians(degrees)
        affine = np.eye(4)
        affine[:3, :3] = [[np.sin(turn), 0, -np.cos(turn)], [0, -1, 0], [np.cos(turn), 0, np.sin(turn)]]
        shown.append(View.of(kind, affine).sides)
    assert shown == ["both", "both", "none", "none"]


def test_a_report_s_left_in_a_modality_of_one_s_own(own: Lexicon) -> None:
    text = "Bone spur on the left."
    told = {m: parse_report(text, m, lexicon=own).findings[0].location for m in OWN}
    assert told["pelvis_xray"] == told["hip_ultrasound"] == told["arthroscopy"] == Location("left")
    assert told["capsule_endoscopy"] == Location(None, ("left",)), "there, left is a place in the picture"
