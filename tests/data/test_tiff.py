"""TIFFs: which side is up, whether 0 is white, unsigned 32 bits and deep CMYK; masks as their images."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.data.mask_picture import read_structure_picture
from medsegr.errors import ImageError

NEEDS_NEW_CODECS = pytest.mark.skipif(
    not hasattr(imagecodecs, "ccittfax4_decode"), reason="imagecodecs for Python 3.10 neither reads fax nor packs bits"
)
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 24), dtype=np.uint8)


def with_orientation(path: Path, stored: np.ndarray, orientation: int, compression: str | None = None) -> Path:
    photometric = "rgb" if stored.ndim == 3 else "minisblack"
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(path, stored, photometric=photometric, compression=compression, extratags=[tag], metadata=None)
    return path


FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
    5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
}  # fmt: skip
"""Where the TIFF specification (6.0, page 36) sees the stored row 0 and column 0."""


def displayed(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Puts each pixel where the specification wants it, one coordinate after the other."""
    places = {}
    for side, index in zip(FIRST_ROW_AND_COLUMN[orientation], np.indices(stored.shape[:2]), strict=True):
        axis = "y" if side in ("top", "bottom") else "x"
        places[axis] = index if side in ("top", "left") else index.max() - index
    result = np.zeros((places["y"].max() + 1, places["x"].max() + 1, *stored.shape[2:]), stored.dtype)
    result[places["y"], places["x"]] = stored
    return result


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["grey8", "grey16", "rgb8", "rgb16", "float32"])
def test_tiffs_are_upright_and_it_is_said(kind: str, compression: str | None, orientation: int, tmp_path: Path) -> None:
    dtype = {"8": np.uint8, "6": np.uint16, "2": np.float32}[kind[-1]]
    for size in ((12, 20), (20, 12), (9, 64), (16, 16)):
        shape = (*size, 3) if kind.startswith("rgb") else size
        stored = RNG.integers(0, 256 if dtype == np.uint8 else 65_536, shape).astype(dtype)
        path = with_orientation(tmp_path / "a.tif", stored, orientation, compression)
        notes = () if orientation == 1 else (f"EXIF orientation {orientation} was applied; the masks lie on the "
                                             "upright picture",)  # fmt: skip
        with Image.open(path) as opened:
            for source in (path, opened) if kind != "rgb16" else (path,):
                image = load_image(source)
                np.testing.assert_array_equal(image.voxels, displayed(stored, orientation))
                assert image.voxels.dtype == dtype
                assert image.notes == notes
            assert Path(opened.filename) == path
        if stored.ndim == 2:
            np.testing.assert_array_equal(load_label_map(path), displayed(stored, orientation))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_masks_are_turned_as_their_images(suffix: str, orientation: int, tmp_path: Path) -> None:
    picture = Image.fromarray(GREY)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / f"a{suffix}", exif=exif)
    with Image.open(tmp_path / f"a{suffix}") as opened:
        stored = np.array(opened)
    np.testing.assert_array_equal(load_image(tmp_path / f"a{suffix}").voxels, displayed(stored, orientation))
    np.testing.assert_array_equal(load_label_map(tmp_path / f"a{suffix}"), displayed(stored, orientation))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_tiffs_whose_zero_is_white(dtype: type, byteorder: str, orientation: int, tmp_path: Path) -> None:
    top = np.iinfo(dtype).max
    stored = RNG.integers(0, top, (20, 24), dtype=dtype, endpoint=True)
    tag = (274, "H", 1, orientation, True)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, photometric="miniswhite", byteorder=byteorder, extratags=[tag], metadata=None)
    np.testing.assert_array_equal(load_image(path).voxels, displayed(top - stored, orientation))
    with pytest.raises(ImageError, match="its 0 is white"):
        load_label_map(path)


