"""NRRD files whose directions or lengths SimpleITK passes over."""

from pathlib import Path

import numpy as np
import pytest

from medsegr.data.image import load_image

pytest.importorskip("SimpleITK", reason='needs pip install "medsegr[nrrd]"')

VOXELS = np.random.default_rng(0).integers(0, 900, (9, 12, 15)).astype("<u2")
"""(z, y, x)."""

DIRECTED = "space directions: (0.6,0,0) (0,0.8,0) (0,0,2.5)\nspace origin: (1,2,3)\n"


def nrrd(folder: Path, said: str) -> Path:
    head = f"NRRD0004\ntype: ushort\ndimension: 3\nsizes: 15 12 9\nendian: little\nencoding: raw\n{said}\n"
    path = folder / "a.nrrd"
    path.write_bytes(head.encode() + VOXELS.tobytes())
    return path


@pytest.mark.parametrize(
    ("space", "placed"),
    [("left-posterior-superior", True), ("RAS", True), ("LAS", True), ("scanner-xyz", False),
     ("3D-right-handed", False), ("3D-left-handed", False)],
)  # fmt: skip
def test_only_spaces_of_the_patient_place_it(tmp_path: Path, space: str, placed: bool) -> None:
    image = load_image(nrrd(tmp_path, f"space: {space}\n{DIRECTED}"))
    assert (image.geometry.affine is not None) is placed and bool(image.notes) is not placed
    assert image.geometry.spacing_mm == pytest.approx((2.5, 0.8, 0.6))
    if not placed:
        np.testing.assert_array_equal(image.voxels, VOXELS)


@pytest.mark.parametrize(("unit", "length_mm"), [("mm", 1), ("cm", 10), ("um", 0.001), ("", 1)])
def test_lengths_are_in_the_file_s_own_unit(tmp_path: Path, unit: str, length_mm: float) -> None:
    expected = pytest.approx((2.5 * length_mm, 0.8 * length_mm, 0.6 * length_mm))
    space = f'space: RAS\n{DIRECTED}space units: "{unit}" "{unit}" "{unit}"\n'
    image = load_image(nrrd(tmp_path, space))
    assert image.geometry.spacing_mm == expected
    assert image.geometry.affine is not None
    assert image.geometry.affine[:3, 3] == pytest.approx(np.array([1, 2, 3]) * length_mm)
    axes = f'spacings: 0.6 0.8 2.5\nunits: "{unit}" "{unit}" "{unit}"\n'
    assert load_image(nrrd(tmp_path, axes)).geometry.spacing_mm == expected
