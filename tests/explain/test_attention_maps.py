import nibabel as nib
import numpy as np
import pytest

from medsegr.data.image import load_image
from medsegr.explain.attention_maps import display_map, display_rgb, draw_outline, heat_overlay, pixel_aspect
from medsegr.explain.page import Page


def test_large_pictures_are_shown_smaller_and_masks_with_them():
    plane = np.random.default_rng(0).random((2000, 1000)).astype(np.float32)
    assert display_rgb(plane).shape == (667, 333, 3)
    assert display_map(plane).shape == (667, 333)
    small = np.zeros((30, 40, 3), np.float32)
    assert display_rgb(small).shape == (30, 40, 3)


def test_masks_are_shown_where_the_picture_shows_them():
    plane = np.zeros((1900, 1000), np.float32)
    plane[900:909, 300:330] = 1
    picture, mask = display_rgb(plane)[..., 0] > 0.5, display_map(plane > 0)
    assert picture.any() and mask.shape == picture.shape
    np.testing.assert_array_equal(mask, picture)


def test_heat_is_where_the_map_is():
    grey = np.full((10, 10, 3), 0.5)
    looked = np.zeros((10, 10))
    looked[:5] = 1.0
    shown = heat_overlay(grey, looked)
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert np.ptp(shown[7], axis=1).max() == pytest.approx(0)
    assert np.ptp(shown[2], axis=1).min() > 0.2


def test_pixel_aspect_follows_the_spacing(tmp_path):
    voxels = np.random.default_rng(0).random((20, 12, 3)).astype(np.float32)
    nib.save(nib.Nifti1Image(voxels, np.diag([0.5, 2.0, 5.0, 1.0])), tmp_path / "scan.nii.gz")
    image = load_image(tmp_path / "scan.nii.gz")
    assert image.plane(0).shape == (12, 20)
    assert pixel_aspect(image) == pytest.approx(4.0)
    assert pixel_aspect(load_image(voxels[..., 0])) == 1.0


def test_an_outline_is_closed_at_the_pictures_edge():
    page = Page(100, 100)
    axes = page.picture((0, 0, 100, 100), np.zeros((20, 20, 3)))
    mask = np.zeros((20, 20), bool)
    mask[:5, 8:12] = True
    draw_outline(axes, mask, "#FFFFFF")
    (path,) = axes.collections[0].get_paths()
    np.testing.assert_allclose(path.vertices[0], path.vertices[-1])
    draw_outline(axes, np.zeros((20, 20), bool), "#FFFFFF")
    assert len(axes.collections) == 1
