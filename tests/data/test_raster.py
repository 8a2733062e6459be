"""Pictures: every kind becomes grey or RGB; broken ones become one clear error."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.data.raster import save_mask_png
from medsegr.errors import ImageError, OutputError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 24), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65_536, (20, 24), dtype=np.uint16)


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that announces a size and holds hardly any pixels."""
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", data)):
        if body:
            content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return content


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp"])
def test_grey_and_colour_are_exact(suffix: str, tmp_path: Path) -> None:
    for array in (GREY, RGB):
        Image.fromarray(array).save(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(load_image(tmp_path / f"a{suffix}").voxels, array)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_jpeg_is_near(suffix: str, tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 24).astype(np.uint8)[None].repeat(20, 0)
    Image.fromarray(smooth).save(tmp_path / f"a{suffix}", quality=95)
    image = load_image(tmp_path / f"a{suffix}")
    assert image.voxels.shape == (20, 24)
    assert np.abs(image.voxels.astype(int) - smooth).max() < 8


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay(suffix: str, tmp_path: Path) -> None:
    Image.fromarray(DEEP).save(tmp_path / f"a{suffix}")
    image = load_image(tmp_path / f"a{suffix}")
    assert image.voxels.dtype == np.uint16
    np.testing.assert_array_equal(image.voxels, DEEP)


@pytest.mark.parametrize(
    "array",
    [
        RNG.integers(0, 65_536, (20, 24, 3), dtype=np.uint16),
        RNG.normal(size=(20, 24)).astype(np.float32),
        DEEP.astype(">u2"),
        RNG.integers(0, 2**20, (20, 24), dtype=np.int32),
        RNG.integers(-500, 500, (20, 24), dtype=np.int16),
    ],
    ids=["rgb16", "float", "big-endian", "int32", "int16"],
)
def test_rarer_tiffs(array: np.ndarray, tmp_path: Path) -> None:
    byteorder = ">" if array.dtype.byteorder == ">" else "<"
    tifffile.imwrite(tmp_path / "a.tif", array, byteorder=byteorder, photometric="rgb" if array.ndim == 3 else None)
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif").voxels, array)


def test_equal_channels_become_grey(tmp_path: Path) -> None:
    Image.fromarray(GREY).convert("RGB").save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_image(tmp_path / "a.png").voxels, GREY)


def test_palette_alpha_and_cmyk(tmp_path: Path) -> None:
    picture = Image.fromarray(RGB)
    palette = picture.convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(load_image(tmp_path / "p.png").voxels, np.array(palette.convert("RGB")))
    opaque = picture.convert("RGBA")
    opaque.save(tmp_path / "opaque.png")
    image = load_image(tmp_path / "opaque.png")
    np.testing.assert_array_equal(image.voxels, RGB)
    assert image.notes == ()
    half = Image.fromarray(GREY).convert("LA")
    half.putalpha(Image.fromarray(np.where(np.arange(24) < 12, 0, 255).astype(np.uint8)[None].repeat(20, 0)))
    half.save(tmp_path / "half.png")
    image = load_image(tmp_path / "half.png")
    assert (image.voxels[:, :12] == 0).all()
    np.testing.assert_array_equal(image.voxels[:, 12:], GREY[:, 12:])
    assert "transparent" in image.notes[0]
    picture.convert("CMYK").save(tmp_path / "c.tif")
    assert np.abs(load_image(tmp_path / "c.tif").voxels.astype(int) - RGB).max() <= 1
    Image.fromarray(GREY > 127).save(tmp_path / "one_bit.png")
    np.testing.assert_array_equal(load_image(tmp_path / "one_bit.png").voxels, (GREY > 127) * np.uint8(255))


def test_exif_orientation_is_applied_and_said(tmp_path: Path) -> None:
    picture = Image.fromarray(GREY)
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "phone.png", exif=exif)
    image = load_image(tmp_path / "phone.png")
    np.testing.assert_array_equal(image.voxels, np.rot90(GREY, -1))
    assert "EXIF orientation 6" in image.notes[0]


