"""NIfTI: sides are kept for every stored orientation, and masks go back exactly."""

import gzip
import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.data.nifti_masks import save_mask_nifti
from medsegr.errors import ImageError, OutputError

CODES = [
    tuple(pair[sign] for pair, sign in zip(order, signs, strict=True))
    for order in itertools.permutations(("LR", "PA", "IS"))
    for signs in itertools.product((0, 1), repeat=3)
]
RAS_SHAPE = (12, 14, 10)
LANDMARK = (2, 11, 8)
"""RAS index: the patient's left, front and top."""


def write(path: Path, data: np.ndarray, affine: np.ndarray | None) -> Path:
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def oblique(angle: float = 0.3) -> np.ndarray:
    affine = np.diag([0.8, 0.9, 2.5, 1.0])
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine = turn @ affine
    affine[:3, 3] = (-40, 25, -110)
    return affine


def study(codes: tuple[str, ...]) -> nib.Nifti1Image:
    """A volume with one bright voxel at the landmark, stored with these axis codes."""
    data = np.random.default_rng(0).integers(0, 50, RAS_SHAPE).astype(np.int16)
    data[LANDMARK] = 1000
    image = nib.Nifti1Image(data, oblique())
    transform = nib.orientations.ornt_transform(nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes))
    return image.as_reoriented(transform)


@pytest.mark.parametrize("codes", CODES, ids="".join)
def test_sides_and_way_back_for_every_orientation(codes: tuple[str, ...], tmp_path: Path) -> None:
    stored = study(codes)
    nib.save(stored, tmp_path / "study.nii.gz")
    image = load_image(tmp_path / "study.nii.gz")
    assert image.voxels.shape == (10, 14, 12)
    assert image.is_volume
    plane, row, column = np.unravel_index(image.voxels.argmax(), image.voxels.shape)
    assert (plane, row, column) == (8, 14 - 1 - 11, 12 - 1 - 2), "top, front, patient's left on the right"
    np.testing.assert_allclose(image.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-5)
    save_mask_nifti(tmp_path / "mask.nii.gz", image.voxels == 1000, image)
    mask = nib.load(tmp_path / "mask.nii.gz")
    assert mask.shape == stored.shape
    assert mask.get_data_dtype() == np.uint8
    np.testing.assert_allclose(mask.affine, stored.affine, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(stored.dataobj) == 1000)
    np.testing.assert_array_equal(load_label_map(tmp_path / "mask.nii.gz") == 1, image.voxels == 1000)


@pytest.mark.parametrize("shape", [(20, 16), (20, 16, 1), (20, 1, 16), (1, 20, 16), (20, 16, 1, 1)])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_slices_are_pictures_and_masks_keep_their_shape(shape: tuple, suffix: str, tmp_path: Path) -> None:
    data = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    path = write(tmp_path / f"slice{suffix}", data, oblique())
    image = load_image(path)
    assert image.voxels.ndim == 2
    assert image.planes == 1
    chosen = image.voxels > 0.5
    save_mask_nifti(tmp_path / "mask.nii", chosen, image)
    mask = nib.load(tmp_path / "mask.nii")
    assert mask.shape == nib.load(path).shape
    np.testing.assert_array_equal(np.asarray(mask.dataobj) == 1, data.reshape(mask.shape) > 0.5)


def test_axial_slice_lies_as_a_radiologist_sees_it(tmp_path: Path) -> None:
    data = np.zeros((20, 16, 1), np.uint8)
    data[1, 14] = 200  # RAS: left, front
    image = load_image(write(tmp_path / "slice.nii", data, np.eye(4)))
    assert np.argwhere(image.voxels).tolist() == [[1, 18]]
    assert image.voxels.dtype == np.uint8


