"""MedicalImage and load_image: sources, scaling to 0..1, and every bad input."""

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile
from PIL import Image

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import IMAGE_SUFFIXES, load_image
from medsegr.data.label_map import load_label_map
from medsegr.errors import ImageError, MissingExtraError

LEXICON = load_lexicon()
NOISE = np.random.default_rng(0).integers(0, 256, (20, 24), dtype=np.uint8)


def test_sources_give_the_same_image(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), NOISE, Image.fromarray(NOISE)):
        image = load_image(source, "chest_xray")
        np.testing.assert_array_equal(image.voxels, NOISE)
        assert image.modality == "chest_xray"
        assert (image.is_volume, image.is_colour, image.planes) == (False, False, 1)
        assert image.size == image.mask_shape == (20, 24)
    assert load_image(image) is image
    assert load_image(image, "fundus").modality == "fundus"


def test_whoever_knows_kinds_says_what_an_image_shows(tmp_path: Path) -> None:
    image = load_image(NOISE, "chest_xray")
    assert (image.view.modality, image.view.sides) == (None, "one"), "nobody has said so yet"
    shown = image.seen(LEXICON)
    assert (shown.view.modality, shown.view.sides, shown.view.half("left")) == ("chest_xray", "both", (0.5, 1.0))
    assert shown.voxels is image.voxels and shown.geometry is image.geometry
    assert shown.seen(LEXICON, frame="image").view.half("left") == (0.0, 0.5)
    other = shown.seen(LEXICON, "colonoscopy")
    assert (other.modality, other.view.modality, other.view.frame, other.view.sides) == (
        "colonoscopy", "colonoscopy", "image", "none",
    )  # fmt: skip
    strange = load_image(NOISE, "my_scanner").seen(LEXICON)
    assert (strange.view.modality, strange.view.sides) == ("my_scanner", "one")


@pytest.mark.parametrize(
    ("shape", "plane", "sides"),
    [((20, 24, 1), "axial", "both"), ((20, 1, 24), "coronal", "both"), ((1, 20, 24), "sagittal", "none")],
)
def test_a_file_that_states_its_directions_is_seen_by_them(tmp_path: Path, shape, plane, sides) -> None:
    voxels = np.random.default_rng(0).integers(0, 200, shape).astype(np.int16)
    nib.save(nib.Nifti1Image(voxels, np.diag([0.5, 2.0, 3.0, 1.0])), tmp_path / "a.nii")
    view = load_image(tmp_path / "a.nii", "abdomen_ct").seen(LEXICON).view
    assert (view.plane, view.sides, view.placed) == (plane, sides, True)


def test_a_file_whose_directions_are_a_guess_shows_no_sides(tmp_path: Path) -> None:
    bare = nib.Nifti1Image(np.random.default_rng(0).integers(0, 200, (20, 24, 9)).astype(np.int16), None)
    bare.header.set_sform(None, 0)
    bare.header.set_qform(None, 0)
    nib.save(bare, tmp_path / "a.nii")
    assert load_image(tmp_path / "a.nii", "abdomen_ct").seen(LEXICON).view.sides == "none"
    assert load_image(tmp_path / "a.nii", "mammography").seen(LEXICON).view.sides == "one"


def test_one_plane_of_a_volume_keeps_its_greys_and_its_view() -> None:
    volume = load_image(np.random.default_rng(1).normal(size=(5, 20, 24)), "chest_ct").seen(LEXICON)
    plane = volume.only(3)
    assert not plane.is_volume and plane.size == (20, 24) and plane.modality == "chest_ct"
    np.testing.assert_array_equal(plane.voxels, volume.plane(3))
    np.testing.assert_array_equal(plane.plane(), volume.plane(3))
    assert plane.view is volume.view and plane.geometry.shape == (20, 24)


def test_eight_bits_are_divided_by_255() -> None:
    plane = load_image(NOISE).plane()
    assert plane.dtype == np.float32
    np.testing.assert_array_equal(plane, NOISE.astype(np.float32) / 255)


def test_deep_values_are_scaled_robustly() -> None:
    values = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
    values[0, 0] = 65_535
    plane = load_image(values).plane()
    assert plane.min() == 0
    assert plane.max() == 1
    assert 0.49 < plane[50, 0] < 0.51, "one hot pixel does not darken the rest"