def test_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(load_image(tmp_path / "a.jpg").voxels, GREY)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated_pictures(suffix: str, share: float, tmp_path: Path, capfd) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(1).integers(0, 256, (100, 100), dtype=np.uint8)
    Image.fromarray(noise).save(path, **({"compression": "tiff_lzw"} if suffix == ".tif" else {}))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ImageError, match=r"damaged or truncated|cannot be decoded"):
        load_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_text_called_picture(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").write_text("The lungs are clear.")
    with pytest.raises(ImageError, match="holds text, not a picture") as caught:
        load_image(tmp_path / f"a{suffix}")
    assert "lungs" not in str(caught.value)
    (tmp_path / f"a{suffix}").write_bytes(bytes(range(256)))
    with pytest.raises(ImageError, match="holds something else"):
        load_image(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("size", [(20_000, 20_000), (12_001, 10), (11_000, 11_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("data", [b"", zlib.compress(b"\0" * 1000)], ids=["header", "data"])
def test_huge_header_is_refused_before_decoding(size: tuple[int, int], data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(*size, data))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match=r"bomb\.png is .*too large"):
            load_image(tmp_path / "bomb.png")


def test_one_pixel_constant_and_not_finite(tmp_path: Path) -> None:
    Image.fromarray(np.array([[3]], np.uint8)).save(tmp_path / "one.png")
    with pytest.raises(ImageError, match=r"one\.png is 1 x 1 px, too small"):
        load_image(tmp_path / "one.png")
    Image.fromarray(np.full((20, 20), 3, np.uint8)).save(tmp_path / "flat.png")
    with pytest.raises(ImageError, match=r"flat\.png is constant"):
        load_image(tmp_path / "flat.png")
    tifffile.imwrite(tmp_path / "nan.tif", np.where(np.eye(20) > 0, np.nan, 0).astype(np.float32))
    with pytest.raises(ImageError, match=r"nan\.tif holds values that are not finite"):
        load_image(tmp_path / "nan.tif")


def test_several_pages_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([GREY] * 3), photometric="minisblack")
    with pytest.raises(ImageError, match="3 pages"):
        load_image(tmp_path / "stack.tif")
    tifffile.imwrite(tmp_path / "deep.tif", np.stack([RGB.astype(np.uint16)] * 2), photometric="rgb")
    with pytest.raises(ImageError, match="2 pages"):
        load_image(tmp_path / "deep.tif")


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 9))
def test_mask_round_trip(height: int, width: int, seed: int, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    mask = np.random.default_rng(seed).random((height, width)) > 0.5
    save_mask_png(path, mask)
    np.testing.assert_array_equal(load_label_map(path) != 0, mask)


def test_label_maps_keep_their_values(tmp_path: Path) -> None:
    values = RNG.integers(0, 5, (20, 24), dtype=np.uint8)
    palette = Image.fromarray(values)
    palette.putpalette([v for colour in ((0, 0, 0), (200, 0, 0), (0, 200, 0), (9, 9, 9), (1, 2, 3)) for v in colour])
    palette.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(load_label_map(tmp_path / "palette.png"), values)
    Image.fromarray(values).convert("RGB").save(tmp_path / "rgb.png")
    np.testing.assert_array_equal(load_label_map(tmp_path / "rgb.png"), values)
    Image.fromarray(RGB).save(tmp_path / "colour.png")
    with pytest.raises(ImageError, match="coloured picture"):
        load_label_map(tmp_path / "colour.png")
    (tmp_path / "text.png").write_text("x")
    with pytest.raises(ImageError, match="cannot be read as a mask"):
        load_label_map(tmp_path / "text.png")
    (tmp_path / "bomb.png").write_bytes(png_header(15_000, 15, b"x"))
    with pytest.raises(ImageError, match="too large"):
        load_label_map(tmp_path / "bomb.png")
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(tmp_path / "half.tif")
    with pytest.raises(ImageError, match="fractions"):
        load_label_map(tmp_path / "half.tif")


def test_masks_that_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="one plane"):
        save_mask_png(tmp_path / "m.png", np.zeros((3, 4, 5), bool))
    with pytest.raises(OutputError, match="is a folder"):
        save_mask_png(tmp_path, np.zeros((4, 5), bool))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "lzw.tif", "deflate.tif", "raw.tif", "deep.tif"])
def test_damaged_bytes_raise_nothing_else_and_print_nothing(suffix: str, tmp_path: Path, capfd) -> None:
    """Flips bytes at random; only an image or an ImageError may come out."""
    path = tmp_path / f"a.{suffix}"
    if suffix == "deep.tif":
        tifffile.imwrite(path, RGB.astype(np.uint16) * 257, photometric="rgb")
    else:
        compression = {"lzw.tif": "tiff_lzw", "deflate.tif": "tiff_deflate"}.get(suffix)
        Image.fromarray(RGB).save(path, **({"compression": compression} if compression else {}))
    content = path.read_bytes()
    rng = np.random.default_rng(5)
    messages = []
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, min(len(content), rng.choice((60, 400, 10_000))), rng.choice((1, 3, 10))):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        for load in (load_image, load_label_map):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    load(path)
                except ImageError as error:
                    messages.append(str(error))
    assert messages
    assert not any("\n" in message for message in messages)
    assert capfd.readouterr() == ("", "")