def test_scaling_of_the_header_is_applied(tmp_path: Path) -> None:
    data = np.arange(256, dtype=np.int16).reshape(16, 16, 1)
    image = nib.Nifti1Image(data, np.diag([-1.0, -1.0, 1.0, 1.0]))
    image.header.set_slope_inter(2.0, -1000.0)
    nib.save(image, tmp_path / "ct.nii.gz")
    voxels = load_image(tmp_path / "ct.nii.gz").voxels
    assert voxels.dtype == np.float32
    assert (voxels.min(), voxels.max()) == (-1000.0, -1000.0 + 2 * 255)


def test_planes_of_a_volume_share_one_scale(tmp_path: Path) -> None:
    data = np.zeros((16, 16, 4), np.float32) + np.arange(4) * 100
    image = load_image(write(tmp_path / "v.nii", data, np.diag([-1.0, -1.0, 1.0, 1.0])))
    means = [float(image.plane(i).mean()) for i in range(image.planes)]
    np.testing.assert_allclose(means, [0, 1 / 3, 2 / 3, 1], atol=1e-5)
    with pytest.raises(IndexError, match="plane 4"):
        image.plane(4)


@pytest.mark.parametrize(("unit", "millimetres"), [("meter", 1000.0), ("mm", 1.0), ("micron", 1e-3), ("unknown", 1.0)])
@pytest.mark.parametrize("codes", [(1, 1), (2, 0), (0, 3), (4, 1), (0, 0)])
def test_units_are_kept_and_masks_state_one_place_in_both_forms(unit, millimetres, codes, tmp_path: Path) -> None:
    sform, qform = (np.diag([*[1 / millimetres] * 3, 1.0]) @ affine for affine in (oblique(), oblique(0.2)))
    source = nib.Nifti1Image(np.random.default_rng(4).integers(0, 99, (12, 14, 10)).astype(np.int16), sform)
    source.set_sform(sform, codes[0])
    source.set_qform(qform, codes[1])
    source.header.set_xyzt_units(unit, "sec")
    nib.save(source, tmp_path / "source.nii")
    image = load_image(tmp_path / "source.nii")
    np.testing.assert_allclose(image.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-5)
    if any(codes):
        np.testing.assert_allclose(image.geometry.affine, oblique(0.3 if codes[0] else 0.2), atol=1e-4)
    save_mask_nifti(tmp_path / "mask.nii", image.voxels > 50, image)
    source, mask = nib.load(tmp_path / "source.nii"), nib.load(tmp_path / "mask.nii")
    assert mask.header.get_xyzt_units() == (unit, "sec")
    assert tuple(int(mask.header[f"{form}_code"]) for form in ("sform", "qform")) == (1, 1)
    np.testing.assert_allclose(mask.header.get_sform(), source.affine, rtol=1e-5)
    np.testing.assert_allclose(mask.header.get_qform(), source.affine, rtol=1e-4, atol=1e-4 / millimetres)
    np.testing.assert_allclose(mask.header.get_zooms(), source.header.get_zooms(), rtol=1e-5)
    assert any("place it up to" in note for note in image.notes) == all(codes)
    np.testing.assert_array_equal(load_label_map(tmp_path / "mask.nii") == 1, image.voxels > 50)


def test_a_sheared_mask_has_no_qform(tmp_path: Path) -> None:
    sheared = oblique()
    sheared[1, 2] = 0.7
    source = nib.Nifti1Image(np.random.default_rng(4).integers(0, 99, (12, 14, 10)).astype(np.int16), sheared)
    source.set_sform(sheared, 2)
    source.set_qform(sheared, 1)  # nibabel leaves out the shear
    nib.save(source, tmp_path / "source.nii")
    image = load_image(tmp_path / "source.nii")
    assert "place it up to" in image.notes[0]
    save_mask_nifti(tmp_path / "mask.nii", image.voxels > 50, image)
    mask = nib.load(tmp_path / "mask.nii")
    assert (int(mask.header["sform_code"]), int(mask.header["qform_code"])) == (1, 0)
    np.testing.assert_allclose(mask.affine, sheared, rtol=1e-5)