def test_large_volumes_are_scaled_by_evenly_spread_values(monkeypatch) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(11, 40, 60)).astype(np.float32) + np.arange(60, dtype=np.float32) / 10
    exact = load_image(values).plane(3)
    monkeypatch.setattr("medsegr.data.medical_image.SAMPLED", 3000)
    spread = load_image(values).plane(3)
    assert 0 < np.abs(spread - exact).max() < 0.05
    columns = np.zeros((11, 40, 60), np.int16)
    columns[..., ::3] = 1000  # a third of the columns, which every third value would miss or meet alone
    assert (load_image(columns).plane(0).min(), load_image(columns).plane(0).max()) == (0, 1)


def test_floats_in_the_unit_interval_stay_and_others_are_scaled() -> None:
    unit = (NOISE / 255).astype(np.float64)
    np.testing.assert_allclose(load_image(unit).plane(), unit, atol=1e-6)
    hounsfield = load_image(unit * 3000 - 1000).plane()
    assert (hounsfield.min(), hounsfield.max()) == (0, 1)


@pytest.mark.parametrize("brightest", [1, 2, 102, 128, 255])
def test_dark_pictures_are_as_dark_in_floats_as_in_eight_bits(brightest: int) -> None:
    dark = np.linspace(0, brightest, 4800).round().astype(np.uint8).reshape(60, 80)
    for floats in (dark / 255, (dark / 255).astype(np.float32), dark / np.float32(255), dark.astype(np.float16) / 255):
        np.testing.assert_allclose(load_image(floats).plane(), load_image(dark).plane(), atol=1e-3)
    assert load_image(dark / 255).plane().max() == pytest.approx(brightest / 255)


def test_floats_too_small_for_a_picture_are_scaled() -> None:
    diffusion = np.linspace(0, 0.003, 4800).reshape(60, 80)
    plane = load_image(diffusion).plane()
    assert (plane.min(), plane.max()) == (0, 1)


def test_few_hot_pixels_alone_keep_their_scale() -> None:
    sparse = np.zeros((100, 100), np.float32)
    sparse[5, 5] = 40
    assert load_image(sparse).plane()[5, 5] == 1


def test_arrays_of_all_shapes() -> None:
    rng = np.random.default_rng(1)
    colour = load_image(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8))
    assert colour.is_colour
    assert colour.mask_shape == (20, 24)
    assert colour.plane().shape == (20, 24, 3)
    assert load_image(rng.integers(0, 256, (20, 24, 4), dtype=np.uint8)).voxels.shape == (20, 24, 3)
    assert load_image(rng.integers(0, 256, (20, 24, 1), dtype=np.uint8)).voxels.shape == (20, 24)
    volume = load_image(rng.normal(size=(5, 20, 24)))
    assert volume.is_volume
    assert volume.planes == 5
    assert volume.plane(4).shape == volume.size == (20, 24)
    assert set(np.unique(load_image(np.eye(9, dtype=bool)).plane())) == {0.0, 1.0}


RGBA = np.random.default_rng(2).integers(0, 256, (20, 24, 4), dtype=np.uint8)
RGBA[:10, :, 3], RGBA[10:15, :, 3] = 0, 255


@pytest.mark.parametrize("opacity", [RGBA[..., 3], np.full((20, 24), 255)], ids=["transparent", "opaque"])
def test_arrays_with_opacity_are_what_their_pictures_are(opacity: np.ndarray, tmp_path: Path) -> None:
    array = np.dstack([RGBA[..., :3], opacity.astype(np.uint8)])
    Image.fromarray(array).save(tmp_path / "a.png")
    expected = load_image(tmp_path / "a.png")
    for source in (array, Image.fromarray(array)):
        image = load_image(source)
        np.testing.assert_array_equal(image.voxels, expected.voxels)
        assert image.notes == expected.notes
    deep = array.astype(np.uint16) * 257
    for other in (array / 255, array.astype(np.float32), array.astype(np.int64), deep):
        image = load_image(other)
        assert image.voxels.shape == (20, 24, 3)
        scale = array.max() / other.max()
        np.testing.assert_allclose(image.voxels * scale, expected.voxels, atol=1)
        assert image.notes == expected.notes
    for kind, voxels in (("unassalpha", load_image(deep).voxels), ("assocalpha", deep[..., :3])):
        tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb", extrasamples=[kind])
        np.testing.assert_array_equal(load_image(tmp_path / "deep.tif").voxels, voxels)


