"""Masks in pictures: palettes, alpha and 16-bit colour are read rightly or refused, never the other way round."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.mask_picture import read_label_picture, read_structure_picture
from medsegr.errors import ImageError
from tests.data import dataset_maker as make
from tests.data.picture_maker import deep_png, with_palette

OBJECT = np.zeros((12, 20), bool)
OBJECT[2:7, 3:9] = OBJECT[6:10, 3] = True
"""Neither square nor symmetric."""

GREY = OBJECT.astype(np.uint8) * 255
SECOND = np.zeros_like(OBJECT)
SECOND[1:3, 12:19] = True
LABELS = OBJECT + 2 * SECOND.astype(np.uint8)
BLACK, WHITE, RED, GREEN = (0, 0, 0), (255, 255, 255), (220, 0, 0), (0, 180, 0)
OPAQUE = np.full_like(GREY, 255)


def saved(picture: Image.Image, path: Path, **how: object) -> Path:
    picture.save(path, **how)
    return path


def over(colour: np.ndarray | tuple[int, int, int], opacity: np.ndarray) -> Image.Image:
    """RGBA of one colour, or of a grey array."""
    colour = np.repeat(colour[..., None], 3, 2) if isinstance(colour, np.ndarray) else colour
    return Image.fromarray(np.dstack([np.broadcast_to(np.uint8(colour), (*GREY.shape, 3)), opacity]))


def is_read(path: Path) -> bool:
    return bool(((read_structure_picture(path) > 0) == OBJECT).all())


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
@pytest.mark.parametrize(
    "quantise",
    [lambda grey: grey.quantize(2), lambda grey: grey.convert("P", palette=Image.Palette.ADAPTIVE)],
    ids=["quantize", "adaptive"],
)
def test_palettes_of_quantised_masks_are_seen(quantise: Callable, suffix: str, tmp_path: Path) -> None:
    picture = quantise(Image.fromarray(GREY))
    assert (np.array(picture) != OBJECT).any(), "indices that are the mask would show nothing"
    assert is_read(saved(picture, tmp_path / f"a.{suffix}"))
    if suffix == "png":
        assert is_read(saved(picture, tmp_path / "bit.png", bits=1))


@pytest.mark.parametrize("bytes_of", [255, 65_535])
def test_colour_maps_of_tiffs_are_seen_in_8_and_in_16_bits(bytes_of: int, tmp_path: Path) -> None:
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 0] = bytes_of
    for options in ({}, {"compression": "zlib", "tile": (16, 16)}, {"byteorder": ">"}):
        tifffile.imwrite(
            tmp_path / "a.tif", 1 - OBJECT.astype(np.uint8), photometric="palette", colormap=colours, **options
        )
        assert is_read(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "picture",
    [
        with_palette(OBJECT, (BLACK, RED)),
        with_palette(OBJECT, (BLACK, (1, 1, 1))),
        with_palette(np.where(OBJECT, 0, 2), (WHITE, GREEN, BLACK)),
        with_palette(OBJECT, (WHITE, WHITE), b"\0\xff"),
        with_palette(OBJECT, (BLACK, WHITE), b"\0\xff"),
        with_palette(OBJECT, (BLACK, RED), b"\0\xff"),
        with_palette(1 - OBJECT, (WHITE, BLACK), b"\xff\xff"),
        Image.fromarray(OBJECT.astype(np.uint8)).convert("P"),
        Image.fromarray(OBJECT),
    ],
)  # fmt: skip
def test_palettes_that_tell_the_object(picture: Image.Image, tmp_path: Path) -> None:
    assert is_read(saved(picture, tmp_path / "a.png"))


@pytest.mark.parametrize(
    "picture",
    [
        with_palette(1 - OBJECT, (RED, BLACK)),
        with_palette(OBJECT, (WHITE, RED)),
        with_palette(OBJECT, (BLACK, BLACK)),
        with_palette(OBJECT, ((1, 1, 1), (254, 254, 254))),
        with_palette(LABELS, ((9, 9, 9), (60, 60, 60), WHITE)),
    ],
)  # fmt: skip
def test_palettes_that_tell_nothing_are_refused(picture: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"palette of a\.png does not tell.*8-bit grey"):
        read_structure_picture(saved(picture, tmp_path / "a.png"))


def test_one_colour_alone_is_empty_or_full(tmp_path: Path) -> None:
    for grey, expected in ((0, 0), (255, 255)):
        picture = Image.fromarray(np.full_like(GREY, grey)).quantize(2)
        assert (read_structure_picture(saved(picture, tmp_path / "a.png")) == expected).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
@pytest.mark.parametrize(
    "picture",
    [
        over(WHITE, GREY),
        over(BLACK, GREY),
        over(RED, GREY),
        over(GREY, GREY),
        over(GREY, OPAQUE),
        over(GREY, OPAQUE // 2),
        Image.fromarray(np.dstack([np.where(OBJECT[..., None], RED, BLACK).astype(np.uint8), GREY])),
        Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(OPAQUE)]),
        Image.merge("LA", [Image.fromarray(OPAQUE), Image.fromarray(GREY)]),
    ],
)  # fmt: skip
def test_alpha_is_the_mask_or_says_nothing(picture: Image.Image, suffix: str, tmp_path: Path) -> None:
    if suffix == "bmp" and picture.mode == "LA":
        picture = picture.convert("RGBA")
    assert is_read(saved(picture, tmp_path / f"a.{suffix}"))


@pytest.mark.parametrize("opacity", [255 - GREY, GREY[::-1], OPAQUE * 0])
@pytest.mark.parametrize("read", [read_structure_picture, read_label_picture])
def test_alpha_against_the_colours_is_refused_by_name(read: Callable, opacity: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.png has an alpha channel"):
        read(saved(over(GREY, opacity), tmp_path / "a.png"))


def test_faint_alpha_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(deep_png(np.dstack([np.full_like(GREY, 9), OBJECT]).astype(np.uint16)))
    assert is_read(tmp_path / "a.png")


def test_object_below_zero_in_signed_masks(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY.view(np.int8))
    assert is_read(tmp_path / "a.tif")
    assert read_structure_picture(tmp_path / "a.tif").min() == 0
    assert set(np.unique(read_label_picture(tmp_path / "a.tif"))) == {-1, 0}


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("label", [1, 2, 255, 513, 40_000])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_labels_in_16_bits_are_exact(channels: int, label: int, interlaced: bool, tmp_path: Path) -> None:
    grey = OBJECT.astype(np.uint16) * np.uint16(label)
    alpha = [np.full_like(grey, 65_535)] if channels in (2, 4) else []
    array = np.dstack([grey] * (channels - len(alpha)) + alpha)
    (tmp_path / "a.png").write_bytes(deep_png(array, interlaced))
    np.testing.assert_array_equal(read_label_picture(tmp_path / "a.png"), grey)
    np.testing.assert_array_equal(read_structure_picture(tmp_path / "a.png"), grey)


@pytest.mark.parametrize(
    "picture",
    [
        with_palette(LABELS, (BLACK, RED, GREEN)),
        with_palette(LABELS, (GREEN, RED, BLACK)),
        with_palette(LABELS, (WHITE, WHITE, WHITE)),
        with_palette(LABELS, (BLACK, BLACK, BLACK)),
        with_palette(LABELS, (BLACK, (90, 90, 90), WHITE)),
        with_palette(LABELS, (BLACK, RED, GREEN), b"\0\x80\xff"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_indices_of_label_maps_are_labels(picture: Image.Image, suffix: str, tmp_path: Path) -> None:
    path = saved(picture, tmp_path / f"a.{suffix}")
    for labels in (None, {0, 1, 2}):
        np.testing.assert_array_equal(read_label_picture(path, labels), LABELS)


def test_grey_palettes_of_label_maps(tmp_path: Path) -> None:
    black = saved(with_palette(np.ones_like(GREY), (BLACK, BLACK)), tmp_path / "black.png")
    assert (read_label_picture(black, {0, 1}) == 1).all()
    quantised = saved(Image.fromarray(LABELS).quantize(3), tmp_path / "quantised.png")
    assert (np.array(Image.open(quantised)) != LABELS).any()
    np.testing.assert_array_equal(read_label_picture(quantised, {0, 1, 2}), LABELS)
    inverted = saved(Image.fromarray(GREY).quantize(2), tmp_path / "inverted.png")
    np.testing.assert_array_equal(read_label_picture(inverted, {0, 255}), GREY)
    with pytest.raises(ImageError, match="its greys or its indices"):
        read_label_picture(inverted, {0, 1})
    shown = saved(with_palette(OBJECT, (BLACK, (2, 2, 2))), tmp_path / "shown.png")
    np.testing.assert_array_equal(read_label_picture(shown, {0, 1}), OBJECT)
    np.testing.assert_array_equal(read_label_picture(shown, {0, 2}), 2 * OBJECT)
    with pytest.raises(ImageError, match="its greys or its indices"):
        read_label_picture(shown, {0, 1, 2})


def test_opaque_label_maps_keep_their_labels(tmp_path: Path) -> None:
    for alpha in (OPAQUE, (LABELS > 0) * OPAQUE):
        np.testing.assert_array_equal(read_label_picture(saved(over(LABELS, alpha), tmp_path / "a.png")), LABELS)
    with pytest.raises(ImageError, match="alpha"):
        read_label_picture(saved(over(WHITE, GREY), tmp_path / "a.png"))
    with pytest.raises(ImageError, match="coloured"):
        read_label_picture(saved(over(RED, OPAQUE), tmp_path / "a.png"))


def test_masks_of_structures_are_what_is_seen_and_label_maps_what_is_stored(tmp_path: Path) -> None:
    mask = np.zeros(make.SIZE, np.uint8)
    mask[2:9, 3:7] = mask[4, 7:12] = 1
    quantised = Image.fromarray(mask * 255).quantize(2)
    assert (np.array(quantised) != mask).any()
    folder = make.structured(tmp_path / "one")
    make.findings(folder, [{"image": "a.png", "findings": [make.finding(mask="masks/lung/a.png")]}])
    quantised.save(folder / "masks" / "lung" / "a.png")
    case = DatasetFolder(folder).load("a.png")
    np.testing.assert_array_equal(case.structures["lung"], mask == 1)
    np.testing.assert_array_equal(case.masks["f1"], mask == 1)
    with_palette(1 - mask, (WHITE, WHITE), b"\xff\0").save(folder / "masks" / "lung" / "a.png")
    np.testing.assert_array_equal(DatasetFolder(folder).load("a.png").structures["lung"], mask == 1)
    folder = make.labelled(tmp_path / "two")
    with_palette(2 * mask, ((0, 90, 0), (255, 0, 0), (0, 0, 0))).save(folder / "masks" / "a.png")
    np.testing.assert_array_equal(DatasetFolder(folder).load("a.png").structures["lesion"], mask == 1)
    quantised.save(folder / "masks" / "a.png")
    with pytest.raises(ImageError, match="palette of a.png"):
        DatasetFolder(folder).load("a.png")


@pytest.mark.parametrize("kind", ["unspecified", "assocalpha"])
@pytest.mark.parametrize("shade", [0, 255])
def test_a_further_channel_that_may_be_the_mask_is_refused(shade: int, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for colours, photometric in (
        (np.full((*GREY.shape, 3), shade, np.uint8), "rgb"),
        (np.full_like(GREY, shade), None),
    ):
        stacked = np.dstack([colours, GREY])
        tifffile.imwrite(path, stacked, photometric=photometric or "minisblack", extrasamples=[kind], planarconfig=1)
        for read in (read_structure_picture, read_label_picture):
            with pytest.raises(ImageError, match=r"a\.tif cannot be read as a mask: a further channel differs"):
                read(path)
    tifffile.imwrite(path, np.dstack([GREY] * 4), photometric="rgb", extrasamples=[kind])
    assert is_read(path), "colours and further channel say the same"


def test_the_object_of_a_coloured_palette_is_one(tmp_path: Path) -> None:
    colours = with_palette(LABELS, (BLACK, RED, GREEN))
    path = saved(colours, tmp_path / "a.png")
    assert np.array_equal(read_structure_picture(path), OBJECT | SECOND)
    assert np.array_equal(read_label_picture(path), LABELS)