@NEEDS_NEW_CODECS
@pytest.mark.parametrize("bits", [9, 12, 14])
def test_white_is_the_highest_value_of_the_stated_bits(bits: int, tmp_path: Path) -> None:
    stored = RNG.integers(0, 2**bits, (20, 24)).astype(np.uint16)
    for photometric, expected in (("minisblack", stored), ("miniswhite", 2**bits - 1 - stored)):
        tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric, bitspersample=bits)
        np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, expected)


SIGNED = np.linspace(-70, 68, 40 * 48).reshape(40, 48).astype(np.int8)


@pytest.mark.parametrize(
    "options",
    [{}, {"tile": (16, 32)}, {"compression": "zlib"}, {"compression": "lzw", "predictor": True}, {"byteorder": ">"}],
)
@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_signed_values_keep_their_sign(dtype: type, options: dict, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SIGNED.astype(dtype), **options)
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, SIGNED)
    np.testing.assert_array_equal(load_label_map(tmp_path / "a.tif"), SIGNED)
    colour = np.dstack([SIGNED, SIGNED[::-1], -SIGNED]).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb", **options)
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, colour)


LOSSLESS = [None, "lzw", "packbits", "zlib", "zstd", "lzma"]


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_in_every_order_and_compression(
    dtype: type, planar: str, compression: str | None, tmp_path: Path
) -> None:
    colour = RNG.integers(0, np.iinfo(dtype).max, (20, 24, 3), dtype=dtype)
    for byteorder, tile in (("<", None), (">", (16, 16))):
        tifffile.imwrite(
            tmp_path / "a.tif", colour if planar == "contig" else np.moveaxis(colour, -1, 0), photometric="rgb",
            planarconfig=planar, compression=compression, byteorder=byteorder, tile=tile,
        )  # fmt: skip
        np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, colour)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_with_opacity_lies_over_black(dtype: type, tmp_path: Path) -> None:
    full = np.iinfo(dtype).max
    grey, opacity = RNG.integers(0, full, (2, 20, 24), dtype=dtype)
    opacity[:, :12] = full
    for kind, expected in (("unassalpha", grey * (opacity / full)), ("assocalpha", grey), ("unspecified", grey)):
        tifffile.imwrite(tmp_path / "a.tif", np.dstack([grey, opacity]), photometric="minisblack", extrasamples=[kind],
                         planarconfig="contig")  # fmt: skip
        np.testing.assert_allclose(load_image(tmp_path / "a.tif").voxels, expected, atol=0.51)
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([full - grey, opacity]), photometric="miniswhite",
                     extrasamples=["unassalpha"], planarconfig="contig")  # fmt: skip
    np.testing.assert_allclose(load_image(tmp_path / "a.tif").voxels, grey * (opacity / full), atol=0.51)


@NEEDS_NEW_CODECS
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "tiff_ccitt", "group3", "group4"])
def test_bilevel_pictures_and_masks(compression: str | None, tmp_path: Path) -> None:
    mask = np.zeros((20, 27), bool)
    mask[3:9, 4:20] = True
    Image.fromarray(mask).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, mask * 255)
    np.testing.assert_array_equal(load_label_map(tmp_path / "a.tif"), mask)
    tifffile.imwrite(tmp_path / "a.tif", ~mask, photometric="miniswhite", compression="packbits")
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, mask * 255)
    for written in (mask, ~mask):  # nobody can tell which of the two a writer of booleans means
        tifffile.imwrite(tmp_path / "a.tif", written)
        for read in (load_label_map, read_structure_picture):
            with pytest.raises(ImageError, match="a.tif cannot be read as a mask: its 0 is white"):
                read(tmp_path / "a.tif")


@NEEDS_NEW_CODECS
def test_four_bits_are_shown_from_black_to_white(tmp_path: Path) -> None:
    grey = RNG.integers(0, 16, (20, 24), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack", bitspersample=4)
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, grey * 17)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_luminance_and_chrominance_become_rgb(compression: str | None, tmp_path: Path) -> None:
    y, x = np.indices((32, 48))
    colour = np.dstack([5 * x, 255 - 5 * x, 4 * y]).astype(np.uint8)
    Image.fromarray(colour).convert("YCbCr").save(tmp_path / "a.tif", compression=compression)
    assert np.abs(load_image(tmp_path / "a.tif").voxels.astype(int) - colour).max() < 24


