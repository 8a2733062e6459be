"""Masks of foreign data sets as users have them: what is converted is what the mask shows."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.data.conversion import Target, convert_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.lvit import read_lvit
from medsegr.data.nnunet import read_nnunet
from medsegr.errors import DatasetError, ImageError
from tests.data import foreign_maker as make
from tests.data.picture_maker import with_palette

MASK = np.zeros(make.SIZE, np.uint8)
MASK[3:9, 4:20] = MASK[10:14, 4] = 1
PNEUMONIA = Target({"": "pneumonia"}, "chest_xray", "patient", "made")


def assert_converted_to(expected: np.ndarray, picture: Image.Image, folder: Path) -> None:
    """A data set in LViT's layout all of whose masks are this picture, in ours."""
    source = make.qata(folder / "source")
    for split in ("Train", "Val", "Test"):
        for path in (source / f"{split}_Folder" / "labelcol").iterdir():
            picture.save(path)
    convert_dataset(read_lvit(source), PNEUMONIA, folder / "out")
    made = DatasetFolder(folder / "out")
    for name in made.images():
        np.testing.assert_array_equal(made.load(name).structures["pneumonia"], expected)


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(MASK * 255).quantize(2),
        Image.fromarray(np.dstack([np.full_like(MASK, 255)] * 3 + [MASK * 255])),
        Image.fromarray(np.dstack([MASK * 0] * 3 + [MASK * 255])),
        Image.merge("LA", [Image.fromarray(MASK * 255), Image.new("L", make.SIZE[::-1], 255)]),
    ],
    ids=["palette", "white under alpha", "black under alpha", "grey with alpha"],
)
def test_black_and_white_masks_are_converted_as_they_look(picture: Image.Image, tmp_path: Path) -> None:
    assert_converted_to(MASK == 1, picture, tmp_path)


def test_masks_that_tell_nothing_are_refused(tmp_path: Path) -> None:
    source = make.qata(tmp_path / "source")
    (path,) = (source / "Val_Folder" / "labelcol").iterdir()
    with_palette(MASK, ((0, 0, 0), (0, 0, 0))).save(path)
    with pytest.raises(ImageError, match=f"palette of {path.name}"):
        convert_dataset(read_lvit(source), PNEUMONIA, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [("liver", "cancer"), ("cancer",)])
def test_label_maps_with_palettes_keep_their_indices(kept: tuple[str, ...], tmp_path: Path) -> None:
    source = make.nnunet(tmp_path / "source")
    for path in (source / "labelsTr").iterdir():
        with_palette(2 * MASK, ((0, 0, 0), (200, 0, 0), (0, 0, 200))).save(path)
    convert_dataset(
        read_nnunet(source), Target({n: n for n in kept}, "abdomen_ct", "patient", "made"), tmp_path / "out"
    )
    case = DatasetFolder(tmp_path / "out").load("a.png")
    np.testing.assert_array_equal(case.structures["cancer"], MASK == 1)
    assert not case.structures.get("liver", np.zeros(1)).any()


def test_label_maps_of_other_values_are_refused(tmp_path: Path) -> None:
    source = make.nnunet(tmp_path / "source")
    Image.fromarray(MASK * 255).quantize(2).save(source / "labelsTr" / "a.png")
    target = Target({"liver": "liver", "cancer": "cancer"}, "abdomen_ct", "patient", "made")
    with pytest.raises(DatasetError, match="palette of a.png"):
        convert_dataset(read_nnunet(source), target, tmp_path / "out")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".Nii", ".Nii.Gz"])
def test_volumes_of_any_name_keep_order_and_header(ending: str, tmp_path: Path) -> None:
    source = make.nnunet(tmp_path / "source", file_ending=ending)
    voxels = np.random.default_rng(0).integers(0, 99, (12, 10, 9)).astype(np.int16)
    affine = np.array([[0, 2.0, 0, 5], [0, 0, -3.0, 6], [1.5, 0, 0, 7], [0, 0, 0, 1]])
    for part, content in (("imagesTr/v_0000", voxels), ("labelsTr/v", (voxels % 3).astype(np.int16))):
        plain = make.volume(source / f"{part}.{'nii.gz' if ending.lower().endswith('gz') else 'nii'}", content, affine)
        plain.rename(source / f"{part}{ending}")
    convert_dataset(
        read_nnunet(source), Target({"cancer": "cancer"}, "abdomen_ct", "patient", "made"), tmp_path / "out"
    )
    name = f"v{ending}"
    case = DatasetFolder(tmp_path / "out").load(name)
    np.testing.assert_array_equal(case.structures["cancer"], case.image.geometry.to_displayed(voxels % 3 == 2))
    (tmp_path / "out" / "masks" / name).rename(tmp_path / f"m{ending.lower()}")
    written = nib.load(tmp_path / f"m{ending.lower()}")
    np.testing.assert_allclose(written.affine, affine)
    assert written.header["sform_code"] == 1
    np.testing.assert_array_equal(np.asarray(written.dataobj), np.where(voxels % 3 == 2, 2, 0))


NUMBERS = np.where(MASK > 0, 1 + np.arange(MASK.size).reshape(MASK.shape) % 2, 0)
"""The mask, with 1 and 2 by turns."""


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.fromarray(NUMBERS.astype(np.uint8)), NUMBERS > 0),
        (Image.fromarray((NUMBERS * 150).astype(np.uint16)), NUMBERS > 0),
        (with_palette(NUMBERS, ((0, 0, 0), (200, 0, 0), (0, 9, 9))), NUMBERS > 0),
        (Image.fromarray(np.uint8([0, 90, 255])[NUMBERS]), NUMBERS > 1),
    ],
    ids=["labels", "many objects", "colours", "smeared white"],
)
def test_what_is_numbered_is_all_there_and_what_is_painted_from_half_of_white_on(
    picture: Image.Image, expected: np.ndarray, tmp_path: Path
) -> None:
    assert_converted_to(expected, picture, tmp_path)
