"""What is planted in the headers stands nowhere in deidentified results, and in no other text at all."""

import json

import pytest

from medsegr.data.image import load_image
from medsegr.explain.figure import save_figures
from medsegr.inference.dicom.source import NO_DATE
from tests.data.dicom.series_maker import PLANTED, dataset, lopsided, write, write_series
from tests.inference.dicom.results import KINDS, overlapping, series
from tests.inference.dicom.test_segmentation import written

pydicom = pytest.importorskip("pydicom", reason='needs pip install "medsegr[dicom]"')

PRIVATE = {
    "PatientName": PLANTED, "PatientID": "ZQ-123456", "PatientBirthDate": "19110203", "StudyDate": "20110405",
    "StudyTime": "060708", "AccessionNumber": "ACC-5566", "StudyID": "STU-7788", "PatientAge": "099Y",
    "ReferringPhysicianName": "Doc^Planted", "InstitutionName": "Planted Hospital", "StudyDescription": "PLANTED-STUDY",
    "SeriesDate": "20110406", "ContentDate": "20110407", "AcquisitionDate": "20110408", "OtherPatientIDs": "OTHER-9911",
    "StationName": "PLANTED-ROOM", "DeviceSerialNumber": "SERIAL-4433", "ProtocolName": "PLANTED-PROTOCOL",
    "SeriesDescription": "PLANTED-SERIES",
}  # fmt: skip
WORDS = [str(value) for value in PRIVATE.values()] + ["Quorra", "Zyxwvut"]


def _planted(folder):
    write_series(folder, lopsided((4, 18, 29)).astype("int16"), **PRIVATE)
    return load_image(folder)


def _leaks(folder, words):
    return [(path.name, word) for path in folder.iterdir() for word in words if word.encode() in path.read_bytes()]


def test_nothing_planted_is_left(tmp_path):
    image = _planted(tmp_path / "in")
    words = [*WORDS, image.dicom.study_uid, image.dicom.series_uid, image.dicom.frame_of_reference_uid,
             *(str(header.SOPInstanceUID) for header in image.dicom.headers), "scan.dcm"]  # fmt: skip
    record = written(tmp_path / "out", overlapping(image), deidentify=True, masks=("dicom", "separate", "4d"))
    assert _leaks(tmp_path / "out", words) == []
    assert record["image"] is None
    made = pydicom.dcmread(tmp_path / "out" / "segmentation.dcm")
    assert (made.PatientIdentityRemoved, made.ContentDate, made.PatientName) == ("YES", NO_DATE, "")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_series_is_written_alike_and_without_the_patient(tmp_path, kind):
    result = overlapping(series(tmp_path / "in", kind))
    for folder in ("one", "two"):
        written(tmp_path / folder, result, deidentify=True)
        assert _leaks(tmp_path / folder, ["Quorra", "ZQ-123456", "19110203"]) == []
    for name in ("segmentation.dcm", "report.dcm", "findings.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_new_uids_hold_the_series_together(tmp_path):
    image = _planted(tmp_path / "in")
    written(tmp_path / "out", overlapping(image), deidentify=True)
    segments, report = (pydicom.dcmread(tmp_path / "out" / name) for name in ("segmentation.dcm", "report.dcm"))
    assert segments.StudyInstanceUID == report.StudyInstanceUID
    assert len(segments.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == len(image.dicom.headers)


def test_by_default_the_objects_belong_to_the_study_and_no_other_file_names_the_patient(tmp_path):
    image = _planted(tmp_path / "in")
    result = overlapping(image)
    written(tmp_path / "out", result, masks=("dicom", "separate", "4d"), label_map=True)
    save_figures(tmp_path / "out", result, "scan")
    for name in ("segmentation.dcm", "report.dcm"):
        made = pydicom.dcmread(tmp_path / "out" / name)
        for field in (
            "PatientName",
            "PatientID",
            "PatientBirthDate",
            "StudyDate",
            "AccessionNumber",
            "StudyDescription",
        ):
            assert str(made.get(field)) == PRIVATE[field]
        assert made.StudyInstanceUID == image.dicom.study_uid
        (tmp_path / "out" / name).unlink()
    assert _leaks(tmp_path / "out", WORDS) == []


def test_names_outside_of_ascii_survive(tmp_path):
    name = "Müller^Jürgen"
    made = dataset(lopsided((23, 41)).astype("uint16"), SpecificCharacterSet="ISO_IR 100")
    made.PatientName = name
    write(tmp_path / "one.dcm", made)
    written(tmp_path / "out", overlapping(load_image(tmp_path / "one.dcm")))
    for file in ("segmentation.dcm", "report.dcm"):
        assert str(pydicom.dcmread(tmp_path / "out" / file).PatientName) == name


def test_findings_json_is_valid_and_says_the_codes(tmp_path):
    record = written(tmp_path / "out", overlapping(_planted(tmp_path / "in")))
    assert json.loads((tmp_path / "out" / "findings.json").read_text()) == record
    assert record["findings"][0]["code"] == ["SCT", "27925004", "Nodule"]
    assert record["findings"][0]["category"][2] == "Morphologically Abnormal Structure"


def test_a_name_of_one_part_is_not_repeated_by_highdicom(tmp_path, recwarn, caplog):
    """It warns of every name without a caret, and says it."""
    caplog.set_level("DEBUG")
    write(tmp_path / "one.dcm", dataset(lopsided((23, 41)).astype("uint16"), PatientName="Quorra"))
    written(tmp_path / "out", overlapping(load_image(tmp_path / "one.dcm")))
    assert pydicom.dcmread(tmp_path / "out" / "report.dcm").PatientName == "Quorra"
    assert "Quorra" not in caplog.text + " ".join(str(heard.message) for heard in recwarn)
