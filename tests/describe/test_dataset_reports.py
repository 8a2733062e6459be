"""A data set -> a table: same seed same bytes, places that are refused, real sets without text."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.describe.dataset_reports import derive_reports, report_path, save_reports
from medsegr.describe.derived_report import said
from medsegr.errors import DatasetError, OutputError
from tests.data import dataset_maker as make
from tests.describe.cases import ellipse, picture
from tests.shared_data import shared

LESIONS = {"a.png": ellipse(0.3, 0.75), "b.png": ellipse(0.7, 0.25, 0.05, 0.1), "c.png": None}


def dataset(folder: Path, **changes) -> Path:
    """Three abdominal slices; the last shows no lesion."""
    make.manifest(folder, **{"modality": "abdomen_ct", "labels": {"background": 0, "liver_lesion": 1}, **changes})
    for name, lesion in LESIONS.items():
        mask = np.zeros((128, 128), bool) if lesion is None else lesion
        for place, pixels in (("images", picture({40.0: mask})), ("masks", mask.astype(np.uint8))):
            (folder / place).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / place / name)
    make.table(folder / "split.csv", ("image", "split"), zip(LESIONS, ("train", "train", "test"), strict=True))
    return folder


def derived(folder: Path, seed: int = 0, split: str | None = None):
    data = DatasetFolder(folder)
    return list(derive_reports(data, data.images(split), load_lexicon(), seed))


def test_reports_say_side_and_absence(tmp_path: Path) -> None:
    first, second, third = derived(dataset(tmp_path))
    assert [each.image for each in (first, second, third)] == list(LESIONS)
    assert first.report.findings[0].location.laterality == "left"
    assert second.report.findings[0].location.laterality == "right"
    assert third.report.findings[0].presence == "absent"
    assert all(each.unsaid == 0 for each in (first, second, third))


def test_a_report_depends_on_seed_and_name_alone(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    whole = {each.image: each.report.text for each in derived(folder)}
    assert {each.image: each.report.text for each in derived(folder, split="train")}.items() <= whole.items()
    texts = {tuple(each.report.text for each in derived(folder, seed)) for seed in range(8)}
    assert len(texts) == 8
    for name in ("one.csv", "two.csv"):
        save_reports(tmp_path / name, derived(folder, 5))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_table_is_read_back_as_derived(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    described = derived(folder)
    save_reports(report_path(DatasetFolder(folder), None), described)
    data = DatasetFolder(folder)
    assert data.has_reports
    for each in described:
        case = data.load(each.image)
        assert (case.report, case.report_origin) == (each.report.text, "derived")
        assert list(map(said, parse_report(case.report, data.modality))) == list(map(said, each.report.findings))
    rows = list(csv.DictReader((folder / "reports_derived.csv").open(encoding="utf-8", newline="")))
    assert list(rows[0]) == ["image", "report", "origin"]
    assert {row["origin"] for row in rows} == {"derived"}


def test_an_image_of_which_nothing_is_known_has_no_row(tmp_path: Path) -> None:
    folder = dataset(tmp_path, incomplete=["liver_lesion"])
    described = derived(folder)
    assert described[2].report.text == ""
    save_reports(tmp_path / "out.csv", described)
    assert "c.png" not in (tmp_path / "out.csv").read_text()


def test_places_that_are_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    data = DatasetFolder(folder)
    for name in ("reports.csv", "elsewhere/reports.csv"):
        with pytest.raises(OutputError, match="never written"):
            report_path(data, tmp_path / name, overwrite=True)
    out = tmp_path / "mine.csv"
    out.write_text("image,report\na.png,Real words.\n")
    with pytest.raises(OutputError, match="pass --overwrite"):
        report_path(data, out)
    with pytest.raises(OutputError, match="other things than derived"):
        report_path(data, out, overwrite=True)
    save_reports(tmp_path / "ours.csv", derived(folder))
    assert report_path(data, tmp_path / "ours.csv", overwrite=True) == tmp_path / "ours.csv"
    (folder / "reports.csv").write_text("image,report\na.png,Real words.\n")
    with pytest.raises(OutputError, match="has reports.csv already"):
        report_path(DatasetFolder(folder), None)
    assert report_path(DatasetFolder(folder), tmp_path / "new.csv") == tmp_path / "new.csv"


def test_an_unknown_modality_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="modality 'abdomen_xct'"):
        derived(dataset(tmp_path, modality="abdomen_xct"))


@pytest.mark.parametrize("name", ["brain_mri_lgg", "cardiac_mri_acdc", "ct_covid_lesion"])
def test_public_sets_without_text(name: str) -> None:
    data = DatasetFolder(shared(f"data/{name}"))
    reports = list(derive_reports(data, data.images()[::20], load_lexicon()))
    assert reports
    for each in reports:
        assert each.unsaid == 0
        assert each.report.text
        assert list(map(said, parse_report(each.report.text, data.modality))) == list(map(said, each.report.findings))