def test_a_useless_affine_names_its_file(tmp_path: Path) -> None:
    voxels = np.random.default_rng(4).normal(size=(10, 10, 10)).astype(np.float32)
    content = bytearray(write(tmp_path / "flat.nii", voxels, np.eye(4)).read_bytes())
    content[312:328] = bytes(16)  # the third row of the sform
    (tmp_path / "flat.nii").write_bytes(content)
    with pytest.raises(ImageError, match=r"affine of flat\.nii cannot be inverted"):
        load_image(tmp_path / "flat.nii")


def test_mask_of_an_array_is_written_as_an_axial_picture(tmp_path: Path) -> None:
    array = np.random.default_rng(2).integers(0, 255, (10, 12)).astype(np.uint8)
    image = load_image(array)
    mask = np.zeros((10, 12), bool)
    mask[1, 2] = True
    save_mask_nifti(tmp_path / "mask.nii", mask, image)
    np.testing.assert_array_equal(load_label_map(tmp_path / "mask.nii") == 1, mask)
    assert nib.load(tmp_path / "mask.nii").header.get_xyzt_units()[0] == "mm"
    volume = load_image(np.random.default_rng(2).integers(0, 255, (9, 10, 12)).astype(np.uint8))
    masks = np.zeros((9, 10, 12), bool)
    masks[3, 1, 2] = True
    save_mask_nifti(tmp_path / "masks.nii.gz", masks, volume)
    np.testing.assert_array_equal(load_label_map(tmp_path / "masks.nii.gz") == 1, masks)


def test_same_mask_same_bytes(tmp_path: Path) -> None:
    image = load_image(np.random.default_rng(2).integers(0, 255, (10, 12)).astype(np.uint8))
    for name in ("a.nii.gz", "b.nii.gz"):
        save_mask_nifti(tmp_path / name, np.eye(10, 12, dtype=bool), image)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_mask_of_another_shape_or_place_is_refused(tmp_path: Path) -> None:
    image = load_image(np.random.default_rng(2).integers(0, 255, (10, 12)).astype(np.uint8))
    with pytest.raises(ImageError, match="The mask has the shape"):
        save_mask_nifti(tmp_path / "m.nii", np.zeros((12, 10), bool), image)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot write"):
        save_mask_nifti(tmp_path / "file" / "m.nii", np.zeros((10, 12), bool), image)


def test_more_than_three_axes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "fmri.nii.gz", np.ones((10, 10, 10, 3), np.float32), np.eye(4))
    with pytest.raises(ImageError, match=r"\(10, 10, 10, 3\).*Split time points"):
        load_image(path)


def test_colour_and_complex_are_refused(tmp_path: Path) -> None:
    rgb = np.zeros((10, 10, 10), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    with pytest.raises(ImageError, match="colour"):
        load_image(write(tmp_path / "rgb.nii.gz", rgb, np.eye(4)))
    with pytest.raises(ImageError, match="complex"):
        load_image(write(tmp_path / "z.nii.gz", np.zeros((10, 10, 10), np.complex64), np.eye(4)))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_truncated_or_foreign_files_are_refused_quietly(suffix: str, tmp_path: Path, capfd) -> None:
    data = np.random.default_rng(3).normal(size=(30, 30, 30)).astype(np.float32)
    path = write(tmp_path / f"v{suffix}", data, np.eye(4))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match="truncated or damaged"):
        load_image(path)
    path.write_text("no image at all " * 100)
    with pytest.raises(ImageError, match="not a NIfTI file"):
        load_image(path)
    path.write_bytes(content[:200])
    with pytest.raises(ImageError):
        load_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["D.nii", "D.Nii", "D.NII", "D.nii.gz", "D.Nii.Gz", "D.nii.GZ", "D.NII.GZ"])
