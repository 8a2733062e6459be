import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.data.image import load_image
from medsegr.explain.attention_maps import display, heat_overlay, pixel_aspect, tinted


def test_a_plane_is_shown_in_eight_bits():
    assert display(np.array([[0.0, 0.5, 1.0]], np.float32)).tobytes() == bytes([0, 128, 255])
    assert display(np.zeros((30, 40, 3), np.float32)).size == (40, 30)


def test_heat_is_where_the_map_is():
    grey = Image.new("RGB", (12, 10), (128, 128, 128))
    looked = np.zeros((10, 12))
    looked[:5, :6] = 1.0
    shown = np.asarray(heat_overlay(grey, looked, (24, 20))).astype(int)
    assert shown.shape == (20, 24, 3)
    assert np.ptp(shown[12:], axis=2).max() == np.ptp(shown[:, 14:], axis=2).max() == 0
    assert np.ptp(shown[:8, :10], axis=2).min() > 50


def test_heat_goes_from_dark_to_light():
    black = Image.new("L", (256, 1))
    shown = np.asarray(heat_overlay(black, np.arange(256)[None] / 255, (256, 1)))[0].astype(int).sum(1)
    assert shown[0] == 0 and (np.diff(shown) >= -3).all() and shown[-1] > 400


def test_a_tint_is_where_the_mask_is():
    mask = np.zeros((10, 12), bool)
    mask[:5, :6] = True
    shown = np.asarray(tinted(Image.new("L", (12, 10), 100), mask, "#FF0000", (12, 10)))
    assert (shown[~mask] == 100).all()
    assert tuple(shown[0, 0]) == (134, 78, 78)


def test_pixel_aspect_follows_the_spacing(tmp_path):
    voxels = np.random.default_rng(0).random((20, 12, 3)).astype(np.float32)
    nib.save(nib.Nifti1Image(voxels, np.diag([0.5, 2.0, 5.0, 1.0])), tmp_path / "scan.nii.gz")
    image = load_image(tmp_path / "scan.nii.gz")
    assert image.plane(0).shape == (12, 20)
    assert pixel_aspect(image) == pytest.approx(4.0)
    assert pixel_aspect(load_image(voxels[..., 0])) == 1.0
