"""Voxels of NIfTI files keep their type, and are in memory once."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.errors import ImageError
from tests.data.test_nifti import write


@pytest.mark.parametrize(
    ("stored", "kept"),
    [("i1", "i1"), ("u1", "u1"), ("i2", "i2"), (">i2", "i2"), ("u2", "u2"), ("i4", "i4"), ("u4", "u4"),
     ("f4", "f4"), (">f4", "f4"), ("f8", "f4"), ("i8", "f4")],
)  # fmt: skip
@pytest.mark.parametrize("compressed", [False, True])
def test_voxels_keep_the_type_of_the_file(stored: str, kept: str, compressed: bool, tmp_path: Path) -> None:
    data = np.random.default_rng(5).integers(0, 120, (10, 12, 9)).astype(stored)
    header = nib.Nifti1Header(endianness=">" if stored.startswith(">") else "<")
    header.set_data_dtype(stored)
    path = tmp_path / ("a.nii.gz" if compressed else "a.nii")
    nib.save(nib.Nifti1Image(data, np.diag([-1.0, -1.0, 1.0, 1.0]), header), path)
    voxels = load_image(path).voxels
    assert voxels.dtype == np.dtype(kept) and voxels.dtype.isnative
    np.testing.assert_array_equal(voxels, data.transpose(2, 1, 0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(ImageError, match="truncated or damaged"):
        load_image(path)


@pytest.mark.parametrize("value", [0.5, np.inf, np.nan, 2e6, -2e6])
def test_what_is_no_label_is_refused(value: float, tmp_path: Path) -> None:
    data = np.zeros((10, 10, 10), np.float32)
    data[2, 3, 4] = value
    with pytest.raises(ImageError, match="fractions|beyond"):
        load_label_map(write(tmp_path / "labels.nii", data, np.eye(4)))
