"""Side and zone: the patient's left is on the picture's right, in flipped pictures and affines too."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.describe.place import WHOLE, Scene, body_box, side_of, zones_of
from medsegr.view import Frame
from tests.describe.cases import SIZE, ellipse, picture
from tests.views import seen, view_of


def shown(modality: str | None, frame: Frame = "patient", body: np.ndarray | None = None) -> Scene:
    return Scene.of(seen(load_image(picture(body=body), modality), frame=frame), load_lexicon())


def scene(path: Path) -> Scene:
    return Scene.of(seen(load_image(path, "brain_mri")), load_lexicon())


def test_the_patients_left_is_on_the_pictures_right() -> None:
    view, mask = shown("brain_mri"), ellipse(0.4, 0.7)
    assert side_of(mask, view) == "left"
    assert side_of(mask[:, ::-1], view) == "right"
    assert side_of(ellipse(0.4, 0.5), view) is None
    assert side_of(ellipse(0.4, 0.56, 0.05, 0.05), view) is None, "too near to the midline"
    assert side_of(mask & False, view) is None


def test_zones_of_the_patient() -> None:
    axial, frontal = shown("chest_ct"), shown("chest_xray")
    assert zones_of(ellipse(0.25, 0.7), axial) == ("anterior",)
    assert zones_of(ellipse(0.75, 0.7), axial) == ("posterior",)
    assert zones_of(ellipse(0.5, 0.7), axial) == ()
    zones = [zones_of(ellipse(row, 0.7, 0.06, 0.06), frontal) for row in (0.25, 0.5, 0.75)]
    assert zones == [("upper_zone",), ("mid_zone",), ("lower_zone",)]
    assert zones_of(ellipse(0.5, 0.7, 0.4, 0.1), frontal) == ()


def test_zones_of_the_image() -> None:
    view = shown("colonoscopy", "image")
    assert side_of(ellipse(0.5, 0.8), view) is None
    assert zones_of(ellipse(0.25, 0.25), view) == ("top_left",)
    assert zones_of(ellipse(0.25, 0.75), view) == ("top_right",)
    assert zones_of(ellipse(0.5, 0.5), view) == ("center",)
    assert zones_of(ellipse(0.85, 0.5), view) == ("bottom",)
    assert zones_of(ellipse(0.5, 0.5, 0.5, 0.5), view) == ()


def test_nothing_is_said_of_places_that_are_not_known() -> None:
    mask = ellipse(0.25, 0.8)
    wrong_frame, no_modality, heart = shown("chest_ct", "image"), shown(None), shown("cardiac_mri")
    for view in (wrong_frame, no_modality, heart):
        assert side_of(mask, view) is None
        assert zones_of(mask, view) == ()


def test_a_patient_beside_the_middle_of_the_picture() -> None:
    body = ellipse(0.5, 0.62, 0.36, 0.36)
    view = shown("brain_ct", body=body)
    assert view.body[2] == pytest.approx(0.26, abs=0.05)
    assert side_of(ellipse(0.5, 0.55, 0.04, 0.04), view) is None, "left of the picture's middle, right of the head's"
    assert side_of(ellipse(0.5, 0.8, 0.05, 0.05), view) == "left"


def test_no_body_is_the_whole_picture() -> None:
    dark = np.zeros((SIZE, SIZE), np.uint8)
    dark[3, 3] = 255
    assert body_box(load_image(dark, "brain_ct")) == WHOLE


def volume(folder: Path, flips: tuple[int, ...], codes: int = 1):
    """A brain whose lesion lies at the patient's front left, stored with some axes reversed."""
    stored = np.zeros((64, 64, 5), np.float32)  # towards right, anterior, superior
    stored[6:58, 4:60] = 100
    mask = np.zeros(stored.shape, np.uint8)
    mask[12:20, 42:50, 1:4] = 1
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    for axis in flips:
        stored, mask = np.flip(stored, axis), np.flip(mask, axis)
        affine[:3, 3] += affine[:3, axis] * (stored.shape[axis] - 1)
        affine[:3, axis] *= -1
    for name, array in (("image.nii.gz", stored), ("mask.nii.gz", mask)):
        file = nib.Nifti1Image(np.ascontiguousarray(array), affine)
        file.set_sform(affine, code=codes)
        file.set_qform(affine, code=codes)
        nib.save(file, folder / name)
    return scene(folder / "image.nii.gz"), load_label_map(folder / "mask.nii.gz") > 0


@pytest.mark.parametrize("flips", [(), (0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_a_flipped_affine_does_not_move_the_patient(flips: tuple[int, ...], tmp_path: Path) -> None:
    view, mask = volume(tmp_path, flips)
    assert side_of(mask, view) == "left"
    assert zones_of(mask, view) == ("anterior",)


def test_an_unstated_orientation_has_no_sides(tmp_path: Path) -> None:
    view, mask = volume(tmp_path, (), codes=0)
    assert side_of(mask, view) is None


def test_a_sagittal_slice_has_no_sides_and_a_coronal_one_no_front(tmp_path: Path) -> None:
    stored = np.full((1, 64, 64), 50, np.float32)
    stored[0, 10:50, 10:50] = 100
    nib.save(nib.Nifti1Image(stored, np.eye(4)), tmp_path / "sagittal.nii")
    nib.save(nib.Nifti1Image(stored.transpose(1, 0, 2).copy(), np.eye(4)), tmp_path / "coronal.nii")
    mask = ellipse(0.2, 0.8, size=64)
    sagittal, coronal = scene(tmp_path / "sagittal.nii"), scene(tmp_path / "coronal.nii")
    assert (side_of(mask, sagittal), zones_of(mask, sagittal)) == (None, ())
    assert (side_of(mask, coronal), zones_of(mask, coronal)) == ("left", ())


def test_a_body_s_corner_is_its_top_and_its_left() -> None:
    """In a body that begins low and fills the width, what lies above the middle of picture and body is anterior."""
    mask = np.zeros((100, 60), bool)
    mask[38:44, 20:40] = True
    for body, zone in (((0.3, 1.0, 0.0, 0.9), ("anterior",)), ((0.0, 0.7, 0.3, 1.0), ())):
        assert zones_of(mask, Scene(view_of("chest_ct"), body, load_lexicon())) == zone
