import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from medsegr.data.extents import extents_mm, volume_mm3


def spaced(z: float, y: float, x: float) -> np.ndarray:
    """Displayed voxels of this spacing: planes upwards, rows to the back, columns to the left."""
    return np.array([[0, 0, -x, 3], [0, -y, 0, 5], [z, 0, 0, 7], [0, 0, 0, 1]], float)


def in_plane(mask: np.ndarray, affine: np.ndarray) -> float | None:
    return extents_mm(mask if mask.ndim == 3 else mask[None], affine)[0]


def corners(mask: np.ndarray) -> np.ndarray:
    """Every corner of every voxel."""
    sides = np.array(np.meshgrid(*[(-0.5, 0.5)] * mask.ndim)).reshape(mask.ndim, -1).T
    return (np.argwhere(mask)[:, None] + sides).reshape(-1, mask.ndim)


def test_long_axis_of_a_row_is_its_outer_length():
    mask = np.zeros((20, 30), bool)
    mask[5, 3:13] = True
    assert in_plane(mask, spaced(1.0, 2.0, 0.5)) == pytest.approx(np.hypot(10 * 0.5, 2.0))


def test_long_axis_of_one_pixel_is_its_diagonal():
    mask = np.zeros((4, 4), bool)
    mask[1, 2] = True
    assert extents_mm([mask], spaced(12.0, 3.0, 4.0)) == pytest.approx((5.0, 13.0))


def test_long_axis_of_a_volume_is_that_of_its_best_plane():
    mask = np.zeros((3, 20, 20), bool)
    mask[0, 2, 2:5] = True
    mask[2, 2:12, 7] = True
    assert in_plane(mask, spaced(9.0, 1.0, 1.0)) == pytest.approx(np.hypot(10, 1))


def test_the_longest_extent_in_space_may_run_through_the_planes():
    mask = np.zeros((9, 20, 30), bool)
    mask[2:8, 4, 5:7] = True
    assert extents_mm(mask, spaced(5.0, 1.0, 2.0)) == pytest.approx((np.hypot(4, 1), np.sqrt(30**2 + 4**2 + 1)))


def test_nothing_without_spacing_or_mask():
    mask = np.ones((4, 4), bool)
    assert extents_mm([mask], None) == (None, None)
    assert extents_mm(np.zeros((2, 4, 4), bool), spaced(1.0, 1.0, 1.0)) == (None, None)


def test_volume_counts_voxels():
    affine = np.diag([0.5, -0.5, 3.0, 1.0])
    assert volume_mm3(8, affine) == pytest.approx(8 * 0.75)
    affine[1, 2] = -1.09  # a tilted gantry shears voxels and leaves their volume
    assert volume_mm3(8, affine) == pytest.approx(8 * 0.75)


def test_volume_of_voxels_whose_axes_are_the_patients_in_another_order():
    sagittal = np.array([[0, 0, 2.5, 7], [-0.5, 0, 0, 3], [0, 0.8, 0.3, 1], [0, 0, 0, 1]])
    assert volume_mm3(24, sagittal) == pytest.approx(24 * 2.5 * 0.5 * 0.8)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), st.floats(0.2, 5.0), st.floats(0.2, 5.0))
def test_long_axis_of_a_box_is_its_diagonal(height, width, dy, dx):
    mask = np.zeros((16, 16), bool)
    mask[1 : 1 + height, 2 : 2 + width] = True
    assert in_plane(mask, spaced(1.0, dy, dx)) == pytest.approx(np.hypot(height * dy, width * dx))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_extents_are_those_of_all_corners_in_space_also_sheared(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((4, 6, 9)) > rng.uniform(0.6, 0.95)
    mask[2, 3, 4] = True
    affine = np.eye(4)
    affine[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ (
        np.diag(rng.uniform(0.5, 5, 3)) + np.triu(rng.uniform(-0.4, 0.4, (3, 3)), 1)
    )
    longest, in_space = extents_mm(mask, affine)
    assert in_space == pytest.approx(pdist(corners(mask) @ affine[:3, :3].T).max())
    flat = [corners(plane) @ affine[:3, 1:3].T for plane in mask if plane.any()]
    assert longest == pytest.approx(max(pdist(points).max() for points in flat))
