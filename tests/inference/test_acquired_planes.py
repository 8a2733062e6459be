"""A volume is segmented in the planes that it was taken in, and its masks come back where they were, voxel by voxel."""

import itertools
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.data.image import load_image
from medsegr.data.nifti_masks import save_mask_nifti
from medsegr.data.outputs import staged_folder
from medsegr.inference.predictor import Predictor
from medsegr.inference.writer import write_case
from tests.inference.bright_model import BrightModel

SIDES = (10, 13, 16)
"""Voxels of a volume along right, front and head."""

ORDERS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))
PLANES = {0: "sagittal", 1: "coronal", 2: "axial"}


def bright(dtype: type = np.int16) -> tuple[np.ndarray, np.ndarray]:
    """A dark volume (right, front, head) and a lopsided bright part of it, through several planes of each kind."""
    part = np.zeros(SIDES, bool)
    part[2:6, 7:11, 9:14] = True
    part[3:5, 5:7, 9:12] = True
    part[2, 10, 13] = False
    return np.where(part, 900, 0).astype(dtype), part


def stored(across: int, order: tuple, shear: float = 0.1) -> tuple[nib.Nifti1Image, np.ndarray]:
    """The volume, thick along one patient axis, oblique and sheared, in some stored order; and the bright part."""
    spacing = np.array([0.9, 0.8, 0.7])
    spacing[across] = 4.0
    affine = np.eye(4)
    cos, sin = np.cos(0.1), np.sin(0.1)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    affine[:3, :3] = turn @ (np.eye(3) + np.triu(np.full((3, 3), shear), 1)) @ np.diag(spacing)
    affine[:3, 3] = (-30, 12, 55)
    target = np.stack(order, axis=1)
    voxels, part = bright()
    volume = nib.Nifti1Image(voxels, affine).as_reoriented(target)
    return volume, np.asarray(nib.Nifti1Image(part.astype(np.uint8), affine).as_reoriented(target).dataobj) == 1


@pytest.mark.parametrize("across", PLANES, ids=PLANES.values())
def test_masks_come_back_voxel_by_voxel_in_every_order(across: int, tmp_path: Path) -> None:
    for order in ORDERS:
        volume, part = stored(across, order)
        nib.save(volume, tmp_path / "study.nii")
        image = load_image(tmp_path / "study.nii")
        assert image.planes == SIDES[across] and image.voxels.dtype == np.int16
        save_mask_nifti(tmp_path / "mask.nii", image.voxels > 450, image)
        mask = nib.load(tmp_path / "mask.nii")
        np.testing.assert_allclose(mask.affine, volume.affine, atol=1e-4)
        np.testing.assert_array_equal(np.asarray(mask.dataobj) == 1, part)


@pytest.mark.parametrize("across", PLANES, ids=PLANES.values())
def test_what_is_outlined_comes_back_voxel_by_voxel(across: int, tmp_path: Path) -> None:
    for order in ORDERS[across::17]:
        volume, part = stored(across, order)
        nib.save(volume, tmp_path / "study.nii")
        image = load_image(tmp_path / "study.nii", "chest_ct")
        result = Predictor(BrightModel(max(image.size)), "bright").segment(image, "Nodule.")
        assert result.image.view.plane == PLANES[across]
        with staged_folder(tmp_path / "case", overwrite=True) as folder:
            write_case(folder, result, case="a", image="study.nii", model="bright")
        mask = nib.load(tmp_path / "case" / "nodule.nii.gz")
        np.testing.assert_array_equal(np.asarray(mask.dataobj) == 1, part)
        entry = json.loads((tmp_path / "case" / "findings.json").read_text())["findings"][0]
        assert entry["volume_mm3"] == pytest.approx(part.sum() * 4.0 * BESIDE[across], rel=1e-3)
        assert entry["volume_ml"] == pytest.approx(entry["volume_mm3"] / 1000, abs=1e-3)
        assert entry["length_mm"] > entry["size_mm"]


BESIDE = {0: 0.8 * 0.7, 1: 0.9 * 0.7, 2: 0.9 * 0.8}
"""Area of a voxel in its plane, in mm2; a shear leaves the volume."""


def test_sizes_in_space_do_not_depend_on_the_plane_that_is_shown(tmp_path: Path) -> None:
    found = []
    for across in PLANES:
        affine = np.eye(4)
        affine[across, across] = 1.2  # just thick enough to be shown in this plane
        nib.save(nib.Nifti1Image(bright()[0], affine), tmp_path / "study.nii")
        image = load_image(tmp_path / "study.nii")
        result = Predictor(BrightModel(max(image.size)), "bright").segment(image, "Nodule.")
        found.append(result["nodule"])
    lengths = [each.length_mm for each in found]
    assert max(lengths) - min(lengths) < 2 and all(each.length_mm > each.size_mm for each in found)
    assert {round(each.volume_mm3) for each in found} == {round(bright()[1].sum() * 1.2)}
