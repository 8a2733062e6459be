"""A mask drawn at a patient coordinate comes back there: all axis orders, oblique, sheared, single planes, frames."""

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsegr.data.geometry import displayed_geometry
from medsegr.data.image import MedicalImage, load_image
from medsegr.data.nifti_masks import save_mask_nifti
from tests.data.dicom.series_maker import (
    AXIAL,
    CORONAL,
    ENHANCED_CT,
    SAGITTAL,
    dataset,
    functional_groups,
    item,
    lopsided,
    stated_affine,
    uid,
    write,
    write_series,
)  # fmt: skip

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (9, 12, 15)
"""Slices, rows, columns."""

AXES = [np.array(axis, float) * sign for axis in np.eye(3) for sign in (1, -1)]
ORDERS = [
    (row, column, sign)
    for row, column in itertools.permutations(AXES, 2)
    if abs(row @ column) < 0.5
    for sign in (1, -1)
]
"""All 48 ways to lay rows, columns and slices along the patient's axes; slices along the normal or against it."""


def place_of(affine: np.ndarray, k: int, row: int, column: int) -> np.ndarray:
    """LPS mm of a voxel of slice k, by the affine that the headers state."""
    return (affine @ [column, row, k, 1])[:3]


def check_place(image: MedicalImage, voxel: np.ndarray, lps: np.ndarray) -> None:
    """The one bright voxel of an image lies at a patient coordinate."""
    ras = image.geometry.voxel_to_patient(voxel[None])[0]
    np.testing.assert_allclose(ras * [-1, -1, 1], lps, atol=2e-3)


def brightest(image: MedicalImage) -> np.ndarray:
    """(z, y, x) of the brightest voxel as displayed."""
    volume = image.voxels if image.is_volume else image.voxels[None]
    return np.array(np.unravel_index(volume.argmax(), volume.shape))


def check_way_back(image: MedicalImage, folder: Path, lps: np.ndarray) -> None:
    """Drawn on the display, saved, and read by nibabel at the same coordinate."""
    mask = image.voxels == image.voxels.max()
    save_mask_nifti(folder / "mask.nii.gz", mask, image)
    saved = nib.load(folder / "mask.nii.gz")
    (at,) = np.argwhere(np.asanyarray(saved.dataobj))
    np.testing.assert_allclose((saved.affine @ [*at, 1])[:3] * [-1, -1, 1], lps, atol=2e-3)


def check_series(folder: Path, directions: np.ndarray, step: np.ndarray, spacing: tuple[float, float]) -> MedicalImage:
    volume = lopsided(SHAPE).astype(np.int16)
    origin = (-31.25, 22.5, -50.75)
    write_series(folder, volume, directions, origin, step, spacing)
    image = load_image(folder)
    k, row, column = np.unravel_index(volume.argmax(), volume.shape)
    lps = place_of(stated_affine(directions, origin, step, spacing), k, row, column)
    check_place(image, brightest(image), lps)
    check_way_back(image, folder, lps)
    stored = image.geometry.to_stored(image.voxels)
    assert image.dicom is not None and image.geometry.stored_shape == SHAPE[::-1] and len(image.dicom.headers) == 9
    for at, header in enumerate(image.dicom.headers):
        assert "PixelData" not in header
        begins = image.geometry.affine @ [0, 0, at, 1]
        np.testing.assert_allclose((LPS @ begins)[:3], [float(v) for v in header.ImagePositionPatient], atol=2e-3)
    assert stored.max() == volume.max()
    return image