def test_content_says_whether_a_file_is_compressed(name: str, compressed: bool, kind: type, tmp_path: Path) -> None:
    voxels = np.random.default_rng(3).integers(0, 9, (12, 14, 10)).astype(np.int16)
    content = kind(voxels, oblique()).to_bytes()
    write(tmp_path / "plain.nii", voxels, oblique())
    (tmp_path / name).write_bytes(gzip.compress(content) if compressed else content)
    image, expected = load_image(tmp_path / name), load_image(tmp_path / "plain.nii")
    np.testing.assert_array_equal(image.voxels, expected.voxels)
    np.testing.assert_allclose(image.geometry.affine, expected.geometry.affine, atol=1e-4)
    np.testing.assert_array_equal(load_label_map(tmp_path / name), expected.voxels)


def test_masks_are_compressed_as_their_name_says_in_any_letter_case(tmp_path: Path) -> None:
    image = load_image(np.random.default_rng(2).integers(0, 255, (10, 12)).astype(np.uint8))
    for name in ("a.Nii.Gz", "a.Nii"):
        save_mask_nifti(tmp_path / name, np.eye(10, 12, dtype=bool), image)
        assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == (name == "a.Nii.Gz")
        np.testing.assert_array_equal(load_label_map(tmp_path / name), np.eye(10, 12))


def test_small_faults_of_a_header_are_mended_and_not_talked_about(tmp_path: Path, capfd, caplog) -> None:
    content = bytearray(write(tmp_path / "a.nii", np.eye(12, dtype=np.int16)[..., None], oblique()).read_bytes())
    content[252:254] = b"\x63\0"  # the code of the qform is 99, which does not exist
    (tmp_path / "a.nii").write_bytes(content)
    image = load_image(tmp_path / "a.nii")
    np.testing.assert_allclose(image.geometry.affine, oblique(), atol=1e-4)
    assert image.notes == ()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_header_that_announces_too_much_is_refused_before_decoding(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((4000, 4000, 4000))
    header.set_data_dtype(np.float32)
    header["sform_code"], header["srow_x"][0], header["srow_y"][1], header["srow_z"][2] = 1, 1, 1, 1
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    (tmp_path / "huge.nii").write_bytes(header.binaryblock + b"\0" * 4)
    with pytest.raises(ImageError, match="announces"):
        load_image(tmp_path / "huge.nii")


def test_not_finite_constant_and_fractional_masks(tmp_path: Path) -> None:
    data = np.random.default_rng(3).normal(size=(10, 10, 10)).astype(np.float32)
    data[0, 0, 0] = np.nan
    with pytest.raises(ImageError, match="not finite"):
        load_image(write(tmp_path / "nan.nii", data, np.eye(4)))
    with pytest.raises(ImageError, match="fractions"):
        load_label_map(tmp_path / "nan.nii")
    with pytest.raises(ImageError, match="constant"):
        load_image(write(tmp_path / "flat.nii", np.full((10, 10, 10), 7, np.int16), np.eye(4)))


def test_unstated_orientation_is_said(tmp_path: Path) -> None:
    data = np.random.default_rng(3).normal(size=(10, 11, 12)).astype(np.float32)
    image = nib.Nifti1Image(data, None)
    image.set_sform(None, code=0)
    image.set_qform(None, code=0)
    nib.save(image, tmp_path / "bare.nii")
    assert "states no orientation" in load_image(tmp_path / "bare.nii").notes[0]
    assert load_image(write(tmp_path / "stated.nii", data, np.eye(4))).notes == ()


@pytest.mark.parametrize("shape", [(3, 20, 20), (20, 3, 20), (1, 1, 1), (20, 20, 2, 1)])
def test_thin_volumes(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = write(tmp_path / "thin.nii", np.random.default_rng(3).normal(size=shape).astype(np.float32), np.eye(4))
    if shape[:2] == (20, 20):
        assert load_image(path).voxels.shape == (2, 20, 20)
        return
    with pytest.raises(ImageError, match="too small"):
        load_image(path)
