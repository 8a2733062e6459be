"""Geometry: stored and displayed voxels are the same places in the patient."""

import itertools

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.data.geometry import displayed_geometry, plain_geometry
from medsegr.errors import ImageError


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    """(3, 3), from three angles in radians."""
    result = np.eye(3)
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = [a for a in range(3) if a != axis]
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        result = result @ turn
    return result


@st.composite
def affines(draw: st.DrawFn) -> np.ndarray:
    """Any stored orientation, spacing and origin, up to about 20 degrees oblique."""
    permutation = draw(st.permutations(range(3)))
    signs = draw(st.tuples(*[st.sampled_from((-1, 1))] * 3))
    spacing = draw(st.tuples(*[st.floats(0.2, 8.0)] * 3))
    angles = draw(st.tuples(*[st.floats(-0.2, 0.2)] * 3))
    origin = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    affine = np.eye(4)
    axes = np.zeros((3, 3))
    for stored, (patient, sign) in enumerate(zip(permutation, signs, strict=True)):
        axes[patient, stored] = sign
    affine[:3, :3] = rotation(angles) @ axes @ np.diag(spacing)
    affine[:3, 3] = origin
    return affine


def of_one_size(affine: np.ndarray) -> np.ndarray:
    """The same directions with voxels of 1 mm, which no plane is thicker than."""
    same = affine.copy()
    same[:3, :3] /= np.linalg.norm(affine[:3, :3], axis=0)
    return same


SHAPES = st.sampled_from([(4, 5, 6), (9, 8, 1), (1, 7, 8), (7, 1, 9), (6, 8), (4, 5, 6, 1), (1, 1, 5)])