@pytest.mark.parametrize(("row", "column", "sign"), ORDERS)
def test_all_orders_of_axes(row: np.ndarray, column: np.ndarray, sign: int, tmp_path: Path) -> None:
    directions = np.array([*row, *column])
    image = check_series(tmp_path, directions, np.cross(row, column) * 2.5 * sign, (0.8, 0.6))
    through = int(np.abs(np.cross(row, column)).argmax())
    assert image.voxels.shape[0] == 9, "displayed as the planes that were taken"
    shown = image.geometry.displayed_affine()[:3, :3] / np.linalg.norm(
        image.geometry.displayed_affine()[:3, :3], axis=0
    )
    expected = {2: [[0, 0, -1], [0, -1, 0], [1, 0, 0]], 1: [[0, 0, -1], [1, 0, 0], [0, -1, 0]],
                0: [[1, 0, 0], [0, 0, -1], [0, -1, 0]]}[through]  # fmt: skip
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def turned(angles: tuple[float, float, float]) -> np.ndarray:
    """A rotation by three angles in radians."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        one, two = [each for each in range(3) if each != axis]
        each = np.eye(3)
        each[[one, one, two, two], [one, two, one, two]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turn = turn @ each
    return turn


angle = st.floats(-1.5, 1.5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(angles=st.tuples(angle, angle, angle), shear=st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)),
       down=st.floats(0.3, 3), along=st.floats(0.3, 3), apart=st.floats(0.4, 9))  # fmt: skip
def test_oblique_and_sheared_series(tmp_path_factory, angles, shear, down, along, apart) -> None:
    row, column, normal = turned(angles).T
    step = (normal + shear[0] * row + shear[1] * column) * apart
    check_series(tmp_path_factory.mktemp("series"), np.array([*row, *column]), step, (down, along))


@settings(max_examples=60, deadline=None)
@given(angles=st.tuples(angle, angle, angle), shear=st.floats(-0.6, 0.6), order=st.permutations(range(3)),
       signs=st.tuples(*[st.sampled_from([-1, 1])] * 3), through=st.sampled_from([None, 0, 1, 2]))  # fmt: skip
def test_display_and_way_back_of_any_affine(angles, shear, order, signs, through) -> None:
    affine = np.eye(4)
    affine[:3, :3] = (turned(angles) @ np.diag([0.7, 1.1, 2.9]) * signs)[:, list(order)]
    affine[:3, 2] += shear * affine[:3, 0]
    affine[:3, 3] = (12, -34, 56)
    stored = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    geometry = displayed_geometry(affine, stored.shape, across=through)
    displayed = geometry.to_displayed(stored)
    np.testing.assert_array_equal(geometry.to_stored(displayed), stored)
    held = np.zeros_like(displayed)
    geometry.stored_view(held)[...] = stored
    np.testing.assert_array_equal(held, displayed)
    at = np.array([[3, 2, 6]])
    shown = np.argwhere(displayed == stored[3, 2, 6])
    np.testing.assert_allclose(geometry.voxel_to_patient(shown)[0], (affine @ [*at[0], 1])[:3])


@pytest.mark.parametrize("directions", [AXIAL, CORONAL, SAGITTAL])
def test_a_single_slice(directions: tuple[int, ...], tmp_path: Path) -> None:
    volume = lopsided((1, *SHAPE[1:])).astype(np.int16)
    write_series(tmp_path, volume, directions)
    image = load_image(tmp_path)
    assert not image.is_volume and image.mask_shape == (12, 15)
    _, row, column = np.unravel_index(volume.argmax(), volume.shape)
    affine = stated_affine(directions, (-30, 20, -50), np.cross(directions[:3], directions[3:]), (0.8, 0.6))
    check_place(image, brightest(image), place_of(affine, 0, row, column))
    check_way_back(image, tmp_path, place_of(affine, 0, row, column))


@pytest.mark.parametrize(
    "order", [[0, 1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1, 0], [3, 1, 8, 0, 2, 7, 5, 4, 6]]
)
def test_frames_of_an_enhanced_object_in_any_order(order: list[int], tmp_path: Path) -> None:
    volume = lopsided(SHAPE).astype(np.int16)
    groups = functional_groups([(-30, 20, -50 + 2.5 * index) for index in order])
    for index, group in zip(order, groups["PerFrameFunctionalGroupsSequence"], strict=True):
        group.PixelValueTransformationSequence = [item(RescaleSlope=1, RescaleIntercept=-1000 - index)]
    made = dataset(volume[order], ENHANCED_CT, **groups)
    image = load_image(write(tmp_path / "enhanced.dcm", made))
    np.testing.assert_array_equal(image.voxels, volume - 1000 - np.arange(9)[:, None, None], "each by its own rescale")
    assert image.dicom is not None and image.dicom.frames == tuple(order.index(k) + 1 for k in range(9))
    assert len(image.dicom.headers) == 1 and image.dicom.series_uid == uid(2, 1)
    k, row, column = np.unravel_index(image.voxels.argmax(), image.voxels.shape)
    affine = stated_affine(AXIAL, (-30, 20, -50), (0, 0, 2.5), (0.8, 0.6))
    check_place(image, brightest(image), place_of(affine, k, row, column))
