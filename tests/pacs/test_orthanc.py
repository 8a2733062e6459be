"""A real PACS: studies go in, are found, fetched and segmented, and the results lie beside them."""

import json

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from medsegr.cli.main import main
from medsegr.errors import PacsError
from medsegr.pacs.archive import Query, series_to_fetch
from medsegr.pacs.connect import connect
from tests.pacs.studies import REPORT, bright_worker, day, drawn, write_study

WAYS = ("dicomweb", "get", "move")


@pytest.mark.parametrize(("number", "way"), enumerate(WAYS, 1))
def test_what_is_stored_is_found_and_comes_back(orthanc, tmp_path, number, way):
    archive = orthanc.archives()[way]
    study = write_study(tmp_path / "in", number)
    archive.echo()
    assert archive.studies(Query(study=study)) == []
    archive.store(sorted((tmp_path / "in").iterdir()))
    (found,) = archive.studies(Query(accession=f"A{number}"))
    assert (found.uid, found.date, set(found.modalities)) == (study, f"202601{day(number)}", {"CT", "OT", "SR"})
    series = archive.series(study)
    assert sorted((one.modality, one.instances) for one in series) == [("CT", 3), ("OT", 1), ("SR", 1)]
    (tmp_path / "out").mkdir()
    assert archive.fetch(study, series_to_fetch(series), tmp_path / "out") == 5
    came = {made.SOPInstanceUID: made for made in map(dcmread, (tmp_path / "out").iterdir())}
    for sent in map(dcmread, (tmp_path / "in").iterdir()):
        assert came[sent.SOPInstanceUID] == sent


@pytest.mark.parametrize(("number", "way"), enumerate(("web", "node"), 11))
def test_a_study_is_segmented_and_its_results_lie_beside_it(orthanc, tmp_path, monkeypatch, number, way):
    bright_worker(monkeypatch)
    study, address = write_study(tmp_path / "in", number), getattr(orthanc, way)
    archive = connect(address)
    archive.store(sorted((tmp_path / "in").iterdir()))
    typed = ["pacs", "segment", address, study, "--out", str(tmp_path / "out"), "--no-pictures"]
    assert main([*typed, "--store"]) == 0
    cases = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*/case.json")]
    assert [case["report_from"] for case in cases] == ["study"] * 2
    made = {one.modality: one for one in archive.series(study)}
    assert sorted(one.modality for one in archive.series(study)) == ["CT", "OT", "SEG", "SEG", "SR", "SR", "SR"]
    (tmp_path / "back").mkdir()
    archive.fetch(study, [one for one in archive.series(study) if one.modality == "SEG"], tmp_path / "back")
    assert made["SEG"].instances == 1
    read = [highdicom.seg.segread(path) for path in (tmp_path / "back").iterdir()]
    kinds = {int(one.Rows): one for one in read if one.number_of_segments == 2 and int(one.NumberOfFrames) == 2}
    picture = next(iter(kinds.values()))
    assert picture.StudyInstanceUID == study and str(picture.PatientName)
    wanted = dict(zip(("Nodule", "Pleural effusion"), drawn(), strict=True))
    for number_of, frame in enumerate(picture.pixel_array, 1):
        label = picture.get_segment_description(number_of).segment_label
        mask = next(mask for name, mask in wanted.items() if label.lower().startswith(name.lower()))
        np.testing.assert_array_equal(frame > 0, mask)
    assert (drawn()[0] & drawn()[1]).any()


def test_a_second_run_reads_the_hospitals_report_and_not_ours(orthanc, tmp_path, monkeypatch):
    model, study = bright_worker(monkeypatch), write_study(tmp_path / "in", 21)
    connect(orthanc.web).store(sorted((tmp_path / "in").iterdir()))
    typed = ["pacs", "segment", orthanc.web, study, "--no-pictures", "--store", "--out"]
    for run in ("first", "second"):
        assert main([*typed, str(tmp_path / run)]) == 0
    asked = [[finding.target for finding in listed] for call in model.asked for listed in call]
    assert asked and all(names == ["nodule", "pleural_effusion"] for names in asked)
    first, second = (sorted((tmp_path / run).glob("*/findings.json")) for run in ("first", "second"))
    assert [path.read_text() for path in first] == [path.read_text() for path in second]
    kinds = [one.modality for one in connect(orthanc.web).series(study)]
    assert kinds.count("SEG") == 2, "the same results have the same UIDs, and are stored once"


def test_what_is_found_is_listed_without_the_patient(orthanc, tmp_path, capsys):
    study = write_study(tmp_path / "in", 31)
    assert main(["pacs", "store", orthanc.web, *map(str, (tmp_path / "in").iterdir())]) == 0
    capsys.readouterr()
    for address in (orthanc.web, orthanc.node):
        assert main(["pacs", "find", address, "--study", study, "--series", "--json"]) == 0
        told = capsys.readouterr().out
        assert [one["study"] for one in json.loads(told)] == [study] and len(json.loads(told)[0]["series"]) == 3
        assert "ZQ-123456" not in told and "Quorra" not in told
        assert main(["pacs", "find", address, "--study", study, "--patient"]) == 0
        assert "ZQ-123456" in capsys.readouterr().out


def test_one_series_is_fetched_with_the_report(orthanc, tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    study = write_study(tmp_path / "in", 41)
    archive = connect(orthanc.web)
    archive.store(sorted((tmp_path / "in").iterdir()))
    volume = next(one.uid for one in archive.series(study) if one.modality == "CT")
    typed = ["pacs", "segment", orthanc.web, study, "--series", volume, "--no-pictures", "--out", str(tmp_path / "out")]
    assert main(typed) == 0
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["study"]


def test_a_study_without_a_report_is_refused_in_words(orthanc, tmp_path, capsys):
    study = write_study(tmp_path / "in", 51, report=None)
    connect(orthanc.web).store(sorted((tmp_path / "in").iterdir()))
    assert main(["pacs", "segment", orthanc.web, study, "--out", str(tmp_path / "out")]) == 2
    assert "the study has no report" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_pacs_that_calls_itself_otherwise_is_told(orthanc):
    with pytest.raises(PacsError, match="rejects the association"):
        connect(orthanc.node.replace("TESTPACS", "OTHER")).echo()


def test_an_address_that_is_no_dicomweb_is_told(orthanc):
    with pytest.raises(PacsError, match="answered 404"):
        connect(f"http://127.0.0.1:{orthanc.http}/elsewhere").echo()


def test_the_report_is_not_among_what_is_written(orthanc, tmp_path, monkeypatch):
    bright_worker(monkeypatch)
    study = write_study(tmp_path / "in", 61)
    connect(orthanc.web).store(sorted((tmp_path / "in").iterdir()))
    assert main(["pacs", "segment", orthanc.web, study, "--no-pictures", "--out", str(tmp_path / "out")]) == 0
    for path in (tmp_path / "out").rglob("*.json"):
        assert REPORT[:20] not in path.read_text()