@settings(max_examples=150, deadline=None)
@given(affine=affines(), shape=SHAPES)
def test_displayed_voxels_are_where_the_stored_ones_are(affine: np.ndarray, shape: tuple[int, ...]) -> None:
    geometry = displayed_geometry(affine, shape)
    three = (*shape, 1)[:3]
    stored_index = np.stack(np.meshgrid(*map(np.arange, three), indexing="ij"), -1).reshape(-1, 3)
    places = stored_index @ affine[:3, :3].T + affine[:3, 3]
    displayed = geometry.to_displayed(np.arange(len(stored_index)).reshape(shape))
    displayed_index = np.stack(np.meshgrid(*map(np.arange, displayed.shape), indexing="ij"), -1).reshape(-1, 3)
    np.testing.assert_allclose(geometry.voxel_to_patient(displayed_index), places[displayed.ravel()], atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(affine=affines(), shape=SHAPES)
def test_way_back_is_exact(affine: np.ndarray, shape: tuple[int, ...]) -> None:
    geometry = displayed_geometry(affine, shape)
    stored = np.arange(np.prod(shape)).reshape(shape)
    displayed = geometry.to_displayed(stored)
    np.testing.assert_array_equal(geometry.to_stored(displayed), stored)
    if displayed.shape[0] == 1:
        np.testing.assert_array_equal(geometry.to_stored(displayed[0]), stored)


@settings(max_examples=60, deadline=None)
@given(affine=affines(), reordered=st.permutations(range(3)), flips=st.tuples(*[st.booleans()] * 3))
def test_the_same_place_in_another_stored_order_agrees(affine, reordered, flips) -> None:
    target = np.stack([reordered, [-1 if flip else 1 for flip in flips]], axis=1)
    stored = nib.Nifti1Image(np.zeros((5, 6, 7), np.uint8), affine)
    again = stored.as_reoriented(target)
    first, second = displayed_geometry(stored.affine, stored.shape), displayed_geometry(again.affine, again.shape)
    assert first.shape == second.shape
    assert first.agrees_with(second)


@settings(max_examples=60, deadline=None)
@given(affine=affines(), axis=st.integers(0, 2), kind=st.sampled_from(["mirrored", "moved", "stretched"]))
def test_another_place_does_not_agree(affine: np.ndarray, axis: int, kind: str) -> None:
    other = affine.copy()
    if kind == "moved":
        other[:3, 3] += affine[:3, axis]
    else:
        other[:3, axis] *= -1 if kind == "mirrored" else 1.5
    geometry = displayed_geometry(affine, (5, 6, 7))
    assert not geometry.agrees_with(displayed_geometry(other, (5, 6, 7)))
    assert geometry.agrees_with(displayed_geometry(affine + np.diag([1e-4, 1e-4, 1e-4, 0]), (5, 6, 7)))
    assert geometry.agrees_with(plain_geometry((5, 6, 7)))


@settings(max_examples=100, deadline=None)
@given(affine=affines())
def test_volumes_of_even_voxels_are_axial_with_the_left_on_the_right(affine: np.ndarray) -> None:
    geometry = displayed_geometry(of_one_size(affine), (5, 6, 7))
    planes, rows, columns = geometry.displayed_affine()[:3, :3].T
    assert np.abs(planes).argmax() == 2
    assert planes[2] > 0, "planes go upwards"
    assert np.abs(rows).argmax() == 1
    assert rows[1] < 0, "rows go to the back"
    assert np.abs(columns).argmax() == 0
    assert columns[0] < 0, "columns go to the patient's left"


@settings(max_examples=100, deadline=None)
@given(affine=affines(), stored=st.integers(0, 2))
def test_volumes_are_displayed_in_the_plane_that_they_were_taken_in(affine: np.ndarray, stored: int) -> None:
    thick = of_one_size(affine)
    thick[:3, stored] *= 5
    for geometry in (displayed_geometry(thick, (5, 6, 7)), displayed_geometry(affine, (5, 6, 7), across=stored)):
        assert geometry.axes[0] == stored
        directions = geometry.displayed_affine()[:3, :3].T
        patient = tuple(int(np.abs(direction).argmax()) for direction in directions)
        signs = tuple(int(np.sign(direction[axis])) for direction, axis in zip(directions, patient, strict=True))
        assert tuple(zip(patient, signs, strict=True)) == WANTED[patient[0]]
        np.testing.assert_allclose(geometry.spacing_mm, np.linalg.norm(directions, axis=1))


@pytest.mark.parametrize(
    ("spacing", "plane"),
    [
        ((0.8, 0.8, 5.0), 2),
        ((0.8, 5.0, 0.8), 1),
        ((5.0, 0.8, 0.8), 0),
        ((1.0, 1.0, 1.0), 2),
        ((0.98, 0.98, 0.6), 2),  # thin axial slices: both sides of their pixels are the largest
        ((1.0, 0.94, 0.94), 2),  # all but even
        ((3.0, 1.0, 3.0), 2),
        ((3.0, 3.0, 3.0001), 2),
        ((1.2, 1.0, 1.0), 0),
    ],
)
def test_the_largest_spacing_says_the_plane_and_axial_stands_where_none_is(spacing, plane) -> None:
    for order in itertools.permutations(range(3)):
        affine = np.zeros((4, 4))
        for stored, patient in enumerate(order):
            affine[patient, stored] = -spacing[patient]
        affine[3, 3] = 1
        geometry = displayed_geometry(affine, (5, 6, 7))
        assert order[geometry.axes[0]] == plane


ORDERS = [
    (order, signs) for order in itertools.permutations(range(3)) for signs in itertools.product((-1, 1), repeat=3)
]


def nearest_axes(affine: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of all 48 orders and signs of the patient's axes the one whose directions are nearest to the stored ones."""
    cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return max(ORDERS, key=lambda each: sum(cosines[a, i] * s for i, (a, s) in enumerate(zip(*each, strict=True))))


WANTED = {2: ((2, 1), (1, -1), (0, -1)), 1: ((1, 1), (2, -1), (0, -1)), 0: ((0, 1), (2, -1), (1, -1))}
"""Patient axis across the plane -> patient axis and sign of planes, rows and columns."""


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_of_axes_oblique_and_sheared(order: tuple) -> None:
    rng = np.random.default_rng(ORDERS.index(order))
    for shape in ((4, 5, 6), (9, 8, 1), (1, 7, 8), (7, 1, 9), (6, 8), (4, 5, 6, 1), (1, 1, 5)):
        axes = np.zeros((3, 3))
        axes[list(order[0]), range(3)] = order[1]
        shear = np.eye(3) + np.triu(rng.uniform(-0.2, 0.2, (3, 3)), 1)
        affine = np.eye(4)
        spacing = rng.uniform(0.3, 3, 3)
        spacing[rng.integers(3)] = 6
        affine[:3, :3] = rotation(tuple(rng.uniform(-0.25, 0.25, 3))) @ shear @ axes @ np.diag(spacing)
        affine[:3, 3] = rng.uniform(-200, 200, 3)
        geometry = displayed_geometry(affine, shape)
        nearest, signs = nearest_axes(affine)
        assert (nearest, signs) == order
        three = (*shape, 1, 1)[:3]
        single = [axis for axis in range(3) if three[axis] == 1]
        thickest = int(np.linalg.norm(affine[:3, :3], axis=0).argmax())
        across = single[0] if len(single) == 1 else None if single else thickest
        wanted = WANTED[2 if across is None else nearest[across]]
        assert geometry.axes == tuple(nearest.index(axis) for axis, _ in wanted)
        assert geometry.flips == tuple(signs[nearest.index(axis)] != sign for axis, sign in wanted)
        stored = np.arange(np.prod(shape)).reshape(shape)
        displayed = geometry.to_displayed(stored)
        np.testing.assert_array_equal(geometry.to_stored(displayed), stored)
        for place in np.ndindex(displayed.shape):
            there = affine[:3, :3] @ np.unravel_index(displayed[place], three) + affine[:3, 3]
            np.testing.assert_allclose(geometry.voxel_to_patient(np.array([place]))[0], there, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(affine=affines())
def test_agrees_with_nibabel_on_the_nearest_axes(affine: np.ndarray) -> None:
    geometry = displayed_geometry(affine := of_one_size(affine), (5, 6, 7))
    transform = nib.orientations.ornt_transform(
        nib.io_orientation(affine), nib.orientations.axcodes2ornt(("L", "P", "S"))
    )
    stored = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    expected = nib.orientations.apply_orientation(stored, transform).transpose(2, 1, 0)
    np.testing.assert_array_equal(geometry.to_displayed(stored), expected)


@pytest.mark.parametrize(
    ("single", "row_axis", "row_sign", "column_axis", "column_sign"),
    [(2, 1, -1, 0, -1), (1, 2, -1, 0, -1), (0, 2, -1, 1, -1)],
    ids=["axial", "coronal", "sagittal"],
)
def test_single_planes_are_displayed_in_their_plane(single, row_axis, row_sign, column_axis, column_sign) -> None:
    for signs in itertools.product((-1, 1), repeat=3):
        shape = tuple(1 if axis == single else 9 for axis in range(3))
        geometry = displayed_geometry(np.diag([*signs, 1.0]), shape)
        _, rows, columns = geometry.displayed_affine()[:3, :3].T
        assert rows[row_axis] * row_sign > 0
        assert columns[column_axis] * column_sign > 0


def test_plain_pictures_are_displayed_as_stored() -> None:
    picture = np.arange(12).reshape(3, 4)
    geometry = plain_geometry(picture.shape)
    np.testing.assert_array_equal(geometry.to_displayed(picture), picture[None])
    np.testing.assert_array_equal(geometry.to_stored(picture), picture)
    assert not geometry.spacing_known
    volume = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(plain_geometry(volume.shape).to_displayed(volume), volume)


@settings(max_examples=60, deadline=None)
@given(affine=affines(), shape=st.sampled_from([(4, 5, 6), (9, 8, 2), (2, 7, 8)]), data=st.data())
def test_one_plane_lies_where_it_lay_in_its_volume(affine: np.ndarray, shape: tuple[int, ...], data) -> None:
    volume = displayed_geometry(affine, shape)
    planes, height, width = volume.shape
    index = data.draw(st.integers(0, planes - 1))
    plane = volume.of_plane(index)
    assert plane.shape == (height, width) and plane.spacing_mm == volume.spacing_mm
    np.testing.assert_allclose(plane.displayed_affine()[:3, :3], volume.displayed_affine()[:3, :3])
    corners = np.array([[0, 0, 0], [0, 0, width - 1], [0, height - 1, 0]], float)
    there = corners + np.array([index, 0, 0])
    np.testing.assert_allclose(plane.voxel_to_patient(corners), volume.voxel_to_patient(there), atol=1e-9)
    voxels = np.arange(height * width).reshape(height, width)
    np.testing.assert_array_equal(plane.to_displayed(plane.to_stored(voxels))[0], voxels)
    assert sum(volume.of_plane(index).agrees_with(volume.of_plane(other)) for other in range(planes)) == 1


def test_a_plane_of_a_plain_volume_is_a_plain_picture() -> None:
    plane = plain_geometry((5, 6, 7)).of_plane(3)
    assert plane.shape == (6, 7) and plane.affine is None and not plane.spacing_known


@pytest.mark.parametrize("affine", [np.diag([1.0, 1.0, 0.0, 1.0]), np.full((4, 4), np.nan)])
def test_useless_affine_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(ImageError, match="cannot be inverted"):
        displayed_geometry(affine, (4, 5, 6))


def test_mask_of_another_shape_is_refused() -> None:
    geometry = displayed_geometry(np.eye(4), (4, 5, 6))
    with pytest.raises(ImageError, match=r"\(4, 5, 6\).*\(6, 5, 4\)"):
        geometry.to_stored(np.zeros((4, 5, 6), bool))
