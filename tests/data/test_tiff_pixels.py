"""TIFFs: which side is up; masks as their images."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from medsegr.data.image import load_image, load_label_map

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
