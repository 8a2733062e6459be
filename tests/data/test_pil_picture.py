"""PNGs of 16 bits in colour or with alpha, and what PIL has opened: all bits that the file holds, or a refusal."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from medsegr.data.image import load_image
from medsegr.errors import ImageError
from tests.data.picture_maker import deep_png

RNG = np.random.default_rng(0)
TWELVE_BITS = np.linspace(100, 3060, 20 * 28).reshape(20, 28).astype(np.uint16)
COLOUR = RNG.integers(0, 65_536, (20, 28, 3), dtype=np.uint16)
FULL = np.full((20, 28), 65_535, np.uint16)
OPENED: dict[str, Callable[[Path], Image.Image]] = {
    "opened": Image.open,
    "from a stream": lambda path: Image.open(io.BytesIO(path.read_bytes())),
}


def loaded(picture: Image.Image) -> Image.Image:
    picture.load()
    return picture


def repeated(grey: np.ndarray, channels: int) -> np.ndarray:
    """Grey as 1 channel, 2 with full opacity, 3 or 4 with full opacity."""
    return np.dstack([grey] * (channels - (channels % 2 == 0)) + [FULL] * (channels % 2 == 0))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("shift", [0, 2, 5], ids=["12 bits", "10 bits", "7 bits"])
def test_all_bits_of_deep_pngs_are_read(shift: int, channels: int, interlaced: bool, tmp_path: Path) -> None:
    grey, path = TWELVE_BITS >> shift, tmp_path / "a.png"
    path.write_bytes(deep_png(repeated(grey, channels), interlaced))
    for source in (path, *(open_(path) for open_ in OPENED.values()), *(loaded(o(path)) for o in OPENED.values())):
        image = load_image(source)
        np.testing.assert_array_equal(image.voxels, grey)
        assert (image.plane().min(), image.plane().max()) == (0, 1)
        assert image.notes == ()


@pytest.mark.parametrize("opened", OPENED)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_picture_of_pil_can_be_used_afterwards(suffix: str, opened: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(deep_png(COLOUR))
    if suffix == "tif":
        tifffile.imwrite(path, TWELVE_BITS)
    picture, other = OPENED[opened](path), Image.open(path)
    first = load_image(picture).voxels
    np.testing.assert_array_equal(np.array(picture), np.array(other))
    np.testing.assert_array_equal(load_image(picture).voxels, first)


@pytest.mark.parametrize("interlaced", [False, True])
def test_deep_colour_lies_over_black_in_its_own_depth(interlaced: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(deep_png(COLOUR, interlaced))
    np.testing.assert_array_equal(load_image(path).voxels, COLOUR)
    opacity = RNG.choice(np.array([0, 1, 30_000, 65_535], np.uint16), (20, 28))
    path.write_bytes(deep_png(np.dstack([COLOUR, opacity]), interlaced))
    for source in (path, Image.open(path)):
        image = load_image(source)
        np.testing.assert_allclose(image.voxels, COLOUR * (opacity[..., None] / 65_535), atol=0.51)
        np.testing.assert_array_equal(image.voxels[opacity == 65_535], COLOUR[opacity == 65_535])
        assert "transparent" in image.notes[0]


def test_one_transparent_colour_of_deep_pngs(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(deep_png(COLOUR, transparent=COLOUR[3, 4].tolist()))
    expected = np.where(np.indices((20, 28))[0][..., None] * 28 + np.indices((20, 28))[1][..., None] == 88, 0, COLOUR)
    np.testing.assert_array_equal(load_image(path).voxels, expected)
    path.write_bytes(deep_png(TWELVE_BITS, transparent=[int(TWELVE_BITS[3, 4])]))
    image = load_image(path)
    np.testing.assert_array_equal(image.voxels, np.where(TWELVE_BITS[3, 4] == TWELVE_BITS, 0, TWELVE_BITS))
    assert "transparent" in image.notes[0]


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_deep_pngs_that_were_changed_in_pil_are_refused(channels: int, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(deep_png(repeated(TWELVE_BITS, channels)))
    thumbnail, painted, gone = Image.open(path), loaded(Image.open(path)), loaded(Image.open(path))
    thumbnail.thumbnail((14, 10))
    painted.putpixel((3, 4), (0,) * len(painted.getbands()))
    for picture in (thumbnail, painted):
        with pytest.raises(ImageError, match=r"was changed since it was opened.*Give the file's path"):
            load_image(picture)
    path.write_bytes(deep_png(repeated(TWELVE_BITS[::-1].copy(), channels)))
    with pytest.raises(ImageError, match="its file is gone"):
        load_image(gone)


@pytest.mark.parametrize("opened", OPENED)
@pytest.mark.parametrize("decoded", [False, True])
def test_tiffs_opened_in_pil_keep_sign_black_and_page(opened: str, decoded: bool, tmp_path: Path) -> None:
    signed = np.linspace(-70, 68, 20 * 28).reshape(20, 28).astype(np.int8)
    path = tmp_path / "a.tif"
    for stored, options, expected in (
        (signed, {}, signed),
        (TWELVE_BITS, {"photometric": "miniswhite"}, 65_535 - TWELVE_BITS),
        (np.uint32(2**32 - 1) - TWELVE_BITS, {}, np.uint32(2**32 - 1) - TWELVE_BITS),
    ):
        tifffile.imwrite(path, stored, **options)
        picture = OPENED[opened](path)
        np.testing.assert_array_equal(load_image(loaded(picture) if decoded else picture).voxels, expected)
    tifffile.imwrite(path, np.stack([TWELVE_BITS, TWELVE_BITS[::-1]]), photometric="minisblack")
    picture = OPENED[opened](path)
    picture.seek(1)
    np.testing.assert_array_equal(load_image(loaded(picture) if decoded else picture).voxels, TWELVE_BITS[::-1])
    assert picture.tell() == 1


def test_tiffs_whose_stream_is_closed_are_read_where_pil_keeps_all(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    signed = TWELVE_BITS.astype(np.int32) - 900
    for stored in (
        TWELVE_BITS,
        (TWELVE_BITS // 16).astype(np.uint8),
        signed.astype(np.int16),
        signed,
        (signed / 3).astype(np.float32),
    ):
        tifffile.imwrite(path, stored)
        with path.open("rb") as file:
            picture = loaded(Image.open(file))
        np.testing.assert_array_equal(load_image(picture).voxels, stored)
    for stored, options in ((COLOUR, {"photometric": "rgb"}), (TWELVE_BITS, {"photometric": "miniswhite"}),
                            (TWELVE_BITS.astype(np.uint32), {}), ((signed // 50).astype(np.int8), {})):  # fmt: skip
        tifffile.imwrite(path, stored, **options)
        try:
            with path.open("rb") as file:
                picture = loaded(Image.open(file))
        except Image.UnidentifiedImageError:  # as PIL calls colour of 16 bits
            continue
        with pytest.raises(ImageError, match="its file is gone, and PIL does not keep all"):
            load_image(picture)


def test_changed_pictures_of_8_bits_are_what_they_have_become(tmp_path: Path) -> None:
    grey = RNG.integers(0, 256, (20, 28), dtype=np.uint8)
    for name in ("a.png", "a.tif"):
        Image.fromarray(grey).save(tmp_path / name)
        picture = loaded(Image.open(tmp_path / name))
        picture.putpixel((3, 4), 255 - int(grey[4, 3]))
        changed = grey.copy()
        changed[4, 3] = 255 - grey[4, 3]
        np.testing.assert_array_equal(load_image(picture).voxels, changed)


@pytest.mark.parametrize(("mode", "shown"), [*zip(("1", "L", "LA", "PA", "I", "F"), "L" * 6, strict=True),
    *zip(("P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"), ["RGB"] * 7, strict=True)])  # fmt: skip
def test_pictures_of_every_mode(mode: str, shown: str) -> None:
    colour = Image.fromarray(RNG.integers(0, 256, (20, 28, 3), dtype=np.uint8))
    picture = (colour.convert("L") if shown == "L" else colour).convert(mode)
    np.testing.assert_array_equal(load_image(picture).voxels, np.array(picture.convert(shown)))


def test_colours_that_were_multiplied_by_their_opacity_lie_over_black_already() -> None:
    array = RNG.integers(0, 256, (20, 28, 4), dtype=np.uint8)
    premultiplied = Image.fromarray(array).convert("RGBa")
    np.testing.assert_array_equal(load_image(premultiplied).voxels, np.array(premultiplied)[..., :3])


def test_palettes_with_opacity_of_their_own_lie_over_black() -> None:
    picture = Image.fromarray(RNG.integers(0, 2, (20, 28), dtype=np.uint8)).convert("P")
    picture.putpalette([200, 100, 50, 255, 40, 80, 160, 51], "RGBA")
    image = load_image(picture)
    indices = np.array(picture)
    np.testing.assert_array_equal(np.unique(image.voxels[indices == 0], axis=0), [[200, 100, 50]])
    np.testing.assert_array_equal(np.unique(image.voxels[indices == 1], axis=0), [[8, 16, 32]])


def test_large_pictures_are_read_without_pils_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recwarn) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.fromarray(RNG.integers(0, 256, (20, 28), dtype=np.uint8)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").size == (20, 28)
    assert list(recwarn) == []
