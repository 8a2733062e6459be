"""LViT's layout and its variants."""

from pathlib import Path

import pytest

from medsegr.data.lvit import key_of, read_lvit
from medsegr.errors import DatasetError
from tests.data import foreign_maker as make


def test_qata_cov19(tmp_path: Path) -> None:
    found = read_lvit(make.qata(tmp_path / "Covid19"))
    assert found.name == "Covid19"
    assert [(c.name, c.mask.name, c.split) for c in found.cases] == [
        ("covid_1.png", "mask_covid_1.png", "train"),
        ("covid_2.png", "mask_covid_2.png", "train"),
        ("covid_3.png", "mask_covid_3.png", "val"),
        ("sub-4.png", "mask_sub-4.png", "test"),
    ]
    assert {case.report for case in found.cases} == {make.SENTENCE}
    assert (found.labels, found.notes) == ({}, ())


def test_mosmeddata_and_monuseg(tmp_path: Path) -> None:
    """Masks of the image's own name; images and masks of different suffixes."""
    place = tmp_path / "Train_Folder"
    for name, mask in (("case17_1.png", "case17_1.png"), ("TCGA-1.tif", "TCGA-1.png")):
        make.grey(place / "img" / name, 0)
        make.painted(place / "labelcol" / mask, {255: slice(2, 9)})
    make.sheet(place / "Train_text.xlsx", [("case17_1.png", "One."), ("TCGA-1.png", "Two.")])
    assert {c.name: c.report for c in read_lvit(tmp_path).cases} == {"TCGA-1.tif": "Two.", "case17_1.png": "One."}


def test_images_gts_and_csv(tmp_path: Path) -> None:
    """The variant of LGMS and its followers: other names of folders, sheets as CSV in prompt/."""
    for split in ("Train", "Test"):
        make.grey(tmp_path / split / "Images" / f"{split}.png", 1)
        make.painted(tmp_path / split / "GTs" / f"mask_{split}.png", {255: slice(2, 9)})
        (tmp_path / "prompt").mkdir(exist_ok=True)
        (tmp_path / "prompt" / f"{split.lower()}.csv").write_text(
            f"Image;Description\nmask_{split}.png;In the {split}, left.\n", encoding="utf-8"
        )
    found = read_lvit(tmp_path)
    assert [(c.split, c.report) for c in found.cases] == [
        ("train", "In the Train, left."),
        ("test", "In the Test, left."),
    ]


def test_qata_cov19_as_it_comes(tmp_path: Path) -> None:
    """Two sets as in the archive, LViT's sheets beside them, the validation images in a list of names."""
    for split, names in (("Train Set", ("covid_1", "covid_2")), ("Test Set", ("sub-4",))):
        for name in names:
            make.grey(tmp_path / split / "Images" / f"{name}.png", 1)
            make.painted(tmp_path / split / "Ground-truths" / f"mask_{name}.png", {255: slice(2, 9)})
        word = split.split()[0]
        make.sheet(tmp_path / f"{word}_text_for_Covid19.xlsx", [(f"mask_{n}.png", f"{word} {n}.") for n in names])
    make.sheet(tmp_path / "Train_ID.xlsx", [("mask_covid_1", "")], ("Image", "No"))
    make.sheet(tmp_path / "Val_ID.xlsx", [("mask_covid_2", "")], ("Image", "No"))
    found = read_lvit(tmp_path)
    assert [(c.name, c.split, c.report) for c in found.cases] == [
        ("covid_1.png", "train", "Train covid_1."),
        ("covid_2.png", "val", "Train covid_2."),
        ("sub-4.png", "test", "Test sub-4."),
    ]
    assert found.notes == ()