def test_grey_arrays_with_opacity_are_grey() -> None:
    grey = np.dstack([NOISE, NOISE, NOISE, np.full_like(NOISE, 255)])
    np.testing.assert_array_equal(load_image(grey).voxels, NOISE)


def test_bool_volumes_are_black_and_white() -> None:
    volume = load_image(np.random.default_rng(0).random((9, 20, 24)) > 0.5)
    assert volume.is_volume
    assert set(np.unique(volume.plane(3))) == {0.0, 1.0}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_truncated_or_closed_pictures_of_pil(suffix: str, tmp_path: Path, capfd) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(1).integers(0, 256, (100, 100), dtype=np.uint8)
    Image.fromarray(noise).save(path, **({"compression": "tiff_lzw"} if suffix == ".tif" else {}))
    with Image.open(path) as whole:
        assert load_image(whole).size == (100, 100)
    closed, truncated = Image.open(path), Image.open(path)
    closed.close()
    path.write_bytes(path.read_bytes()[:-2500])
    for picture in (closed, truncated):
        with pytest.raises(ImageError, match="The PIL picture cannot be decoded.*truncated or closed"):
            load_image(picture)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Image.new("L", (12_001, 10)), "12001 x 10 px, too large"),
        (Image.new("L", (0, 60)), "0 x 60 px, too small"),
        (Image.new("RGBA", (60, 0)), "60 x 0 px, too small"),
        (Image.fromarray(np.full((20, 20), np.nan, np.float32)), "not finite"),
    ],
)  # fmt: skip
def test_bad_pictures_of_pil(picture: Image.Image, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(picture)


def test_array_is_copied() -> None:
    array = NOISE.copy()
    image = load_image(array)
    array[:] = 0
    np.testing.assert_array_equal(image.voxels, NOISE)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((1, 1), np.uint8), "1 x 1 px, too small"),
        (np.zeros((7, 50), np.uint8), "50 x 7 px, too small"),
        (np.full((20, 20), 9, np.uint8), "constant"),
        (np.where(np.eye(20) > 0, np.nan, 0), "not finite"),
        (np.where(np.eye(20) > 0, -np.inf, 0), "not finite"),
        (np.zeros(20), r"shape \(20,\)"),
        (np.zeros((2, 20, 20, 3)), r"shape \(2, 20, 20, 3\)"),
        (np.full((20, 20), np.nan), "not finite"),
        (np.full((9, 20, 20), np.nan), "not finite"),
        (np.zeros((20, 20), dtype=complex), "complex128"),
        (np.full((9, 20, 20), None), "object"),
        (np.full((20, 20), "x"), "<U1"),
        (np.zeros((20, 20), dtype=bool), "constant"),
        (np.zeros((0, 60, 80)), r"shape \(0, 60, 80\)"),
        (np.zeros((60, 0)), r"shape \(60, 0\)"),
        (np.zeros((60, 80, 0)), r"shape \(60, 80, 0\)"),
        (np.zeros(()), r"shape \(\)"),
        (np.full((20, 20, 4), -1.0), "opacity, reaches from -1 to -1"),
        (np.full((20, 20, 4), np.nan), "opacity, reaches from nan"),
        (np.broadcast_to(np.zeros(1, np.uint8), (20_000, 20_000)), "20000 x 20000 px, too large"),
    ],
)  # fmt: skip
def test_bad_arrays(array: np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(array)


def test_other_sources_are_refused() -> None:
    with pytest.raises(ImageError, match="from list"):
        load_image([[1, 2]])  # type: ignore[arg-type]


def test_missing_folder_empty_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        load_image(tmp_path / "missing.png")
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty\.png is empty"):
        load_image(tmp_path / "empty.png")
    (tmp_path / "notes.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(ImageError, match=re.escape(", ".join(IMAGE_SUFFIXES))):
        load_image(tmp_path / "notes.docx")
    with pytest.raises(ImageError, match=r"cannot be opened|does not exist"):
        load_image(tmp_path / ("x" * 300 + ".png"))
    with pytest.raises(ImageError, match="does not exist"):
        load_label_map(tmp_path / "missing.png")


@pytest.mark.parametrize("name", ["study.dcm", "IM0001", "study.png"])
def test_dicom_is_known_by_its_bytes_and_is_no_mask(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL")
    with pytest.raises((ImageError, MissingExtraError), match=r"DICOM"):
        load_image(tmp_path / name)
    with pytest.raises(ImageError, match="is DICOM; a picture or NIfTI was expected"):
        load_label_map(tmp_path / name)
