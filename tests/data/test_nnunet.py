"""nnU-Net's layout: versions, labels, channels, splits, reports."""

import json
from pathlib import Path

import pytest

from medsegr.data.nnunet import read_nnunet
from medsegr.errors import ConfigError, DatasetError
from tests.data import foreign_maker as make


def test_png(tmp_path: Path) -> None:
    make.nnunet(tmp_path, name="Livers", licence="CC BY 4.0")
    (tmp_path / "reports.csv").write_text("image,report\na,Liver.\nb_0000.png,Cancer.\nc.png,Both.\nz,Secret.\n")
    found = read_nnunet(tmp_path)
    assert (found.name, found.licence) == ("Livers", "CC BY 4.0")
    assert found.labels == {"liver": (1,), "cancer": (2,)}
    assert [(c.name, c.image.name, c.split, c.report) for c in found.cases] == [
        ("a.png", "a_0000.png", "train", "Liver."),
        ("b.png", "b_0000.png", "train", "Cancer."),
        ("c.png", "c_0000.png", "test", "Both."),
    ]
    assert found.notes == ("1 reports in reports.csv belong to no image with a mask",)


def test_empty_cells_are_no_reports(tmp_path: Path) -> None:
    make.nnunet(tmp_path)
    (tmp_path / "reports.csv").write_text('image,report\na,Liver.\nb," "\nc,\n')
    assert [case.report for case in read_nnunet(tmp_path).cases] == ["Liver.", None, None]


def test_regions_and_version_1(tmp_path: Path) -> None:
    regions = {"background": 0, "kidney": [1, 2, 3], "mass": [2, 3], "tumor": 2}
    make.nnunet(tmp_path / "two", regions, regions_class_order=[1, 3, 2])
    assert read_nnunet(tmp_path / "two").labels == {"kidney": (1, 2, 3), "mass": (2, 3), "tumor": (2,)}
    make.nnunet(tmp_path / "one", {"0": "background", "1": "liver"}, modality={"0": "CT"})
    assert read_nnunet(tmp_path / "one").labels == {"liver": (1,)}


def test_channels(tmp_path: Path) -> None:
    make.nnunet(tmp_path, channel_names={"0": "T1", "1": "FLAIR"})
    for part, case in (("Tr", "a"), ("Tr", "b"), ("Ts", "c")):
        make.grey(tmp_path / f"images{part}" / f"{case}_0001.png", 9)
    with pytest.raises(ConfigError, match=r"case a has 2 channels: 0 \(T1\), 1 \(FLAIR\).*--channel"):
        read_nnunet(tmp_path)
    for channel in ("1", "flair", "FLAIR"):
        assert [c.image.name for c in read_nnunet(tmp_path, channel).cases] == [
            "a_0001.png",
            "b_0001.png",
            "c_0001.png",
        ]
    with pytest.raises(ConfigError, match=r"channel 'T2' is not one of dataset\.json's: 0 \(T1\), 1 \(FLAIR\)"):
        read_nnunet(tmp_path, "T2")
    (tmp_path / "imagesTr" / "b_0001.png").unlink()
    with pytest.raises(ConfigError, match="case b has no channel 1"):
        read_nnunet(tmp_path, "1")


def test_splits(tmp_path: Path) -> None:
    make.nnunet(tmp_path)
    (tmp_path / "splits_final.json").write_text(json.dumps([{"train": ["a"], "val": ["b"]}, {"val": ["a"]}]))
    (tmp_path / "labelsTs" / "c.png").unlink()
    make.painted(tmp_path / "labelsTr" / "ghost.png", {})
    found = read_nnunet(tmp_path)
    assert [(c.name, c.split) for c in found.cases] == [("a.png", "train"), ("b.png", "val")]
    assert found.notes == (
        "1 masks of labelsTr without an image were left out, the first is ghost",
        "1 images of imagesTs without a mask were left out, the first is c",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file_ending": ".mha"}, r"end in '\.mha', which is not read.*Convert them"),
        ({"labels": {"background": 0, "liver": 1, "ignore": 2}}, "'ignore' label"),
        ({"labels": {"background": 0}}, "no label but the background"),
        ({"labels": {"liver": "one"}}, "'liver' has no value"),
        ({"labels": []}, "no object 'labels'"),
        ({"file_ending": ".bmp"}, "holds no image in imagesTr"),
    ],
)
def test_refusals(tmp_path: Path, changes: dict, message: str) -> None:
    make.nnunet(tmp_path)
    content = json.loads((tmp_path / "dataset.json").read_text())
    (tmp_path / "dataset.json").write_text(json.dumps({**content, **changes}))
    with pytest.raises(DatasetError, match=message):
        read_nnunet(tmp_path)


def test_files_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no dataset\.json"):
        read_nnunet(tmp_path)
    make.nnunet(tmp_path)
    (tmp_path / "splits_final.json").write_text("{}")
    with pytest.raises(DatasetError, match="list of folds"):
        read_nnunet(tmp_path)
    (tmp_path / "splits_final.json").unlink()
    (tmp_path / "reports.csv").write_text("image,report\na,Secret one.\na_0000.png,Secret two.\n")
    with pytest.raises(DatasetError, match="a second report") as caught:
        read_nnunet(tmp_path)
    assert "Secret" not in str(caught.value)
    (tmp_path / "reports.csv").write_text("picture,report\n")
    with pytest.raises(DatasetError, match="no column 'image'"):
        read_nnunet(tmp_path)
    (tmp_path / "reports.csv").unlink()
    make.grey(tmp_path / "imagesTr" / "c_0000.png", 1)
    make.painted(tmp_path / "labelsTr" / "c.png", {})
    with pytest.raises(DatasetError, match="case c is in imagesTr and in imagesTs"):
        read_nnunet(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match="cannot be read as JSON"):
        read_nnunet(tmp_path)


def test_a_case_whose_name_ends_like_a_channel_keeps_its_report(tmp_path: Path) -> None:
    make.nnunet(tmp_path)
    for folder, old, new in (("imagesTr", "a_0000", "amos_0001_0000"), ("labelsTr", "a", "amos_0001"),
                             ("imagesTr", "b_0000", "amos_0002_0000"), ("labelsTr", "b", "amos_0002")):  # fmt: skip
        (tmp_path / folder / f"{old}.png").rename(tmp_path / folder / f"{new}.png")
    (tmp_path / "reports.csv").write_text("image,report\namos_0001,Liver.\namos_0002_0000.png,Cancer.\n")
    reports = {case.name: case.report for case in read_nnunet(tmp_path).cases}
    assert reports == {"amos_0001.png": "Liver.", "amos_0002.png": "Cancer.", "c.png": None}
