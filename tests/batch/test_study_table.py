"""Tables as work lists."""

import json

import pytest

from medsegr.batch.study_table import count_rows, read_rows
from medsegr.batch.work_list import collect_studies
from medsegr.errors import ConfigError, ReportError


def table(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_csv(tmp_path):
    (tmp_path / "r.txt").write_text("Mass.")
    rows = ["case,image,report,targets,modality,report_file,age", 'x,a/scan.png,"Nodule,\nleft.",,,,40']
    rows += [",b/scan.png,,aorta; liver,chest_xray,,", "scan,c.png,,,,r.txt,", ""]
    path = table(tmp_path, "t.csv", "\n".join(rows))
    assert count_rows(path) == 3
    work = collect_studies([path], None, "Else.", None)
    one, two, three = work
    assert len(work) == 3 and list(work) == [one, two, three] and not work.asks_nothing
    assert (one.case, one.image, one.report) == ("x", tmp_path / "a/scan.png", "Nodule,\nleft.")
    assert (two.case, two.targets, two.modality) == ("scan", ("aorta", "liver"), "chest_xray")
    assert (three.case, three.report) == ("scan-2", "Mass.")
    assert [study.number for study in work] == [0, 1, 2]


def test_json_lines(tmp_path):
    rows = [{"study": "/abs/a.nii.gz", "report": "Nodule.", "targets": ["aorta"], "patient": "x"},
            {"image": "s3://bucket/b.png"}]  # fmt: skip
    one, two = collect_studies([table(tmp_path, "t.jsonl", "\n\n".join(map(json.dumps, rows)))], None, "Text.", None)
    assert (str(one.image), one.case, one.targets, one.report) == ("/abs/a.nii.gz", "a", ("aorta",), "Nodule.")
    assert (two.address, two.shown, two.name, two.case, two.report) == (
        *["s3://bucket/b.png"] * 2,
        "b.png",
        "b",
        "Text.",
    )


BAD = {
    "no JSON": "{Smith",
    "a list": "[1]",
    "no image": '{"report": "Smith"}',
    "a number": '{"image": 7, "report": "Smith"}',
    "targets of another kind": '{"image": "a.png", "targets": {"Smith": 1}}',
    "a report in place of a picture": '{"image": "Mrs Smith has a nodule."}',
    "a file that is not there": '{"image": "a.png", "report_file": "Smith.txt"}',
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_row_is_listed_without_what_it_says_and_leaves_the_others(bad, tmp_path):
    path = table(tmp_path, "t.jsonl", f'{{"image": "a.png"}}\n{BAD[bad]}\n{{"image": "b.png"}}\n')
    first, second, third = collect_studies([path], None, "x", None)
    assert not first.problem and not third.problem and third.number == 2
    assert "ow 2 of t.jsonl" in second.problem and "Smith" not in second.problem and second.case == "row-2"


def test_a_csv_row_that_a_comma_cuts(tmp_path):
    (row,) = read_rows(table(tmp_path, "t.csv", "image,report\na.png,No mass, Smith\n"))
    assert "more cells" in row.problem and "Smith" not in row.problem


@pytest.mark.parametrize("text", ["", "image,report\n", "report\nSmith\n"])
def test_a_table_of_no_use_is_refused(text, tmp_path):
    with pytest.raises(ReportError, match="no rows|no column 'image'"):
        collect_studies([table(tmp_path, "t.csv", text)], None, None, None)


def test_a_table_of_studies_and_one_of_reports_is_one_too_many(tmp_path):
    path = table(tmp_path, "t.csv", "image,report\na.png,x\n")
    with pytest.raises(ConfigError, match="table of studies"):
        collect_studies([path], None, None, path)
