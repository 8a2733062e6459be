"""A DICOM study is segmented with the report that lies in it, where none is given."""

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("highdicom", reason='needs pip install "medsegr[dicom]"')

from medsegr.batch.work_list import collect_studies
from medsegr.cli.main import main
from tests.pacs.studies import REPORT, bright_worker, dataset_at, write_study


def segmented(out: Path, *given: object) -> dict[str, tuple[str, list[str]]]:
    """Case -> where its report came from, and the ids of its findings."""
    assert main(["segment", *map(str, given), "--out", str(out), "--no-pictures"]) == 0
    told = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/findings.json")}
    records = {case: json.loads((out / case / "case.json").read_text()) for case in told}
    return {case: (records[case]["report_from"], [one["id"] for one in found["findings"]])
            for case, found in told.items()}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_studys_own_report_is_taken_and_a_given_one_goes_before_it(packed, tmp_path, monkeypatch, capsys):
    bright_worker(monkeypatch)
    write_study(tmp_path / "study", 1)
    given = tmp_path / "study"
    if packed:
        given = Path(shutil.make_archive(str(given), "zip", given))
    own = segmented(tmp_path / "own", given)
    told = capsys.readouterr()
    assert list(own.values()) == [("study", ["nodule-left", "pleural_effusion-left", "consolidation"])] * 2
    assert "Note: 2 of 2 images are read with the report that lies in their study." in told.err
    for kept in (told.out, told.err, *(path.read_text() for path in (tmp_path / "own").glob("*/*.json"))):
        assert "left upper lobe." not in kept and "No consolidation" not in kept
    other = segmented(tmp_path / "other", given, "--text", "Consolidation.")
    assert list(other.values()) == [("given", ["consolidation"])] * 2
    assert "report that lies" not in capsys.readouterr().err
    asked = segmented(tmp_path / "asked", given, "--target", "consolidation")
    assert [source for source, _ in asked.values()] == ["study"] * 2, "targets go beside a report, not in its place"
    assert all("nodule-left" in found for _, found in asked.values())


def test_each_study_of_a_folder_has_its_own_report(tmp_path):
    for number, report in ((1, "Mass."), (2, None), (3, "Nodule.")):
        write_study(tmp_path / "all" / str(number), number, report=report)
    for recursive in (False, True):  # a folder whose files are DICOM is read with all that lies below
        (tmp_path / "all" / "1" / "picture.dcm").rename(tmp_path / "all" / "picture.dcm")
        work = collect_studies([tmp_path / "all"], None, None, None, recursive=recursive)
        (tmp_path / "all" / "picture.dcm").rename(tmp_path / "all" / "1" / "picture.dcm")
        assert [(part.report or "").strip() for part in work.parts].count("Mass.") == 2
        assert [(part.report or "").strip() for part in work.parts].count("Nodule.") == 2
        assert len(work) == 6 and work.notes[0].startswith("4 of 6 images")
    apart = collect_studies([tmp_path / "all"], None, None, None, recursive=True)
    assert len(apart) == 6 and [part.own_report for part in apart.parts] == [True] * 2 + [False] * 2 + [True] * 2
    assert not apart.asks_nothing


@pytest.mark.parametrize("kind", [None, "1.2.840.10008.5.1.4.1.1.88.67"])
def test_a_folder_of_a_studys_reports_is_no_case(kind, tmp_path):
    write_study(tmp_path / "study" / "images", 1)
    reports = tmp_path / "study" / "reports"
    reports.mkdir()
    (tmp_path / "study" / "images" / "report.dcm").rename(reports / "report.dcm")
    if kind:  # of the dose
        other = dataset_at(reports / "report.dcm")
        other.SOPClassUID = kind
        other.save_as(reports / "dose.dcm")
    work = collect_studies([tmp_path / "study"], None, None, None, recursive=True)
    assert [part.own_report for part in work.parts] == [True] * 2
    (reports / "more.dcm").write_bytes(b"no more DICOM")
    assert len(collect_studies([tmp_path / "study"], None, None, None, recursive=True)) == 2
    shutil.copy(tmp_path / "study" / "images" / "picture.dcm", reports)
    assert len(collect_studies([tmp_path / "study"], None, None, None, recursive=True)) == 3


def test_a_report_that_cannot_be_used_is_told_and_left_out(tmp_path, monkeypatch, capsys):
    bright_worker(monkeypatch)
    write_study(tmp_path / "study", 1, report="")
    assert main(["segment", str(tmp_path / "study"), "--out", str(tmp_path / "out")]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "A study's own report was left out: report.dcm is a structured report without any text" in told
    assert "Nothing to look for" in told
    found = segmented(tmp_path / "out", tmp_path / "study", "--target", "consolidation")
    assert list(found.values()) == [("", ["consolidation"])] * 2


def test_another_studys_report_and_ours_are_left_alone(tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    write_study(tmp_path / "study", 1)
    write_study(tmp_path / "else", 2, report="Mass.")
    segmented(tmp_path / "out", tmp_path / "study")
    (tmp_path / "study" / "report.dcm").unlink()
    shutil.copy(next((tmp_path / "out").glob("*/report.dcm")), tmp_path / "study" / "ours.dcm")
    shutil.copy(tmp_path / "else" / "report.dcm", tmp_path / "study" / "else.dcm")
    work = collect_studies([tmp_path / "study"], None, None, None)
    assert work.asks_nothing and work.notes == () and REPORT not in str(work)
