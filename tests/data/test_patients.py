"""Whose images they are."""

from pathlib import Path

import pytest

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.patients import patients_of
from tests.data.dataset_maker import NAMES, labelled
from tests.shared_data import shared


def test_without_a_column_every_image_stands_for_itself(tmp_path: Path) -> None:
    assert patients_of(DatasetFolder(labelled(tmp_path / "set"))) == ({name: name for name in NAMES}, "image")


@pytest.mark.parametrize("file", ["split.csv", "provenance.csv"])
def test_a_column_beside_the_image(tmp_path: Path, file: str) -> None:
    folder = labelled(tmp_path / "set")
    rows = [
        f"{name},{split},p{k // 2}" for k, (name, split) in enumerate(zip(NAMES, ("train", "val", "test"), strict=True))
    ]
    (folder / file).write_text("image,split,patient\n" + "\n".join(rows) + "\n")
    assert patients_of(DatasetFolder(folder)) == ({"a.png": "p0", "b.png": "p0", "c.png": "p1"}, "patient")


def test_a_patient_comes_before_an_examination_and_gaps_are_images(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "set")
    (folder / "provenance.csv").write_text("image,case,patient\na.png,e1,p1\nb.png,e2,\n")
    assert patients_of(DatasetFolder(folder)) == ({"a.png": "p1", "b.png": "b.png", "c.png": "c.png"}, "patient")


def test_cases_made_of_one_picture_belong_together(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "set")
    (folder / "provenance.csv").write_text("image,source_image\na.png,s.png\nb.png,s.png\n")
    patients = {"a.png": "s.png", "b.png": "s.png", "c.png": "c.png"}
    assert patients_of(DatasetFolder(folder)) == (patients, "source_image")


@pytest.mark.parametrize(
    ("name", "column"),
    [("cardiac_mri_acdc", "patient"), ("cxr_covid_multi", "patient"), ("brain_mri_lgg", "case"),
     ("polyp_cvc_text", "run"), ("breast_us_text", "image")],
)  # fmt: skip
def test_real_sets(name: str, column: str) -> None:
    folder = DatasetFolder(shared(f"data/{name}"))
    patients, kind = patients_of(folder)
    assert kind == column and set(patients) == set(folder.images())
    if column != "image":
        assert 1 < len(set(patients.values())) < len(patients)
