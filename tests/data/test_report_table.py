"""Which file holds the reports, and whether they are real or derived."""

from pathlib import Path

import pytest

from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.report_table import holds_derived_only, report_origins
from medsegr.errors import DatasetError
from tests.data import dataset_maker as make

DERIVED = "image,report,origin\na.png,A liver.,derived\n"


def test_real_reports_come_first(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    (folder / "reports_derived.csv").write_text(DERIVED)
    data = DatasetFolder(folder)
    case = data.load("a.png")
    assert (case.report, case.report_origin, data.report_origin("a.png")) == ("A lesion, seen.", "real", "real")
    assert (data.load("c.png").report_origin, data.report_origin("c.png")) == (None, None)


def test_derived_reports_where_there_are_no_others(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    (folder / "reports.csv").unlink()
    assert not DatasetFolder(folder).has_reports
    (folder / "reports_derived.csv").write_text(DERIVED)
    data = DatasetFolder(folder)
    assert (data.report("a.png"), data.load("a.png").report_origin) == ("A liver.", "derived")
    assert data.load("b.png").report_origin is None


def test_the_manifest_names_the_table(tmp_path: Path) -> None:
    folder = make.labelled(tmp_path)
    make.manifest(folder, labels={"background": 0, "liver": 1, "lesion": [2, 3]}, reports="mixed.csv")
    with pytest.raises(DatasetError, match=r"'reports' names 'mixed\.csv', which is no file"):
        DatasetFolder(folder)
    (folder / "mixed.csv").write_text(DERIVED + "b.png,Real.,real\nz.png,Strange.,\n")
    data = DatasetFolder(folder)
    assert [data.report_origin(name) for name in make.NAMES] == ["derived", "real", None]
    complaints = check_dataset(folder)
    assert any("mixed.csv: z.png is not in images/" in complaint for complaint in complaints)


@pytest.mark.parametrize("name", ["../reports.csv", "/reports.csv", 3])
def test_a_table_outside_the_folder_is_refused(name: object, tmp_path: Path) -> None:
    folder = make.labelled(tmp_path / "set")
    (tmp_path / "reports.csv").write_text(DERIVED)
    make.manifest(folder, labels={"background": 0, "liver": 1, "lesion": [2, 3]}, reports=name)
    with pytest.raises(DatasetError, match="'reports'"):
        DatasetFolder(folder)


def test_origins(tmp_path: Path) -> None:
    plain, named = tmp_path / "reports.csv", tmp_path / "reports_derived.csv"
    for path in (plain, named):
        path.write_text("image,report\na.png,A liver.\n")
    assert report_origins(plain) == {"a.png": "real"}
    assert report_origins(named) == {"a.png": "derived"}, "the name alone says so"
    assert not holds_derived_only(named)
    named.write_text(DERIVED)
    assert holds_derived_only(named)
    assert report_origins(named) == {"a.png": "derived"}
    named.write_text(DERIVED + "b.png,Real.,real\n")
    assert not holds_derived_only(named)
