"""Bits of a mask: the same mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.priors import Finding
from medsegr.inference.packed_mask import PackedMask
from medsegr.inference.result import FindingResult


@settings(max_examples=50, deadline=None)
@given(st.tuples(st.integers(1, 5), st.integers(1, 13), st.integers(1, 11)), st.floats(0, 1), st.integers(0, 99))
def test_what_is_packed_comes_back(shape, share, seed):
    mask = np.random.default_rng(seed).random(shape) < share
    mask[shape[0] // 2] = False
    packed = PackedMask.of(mask)
    assert packed.voxels == mask.sum() and len(packed) == shape[0]
    np.testing.assert_array_equal(packed.unpacked(), mask)
    np.testing.assert_array_equal(np.stack(list(packed)), mask)
    np.testing.assert_array_equal(packed.plane(shape[0] - 1), mask[-1])


def test_an_empty_mask_has_its_shape():
    empty = PackedMask.empty((3, 5, 7))
    assert empty.unpacked().shape == (3, 5, 7) and not empty.unpacked().any() and empty.voxels == 0


def test_a_result_keeps_a_volume_in_bits_and_a_picture_as_it_is():
    mask = np.random.default_rng(0).random((4, 5, 7)) > 0.5
    volume = FindingResult("a", Finding("nodule"), mask, key_plane=2)
    np.testing.assert_array_equal(volume.mask, mask)
    assert volume.mask.dtype == bool and volume.area_px == mask.sum()
    np.testing.assert_array_equal(volume.plane_mask(), mask[2])
    np.testing.assert_array_equal(volume.plane_mask(0), mask[0])
    np.testing.assert_array_equal(np.stack(list(volume.planes)), mask)
    with pytest.raises(ValueError, match="read-only"):
        volume.mask[0, 0, 0] = True
    picture = FindingResult("a", Finding("nodule"), mask[0])
    assert picture.mask is picture.plane_mask() is next(picture.planes)
    assert picture.area_px == mask[0].sum()
    with pytest.raises(TypeError, match="mask"):
        FindingResult("a", Finding("nodule"))
