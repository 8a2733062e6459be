"""Planes of a volume with the planes beside them as channels."""

from pathlib import Path

import nibabel as nib
import numpy as np

from medsegr.data.image import load_image

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


def test_neighbours_are_channels_and_the_outermost_planes_stand_for_what_is_not_there() -> None:
    volume = load_image(np.random.default_rng(1).normal(size=(5, 20, 24)), "chest_ct")
    for index, around in ((0, (0, 0, 1)), (2, (1, 2, 3)), (4, (3, 4, 4))):
        seen = volume.plane(index, neighbours=True)
        assert seen.shape == (20, 24, 3) and seen.dtype == np.float32
        for channel, each in enumerate(around):
            np.testing.assert_array_equal(seen[..., channel], volume.plane(each))
        alone = volume.only(index, neighbours=True)
        np.testing.assert_array_equal(alone.plane(), seen)
        assert not alone.is_volume and alone.size == (20, 24)
    picture, colours = load_image(NOISE), load_image(np.random.default_rng(2).random((20, 24, 3)))
    assert picture.plane(0, neighbours=True).shape == NOISE.shape
    np.testing.assert_array_equal(colours.plane(0, neighbours=True), colours.plane())


def test_the_plane_below_comes_first_whichever_way_a_volume_is_stored(tmp_path: Path) -> None:
    grey = np.random.default_rng(3).normal(size=(20, 24, 9)).astype(np.float32)
    grey += np.arange(9, dtype=np.float32) * 10  # brighter from the feet to the head
    nib.save(nib.Nifti1Image(grey, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "up.nii")
    nib.save(nib.Nifti1Image(grey[:, :, ::-1], np.diag([1.0, 1.0, -3.0, 1.0])), tmp_path / "down.nii")
    for name in ("up", "down"):
        below, itself, above = load_image(tmp_path / f"{name}.nii").plane(4, neighbours=True).mean((0, 1))
        assert below < itself < above