def test_palettes_become_colours(tmp_path: Path) -> None:
    picture = Image.fromarray(RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)).quantize(9)
    picture.save(tmp_path / "a.tif")
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, np.array(picture.convert("RGB")))


@pytest.mark.parametrize("compression", [None, "zlib", "jpeg"])
def test_missing_strips_are_no_black_parts(compression: str | None, tmp_path: Path, capfd) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GREY.repeat(4, 0), rowsperstrip=16, compression=compression)
    with tifffile.TiffFile(path, mode="r+b") as file:
        counts = file.pages[0].tags["StripByteCounts"]
        counts.overwrite([*counts.value[:-1], 0])
    with pytest.raises(ImageError, match=r"a\.tif cannot be decoded.*damaged or truncated"):
        load_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "jpeg", "packbits"])
@pytest.mark.parametrize("missing", [10, 200, 1500])
def test_truncated_tiffs_are_refused(missing: int, compression: str | None, tmp_path: Path) -> None:
    path, noise = tmp_path / "a.tif", RNG.integers(0, 256, (80, 60), dtype=np.uint8)
    tifffile.imwrite(path, noise, rowsperstrip=16, compression=compression, metadata=None)
    with tifffile.TiffFile(path) as file:
        end = file.pages[0].dataoffsets[-1] + file.pages[0].databytecounts[-1]
    path.write_bytes(path.read_bytes()[: end - missing])
    with pytest.raises(ImageError, match="cannot be decoded"):
        load_image(path)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("highest", [2**31 - 1, 2**31, 2**32 - 1])
def test_unsigned_32_bits_stay_positive(highest: int, byteorder: str, tmp_path: Path) -> None:
    stored = np.linspace(0, highest, 480).reshape(20, 24).astype(np.uint32)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", byteorder=byteorder)
    image = load_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.voxels.astype(np.int64), stored)
    assert (np.diff(image.plane().ravel()) >= 0).all()
    if highest >= 2**31:
        with pytest.raises(ImageError, match="no labels|cannot be read as a mask"):
            load_label_map(tmp_path / "a.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("orientation", [1, 2, 8])
def test_deep_cmyk_is_what_its_8_bit_twin_is(orientation: int, planar: str, tmp_path: Path) -> None:
    inks = RNG.integers(0, 256, (20, 24, 4), dtype=np.uint8)
    Image.fromarray(inks, "CMYK").save(tmp_path / "twin.tif")
    stored = inks.astype(np.uint16) * 257
    stored = np.moveaxis(stored, -1, 0) if planar == "separate" else stored
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="separated", planarconfig=planar, extratags=[tag])
    twin = displayed(load_image(tmp_path / "twin.tif").voxels, orientation)
    voxels = load_image(tmp_path / "a.tif").voxels
    assert voxels.dtype == np.uint16
    np.testing.assert_allclose(voxels / 257, twin, atol=1)


@pytest.mark.parametrize("orientation", [3, 5])
def test_deep_colour_with_opacity_and_planes_is_upright(orientation: int, tmp_path: Path) -> None:
    stored = RNG.integers(0, 65_536, (20, 24, 4), dtype=np.uint16)
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["unassalpha"], extratags=[tag])
    image = load_image(tmp_path / "a.tif")
    over_black = displayed(stored[..., :3] * (stored[..., 3:] / 65_535), orientation)
    np.testing.assert_allclose(image.voxels, over_black, atol=1)
    assert "EXIF orientation" in image.notes[0]
    assert "transparent" in image.notes[1]
    planes = np.moveaxis(stored[..., :3], -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", extratags=[tag])
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, displayed(stored[..., :3], orientation))
