import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.inference.measure import long_axis_mm, volume_mm3


def test_long_axis_of_a_row_is_its_outer_length():
    mask = np.zeros((20, 30), bool)
    mask[5, 3:13] = True
    assert long_axis_mm(mask, (1.0, 2.0, 0.5)) == pytest.approx(np.hypot(10 * 0.5, 2.0))


def test_long_axis_of_one_pixel_is_its_diagonal():
    mask = np.zeros((4, 4), bool)
    mask[1, 2] = True
    assert long_axis_mm(mask, (3.0, 4.0)) == pytest.approx(5.0)


def test_long_axis_of_a_volume_is_that_of_its_best_plane():
    mask = np.zeros((3, 20, 20), bool)
    mask[0, 2, 2:5] = True
    mask[2, 2:12, 7] = True
    assert long_axis_mm(mask, (9.0, 1.0, 1.0)) == pytest.approx(np.hypot(10, 1))


def test_nothing_without_spacing_or_mask():
    mask = np.ones((4, 4), bool)
    assert long_axis_mm(mask, None) is None
    assert long_axis_mm(np.zeros((4, 4), bool), (1.0, 1.0, 1.0)) is None
    assert volume_mm3(mask, np.eye(4)) is None and volume_mm3(mask[None], None) is None


def test_volume_counts_voxels():
    mask = np.zeros((4, 5, 6), bool)
    mask[:2, :2, :2] = True
    affine = np.diag([0.5, -0.5, 3.0, 1.0])
    assert volume_mm3(mask, affine) == pytest.approx(8 * 0.75)
    affine[1, 2] = -1.09  # a tilted gantry shears voxels and leaves their volume
    assert volume_mm3(mask, affine) == pytest.approx(8 * 0.75)


def test_volume_of_voxels_whose_axes_are_the_patients_in_another_order():
    mask = np.ones((2, 3, 4), bool)
    sagittal = np.array([[0, 0, 2.5, 7], [-0.5, 0, 0, 3], [0, 0.8, 0.3, 1], [0, 0, 0, 1]])
    assert volume_mm3(mask, sagittal) == pytest.approx(24 * 2.5 * 0.5 * 0.8)


@given(st.integers(2, 12), st.integers(2, 12), st.floats(0.2, 5.0), st.floats(0.2, 5.0))
def test_long_axis_of_a_box_is_its_diagonal(height, width, dy, dx):
    mask = np.zeros((16, 16), bool)
    mask[1 : 1 + height, 2 : 2 + width] = True
    assert long_axis_mm(mask, (1.0, dy, dx)) == pytest.approx(np.hypot(height * dy, width * dx))