def test_mosmeddata_as_it_comes(tmp_path: Path) -> None:
    """Frames and masks without split folders: the sheet that names an image says its split."""
    for name in ("bjorke_1", "jun_2", "morozov_3", "nobody_4"):
        make.grey(tmp_path / "frames" / f"{name}.png", 1)
        make.painted(tmp_path / "masks" / f"{name}.png", {255: slice(2, 9)})
    for split, name in (("Train", "bjorke_1"), ("Val", "jun_2"), ("Test", "morozov_3")):
        make.sheet(tmp_path / f"{split}_text_MosMedData+ 1.xlsx", [(f"{name}.png", f"In {split}.")])
    found = read_lvit(tmp_path)
    assert [(c.name, c.split, c.report) for c in found.cases] == [
        ("bjorke_1.png", "train", "In Train."),
        ("jun_2.png", "val", "In Val."),
        ("morozov_3.png", "test", "In Test."),
    ]
    assert found.notes == ("1 images are in no sheet and were left out, the first is nobody_4.png",)
    make.sheet(tmp_path / "Test_text_MosMedData+ 1.xlsx", [("jun_2.png", "Again.")])
    with pytest.raises(DatasetError, match=r"sheets of val and test both name jun_2\.png"):
        read_lvit(tmp_path)


def test_what_does_not_fit_is_noted(tmp_path: Path) -> None:
    make.qata(tmp_path)
    place = tmp_path / "Train_Folder"
    make.grey(place / "img" / "bare.png", 5)
    make.painted(place / "labelcol" / "mask_lonely.png", {})
    make.grey(place / "img" / "mute.png", 6)
    make.painted(place / "labelcol" / "mute.png", {})
    make.sheet(
        place / "Train_text.xlsx", [("mask_covid_1.png", "Yes."), ("nobody.png", "Secret."), ("covid_2.png", "")]
    )
    (tmp_path / "Val_Folder" / "Val_text.xlsx").unlink()
    found = read_lvit(tmp_path)
    assert found.notes == (
        "Train_Folder: 1 images without a mask were left out, the first is bare.png",
        "Train_Folder: 1 masks without an image were left out, the first is mask_lonely.png",
        "Train_Folder: 2 images have no sentence, the first is covid_2.png",
        "Train_Folder: 1 sentences belong to no image",
        "Val_Folder: no sheet of sentences was found, so there are no reports",
    )
    assert "Secret" not in repr(found)
    assert {c.name for c in found.cases if c.report} == {"covid_1.png", "sub-4.png"}


def two_sheets(folder: Path) -> None:
    (folder / "Val_Folder" / "Val_more.csv").write_text("image,text\n")


def twin_masks(folder: Path) -> None:
    make.painted(folder / "Val_Folder" / "labelcol" / "covid_3.png", {})


def same_name(folder: Path) -> None:
    for name in ("img/covid_1.png", "labelcol/mask_covid_1.png"):
        (folder / "Test_Folder" / name).write_bytes((folder / "Train_Folder" / name).read_bytes())


def no_masks(folder: Path) -> None:
    (folder / "Test_Folder" / "labelcol").rename(folder / "Test_Folder" / "elsewhere")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (two_sheets, r"several sheets of sentences for .*Val_Folder: Val_more\.csv, Val_text\.xlsx"),
        (twin_masks, r"covid_3\.png and mask_covid_3\.png"),
        (same_name, r"covid_1\.png is in two splits, train and test"),
        (no_masks, r"Test_Folder has no folder labelcol/"),
    ],
)
def test_refusals(tmp_path: Path, spoil, message: str) -> None:
    spoil(make.qata(tmp_path))
    with pytest.raises(DatasetError, match=message):
        read_lvit(tmp_path)


def test_another_layout(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not in LViT's layout"):
        read_lvit(tmp_path)
    (tmp_path / "Train_Folder" / "img").mkdir(parents=True)
    (tmp_path / "Train_Folder" / "labelcol").mkdir()
    with pytest.raises(DatasetError, match="holds no image with a mask"):
        read_lvit(tmp_path)


def test_keys() -> None:
    assert [key_of(n) for n in ("mask_a.png", "a.tif", "a.b.nii.gz", " a.PNG ")] == ["a", "a", "a.b", "a"]
