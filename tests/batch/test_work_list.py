"""Which images with which reports."""

from pathlib import Path

import pytest

from medsegr.batch import work_list
from medsegr.batch.dicom_parts import Part
from medsegr.batch.study import CaseNames
from medsegr.batch.work_list import collect_studies
from medsegr.errors import ImageError, ReportError


def made(folder: Path, *names: str) -> list[Path]:
    """Files that nobody reads, but lists."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def reports(folder: Path, images: list[Path], *rows: str) -> list[str | None]:
    table = folder / "reports.csv"
    table.write_text("\n".join(["image,report", *(f"{row},{row}!" for row in rows)]) + "\n")
    return [study.report for study in collect_studies(images, None, None, table)]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("scan-2.png scan.bmp scan.png", "scan-2 scan scan-3"),
        ("scan.bmp scan.png scan-2.png", "scan scan-2 scan-2-2"),
        ("a/SCAN.png b/scan.png c/Scan.png", "SCAN scan-2 Scan-3"),
        ("run.json.png Run.JSON.png run.png", "run.json-2 Run.JSON-3 run"),
    ],
)
def test_no_two_cases_share_a_folder_nor_take_that_of_another_result(files, names):
    given = CaseNames()
    assert [given.next(Path(name).name) for name in files.split()] == names.split()


def test_hidden_files_are_no_images(tmp_path):
    made(tmp_path, "scan.png", "._scan.png", ".hidden.nii.gz")
    assert [study.image.name for study in collect_studies([tmp_path], None, "Nodule.", None)] == ["scan.png"]


def test_a_folder_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ImageError, match=r"cannot be read \(Permission denied\)"):
        collect_studies([tmp_path], None, "Nodule.", None)


def test_columns_in_the_wrong_order_give_no_report_away(tmp_path):
    (tmp_path / "reports.csv").write_text("report,image\na.png,Smith: nodule.\nb.png,Smith: nodule.\n")
    with pytest.raises(ReportError, match="more than once") as caught:
        collect_studies(made(tmp_path, "a.png"), None, None, tmp_path / "reports.csv")
    assert "Smith" not in str(caught.value)


def test_rows_name_images_with_their_folders(tmp_path, monkeypatch):
    images = made(tmp_path, "p/a/scan.png", "p/b/scan.png", "p/b/other.nii.gz")
    expected = ["a/scan.png!", "b/scan!", "other!"]
    rows = ["a/scan.png", "b/scan", "other", "elsewhere/scan.png"]
    assert reports(tmp_path, images, *rows) == expected
    monkeypatch.chdir(tmp_path / "p" / "a")
    assert reports(tmp_path, [Path("scan.png"), Path("../b")], *rows) == ["a/scan.png!", "other!", "b/scan!"]
    assert reports(tmp_path, images, str(images[1])) == [None, f"{images[1]}!", None]


def test_the_row_that_says_most_counts(tmp_path):
    images = made(tmp_path, "a/scan.png", "b/scan.png", "b/scan.bmp")
    assert reports(tmp_path, images, "scan.png", "scan", "b/scan.png") == ["scan.png!", "b/scan.png!", "scan!"]


@pytest.mark.parametrize("row", ["scan.png", "scan", "p/scan"])
def test_a_row_that_fits_several_images_is_refused(row, tmp_path):
    images = made(tmp_path, "a/p/scan.png", "b/p/scan.png")
    with pytest.raises(ReportError, match=r"fits both .*a/p/scan.png and .*b/p/scan.png: name each with its folder"):
        reports(tmp_path, images, row)


def test_one_image_given_twice_is_no_riddle(tmp_path):
    (image,) = made(tmp_path, "scan.png")
    assert reports(tmp_path, [image, tmp_path], "scan.png") == ["scan.png!", "scan.png!"]


def test_a_report_that_a_comma_cuts_is_refused(tmp_path):
    (tmp_path / "reports.csv").write_text("image,report\na.png,No mass, Smith has a nodule.\n")
    with pytest.raises(
        ReportError, match=r"line 2 has more cells than the first line; put the report.* in quotes"
    ) as e:
        collect_studies(made(tmp_path, "a.png"), None, None, tmp_path / "reports.csv")
    assert "Smith" not in str(e.value)


def test_rows_that_fit_no_image_are_counted(tmp_path):
    images = made(tmp_path, "a/scan.png", "b/scan.png")
    assert reports(tmp_path, images, "a/scan.png", "b/scan", "c/scan.png", "x") == ["a/scan.png!", "b/scan!"]
    told = "2 rows fit no image that was given, in reports.csv."
    assert collect_studies(images, None, None, tmp_path / "reports.csv").notes == (told,)
    reports(tmp_path, images[:1], "a/scan.png", "scan.png")
    notes = collect_studies(images[:1], None, None, tmp_path / "reports.csv").notes
    assert notes == (), "a row that another one outdoes fits"


def test_folders_within_folders_are_read_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(work_list, "dicom_parts", lambda folder: [Part(folder, "#1"), Part(folder / "2.dcm")])
    made(tmp_path, "b/scan.png", "a/x/scan.png", "a/.hidden/scan.png", "c/1.dcm", "c/2.dcm", "top.png")
    plain = [study.image.name for study in collect_studies([tmp_path], None, "x", None)]
    deep = [study.image for study in collect_studies([tmp_path], None, "x", None, recursive=True)]
    assert plain == ["top.png"]
    assert deep == [tmp_path / name for name in ("top.png", "a/x/scan.png", "b/scan.png", "c", "c/2.dcm")]
    one = next(iter(collect_studies([tmp_path / "c"], None, "x", None)))
    assert (one.case, one.name, one.shown, one.may_be_volume) == ("c_1", "c#1", f"{tmp_path}/c#1", True)
    with pytest.raises(ImageError, match="--recursive"):
        collect_studies([tmp_path / "a"], None, "x", None)


@pytest.mark.parametrize("rows", [("scan.png", "./scan.png"), ("a//scan.png", "a/scan.png"), ("scan.png", "scan")])
def test_two_rows_for_one_image_are_refused(rows, tmp_path):
    with pytest.raises(ReportError, match=r"named more than once|Two rows of the reports fit .*a/scan.png"):
        reports(tmp_path, made(tmp_path, "a/scan.png"), *rows)


def test_letters_may_be_composed_otherwise_than_in_the_name_of_the_file(tmp_path):
    one, two = "caf\u00e9.png", "cafe\u0301.png"
    assert reports(tmp_path, made(tmp_path, two), one) == [f"{one}!"]
    assert reports(tmp_path, [tmp_path / one], two) == [f"{two}!"]


def test_a_table_may_name_a_picture_twice(tmp_path):
    made(tmp_path, "a.png", "b.png")
    table = tmp_path / "studies.csv"
    for rows, repeats in (
        (["a.png,Nodule.", "b.png,Nodule."], False),
        (["a.png,Nodule.", "a.png,Mass."], True),
    ):
        table.write_text("\n".join(["image,report", *rows]) + "\n")
        assert collect_studies([table], None, None, None).repeats is repeats
    assert not collect_studies([tmp_path], None, None, None).repeats
